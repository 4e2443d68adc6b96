/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder: samples this machine for as long as it is wanted, window after window without a gap. The wiring of
 * everything: sampler and sideband in, processes and binaries beside, closed windows out. One thread, driven by its
 * caller: poll recorder_fd() for at most recorder_timeout_ms(), then call recorder_dispatch(). What has gone is
 * forgotten when no window and no tap can name it any more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/closed-window.h"
#include "agent/recorder-stats.h"
#include "agent/tap.h"
#include "bpf/abi.h"
#include "common/buf.h"
#include "common/clean.h"
#include "pprof/ledger.h"

struct config;
struct label_values;
struct recorder;

#define RECORDER_NICE (-5) /* of its thread, where that is allowed */

struct recorder_config {
	uint64_t period_ns;
	enum filter_kind filter;
	bool follow; /* FILTER_PROCESS: children of the listed processes too, those they have and those to come */
	const char *cache_dir;         /* of index files; NULL: none is kept */
	const char *const *debug_dirs; /* with debug info, beside the usual ones; borrowed */
	size_t n_debug_dirs;
	const char *const *debuginfod_urls; /* of servers with debug info, which needs cache_dir; borrowed */
	size_t n_debuginfod_urls;
	uint64_t debuginfod_cache_bytes; /* of what they gave */
	unsigned int unwind_table_mb;    /* memory for rows and mappings that the walker goes by, in MiB */
	size_t stacks_limit_bytes;       /* folded stacks in memory; beyond, samples are lost as window_full */
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

/* Ends sampling and takes in what is left; the open window is there to be closed, as the last one. */
_must_check_ int recorder_stop(struct recorder *r);

/*
 * Ends the open window and begins the next with the same tick on each CPU. *ret stays the recorder's: give it back
 * with recorder_drop_window(), or it is freed with the recorder. After recorder_stop() there is one last window.
 */
_must_check_ int recorder_close_window(struct recorder *r, struct closed_window **ret);
void recorder_drop_window(struct recorder *r, struct closed_window *w); /* NULL is fine */

/*
 * Since the open window began the machine slept or its clock was set, by a second or more: what comes now is not of the
 * time that the window would tell. Close it.
 */
bool recorder_has_clock_jumped(const struct recorder *r);

/*
 * Nothing that the window's stacks point to is still being read, but perhaps for debug info. Keep dispatching until
 * then, while patience lasts: what is not read by then is written with module and offset.
 */
bool recorder_is_named(const struct recorder *r, const struct closed_window *w);

/* Files whose names or debug info are still being read, and those of the second kind. */
size_t recorder_n_unnamed(const struct recorder *r);
size_t recorder_n_debug_unread(const struct recorder *r);

/*
 * Names everything in the window and appends its profile, uncompressed. Sampling goes on meanwhile. ret_labels: those
 * that occur in it; NULL: nobody wants them.
 */
_must_check_ int recorder_encode(struct recorder *r, struct closed_window *w, struct buf *ret,
				 struct ledger *ret_ledger, struct label_values *ret_labels);

/* With the next window: no window has ticks of two periods. */
void recorder_set_period(struct recorder *r, uint64_t period_ns);

/*
 * What samples are named, labelled and left out by, from now on: [labels], [workload], [filter], [service], [relabel].
 * Borrowed until the next call; NULL, and at first: defaults. To leave something out takes FILTER_EXCEPT.
 */
_must_check_ int recorder_configure(struct recorder *r, const struct config *config);

/*
 * Whether debug info (inlined calls and lines) is read of binaries that are sampled from now on. It is, at first. The
 * kernel's own is read in any case, once.
 */
void recorder_set_debug_info(struct recorder *r, bool is_read);

/*
 * Nothing ticks and nothing is done until it resumes; what is known stays known, and the window stays open. The pause
 * is in no window's due ticks. What happened meanwhile is then read from /proc.
 */
_must_check_ int recorder_pause(struct recorder *r);
_must_check_ int recorder_resume(struct recorder *r);

/* Samples from now on, until it is encoded. -EBUSY: TAPS_MAX are open. Not while paused or stopped: -ENODATA. */
_must_check_ int recorder_tap_open(struct recorder *r, const struct tap_config *config, struct tap **ret);
/* Appends the profile of what came since the tap was opened, uncompressed. It goes on until it is freed. */
_must_check_ int recorder_tap_encode(struct recorder *r, struct tap *tap, struct buf *ret);
/* The same, and begins anew where that ends: no sample is in two of them, or in none, but for those that it had no room
 * for. Only while sampling: else -ENODATA. */
_must_check_ int recorder_tap_next(struct recorder *r, struct tap *tap, struct buf *ret, uint64_t *ret_left_out);
void recorder_tap_free(struct recorder *r, struct tap *tap); /* NULL is fine */

_must_check_ int recorder_stats(struct recorder *r, struct recorder_stats *ret);

size_t recorder_n_cpus(const struct recorder *r); /* that are sampled */
/* Samples that were taken and lost, since the start. */
_must_check_ int recorder_n_lost(const struct recorder *r, uint64_t *ret);

struct recorder_progress {
	uint64_t n_samples; /* taken in so far, or waiting in the buffers */
	uint64_t n_lost;
	uint64_t n_processes;
	uint64_t n_follow_failed; /* children that could not be followed: too many at once */
};
void recorder_progress(struct recorder *r, struct recorder_progress *ret);
