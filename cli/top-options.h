/* SPDX-License-Identifier: Apache-2.0 */
/* top-options: what `cpuhound top` was asked for. Strings are borrowed from argv. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"
#include "cli/selection-options.h"
#include "common/clean.h"

#define TOP_DEFAULT_BY "service,pid,function"
#define TOP_DEFAULT_HZ 99

struct top_options {
	const char *by;       /* the levels of the tree */
	uint64_t hz;          /* of an own sampler; 0: the agent's samples, where one runs */
	uint64_t interval_ns; /* whole seconds */
	size_t depth;         /* levels that are shown; 0: not said */
	size_t max_rows;      /* below each row of a table; 0: not said */
	bool once, json;
	const char *run_dir; /* NULL: the configuration's */
	const char *cache_dir;
	struct selection_options selection; /* its matchers */
};
void top_options_done(struct top_options *o);

/*
 * Ends with top_options_done() in any case. EXIT_OK, or the exit code of what was printed; *ret_is_done: there is
 * nothing left to do.
 */
enum exit_code top_options_parse(struct top_options *o, int argc, char **argv, bool *ret_is_done);
