/* SPDX-License-Identifier: Apache-2.0 */
/* record-options: what `cpuhound record` was asked for. Strings are borrowed from argv. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/output.h"
#include "common/clean.h"

#define RECORD_MAX_HZ 10000
#define RECORD_MAX_OUTPUTS 8
#define RECORD_MAX_PIDS 1024
#define RECORD_MAX_DEBUG_DIRS 8

struct record_options {
	uint64_t hz, duration_ns; /* duration 0: until the command ends */
	bool all, follow;
	pid_t pids[RECORD_MAX_PIDS];
	size_t n_pids;
	const char *container, *cgroup, *cache_dir;
	const char *debug_dirs[RECORD_MAX_DEBUG_DIRS];
	size_t n_debug_dirs;
	char **command;
	struct output outputs[RECORD_MAX_OUTPUTS];
	size_t n_outputs;
	char default_name[280]; /* without a suffix: of what is recorded */
	char default_paths[2][300];
};

/* EXIT_OK, or the exit code of what was printed; *ret_done: the help was asked for. */
_must_check_ int record_options_parse(struct record_options *o, int argc, char **argv, bool *ret_done);
