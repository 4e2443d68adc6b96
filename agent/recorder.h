/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder: one recording of this machine, from the first tick to an encoded profile. The wiring of everything:
 * sampler and sideband in, processes and binaries beside, folded stacks out. One thread, driven by its caller:
 * poll recorder_fd() for at most recorder_timeout_ms(), then call recorder_dispatch().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/abi.h"
#include "common/buf.h"
#include "common/clean.h"
#include "pprof/ledger.h"

struct recorder;

struct recorder_config {
	uint64_t period_ns;
	enum filter_kind filter;
	bool follow; /* FILTER_PROCESS: children of the listed processes too, those they have and those to come */
	const char *cache_dir;         /* of index files; NULL: none is kept */
	const char *const *debug_dirs; /* with debug info, beside the usual ones; borrowed */
	size_t n_debug_dirs;
	unsigned int unwind_table_mb; /* memory for rows and mappings that the walker goes by, in MiB */
	size_t stacks_limit_bytes;    /* folded stacks in memory; beyond, samples are lost as window_full */
};

_must_check_ int recorder_new(const struct recorder_config *config, struct recorder **ret);
struct recorder *recorder_free(struct recorder *r); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct recorder *, recorder_free);

/* What is sampled, before recorder_start(); as config.filter says. */
enum recorder_answer {
	RECORDER_NOT_FOUND = 1,
	RECORDER_AMBIGUOUS,
};
_must_check_ int recorder_filter_process(struct recorder *r, pid_t pid);
_must_check_ int recorder_filter_container(struct recorder *r, const char *id_prefix);
_must_check_ int recorder_filter_cgroup(struct recorder *r, const char *path);

_must_check_ int recorder_start(struct recorder *r);
int recorder_fd(const struct recorder *r);
int recorder_timeout_ms(const struct recorder *r);
_must_check_ int recorder_dispatch(struct recorder *r);

/* Ends sampling and takes in what is left. */
_must_check_ int recorder_stop(struct recorder *r);

/*
 * After the stop: files whose names or debug info are still being read, and those of the second kind. Keep dispatching
 * while it is not 0 and patience lasts.
 */
size_t recorder_n_unnamed(const struct recorder *r);
size_t recorder_n_debug_unread(const struct recorder *r);

/* After the stop: names everything and appends the profile, uncompressed. */
_must_check_ int recorder_encode(struct recorder *r, struct buf *ret, struct ledger *ret_ledger);

struct recorder_progress {
	uint64_t n_samples; /* taken in so far, or waiting in the buffers */
	uint64_t n_lost;
	uint64_t n_processes;
	uint64_t n_follow_failed; /* children that could not be followed: too many at once */
};
void recorder_progress(struct recorder *r, struct recorder_progress *ret);
