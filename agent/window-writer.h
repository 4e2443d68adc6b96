/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window writer: the thread that puts windows into the store, so that a slow disk never delays sampling.
 * Windows are written in the order in which they are handed in. Bounded: of what a disk cannot keep up with, the
 * newest is refused, and counted. What failed is counted too, with the last reason.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/down-time.h"
#include "common/buf.h"
#include "common/clean.h"
#include "pprof/label-values.h"
#include "store/store.h"

#define WINDOW_WRITER_MAX_WAITING 4

struct window_writer_config {
	int state_fd;         /* borrowed for the writer's life: its last window, and the store */
	uint64_t limit_bytes; /* on disk */
};

struct window_writer;

_must_check_ int window_writer_new(const struct window_writer_config *config, struct window_writer **ret);
/* NULL is fine; returns NULL. What is waiting is written first. */
struct window_writer *window_writer_free(struct window_writer *w);
DEFINE_CLEANUP(struct window_writer *, window_writer_free);

struct finished_window {
	struct window_info info;
	struct last_window end; /* with the same sequence */
	struct label_values labels;
	struct buf profile; /* uncompressed */
};
void finished_window_done(struct finished_window *window);

/* Takes what the window owns (it is empty then). WINDOW_WRITER_BUSY: refused and counted; it stays the caller's. */
enum window_writer_answer {
	WINDOW_WRITER_BUSY = 1,
};
_must_check_ int window_writer_add(struct window_writer *w, struct finished_window *window);

/* Waits until one can be added. */
void window_writer_wait_for_room(struct window_writer *w);

/* Waits until all is written. Nothing can be added afterwards. */
void window_writer_finish(struct window_writer *w);

struct window_writer_stats {
	uint64_t n_written, n_written_bytes, n_raw_bytes;
	uint64_t n_refused, n_failed; /* windows that are lost: the disk was too slow; it could not be written */
	int last_error;               /* -errno of the last failure; 0: the last one was written */
	struct store_counts store;
	uint64_t next_sequence; /* greater than that of any window that was in the store */
	size_t n_waiting;
	int64_t last_end_realtime_ns; /* of the window that was written last; 0: none yet */
};
void window_writer_stats(struct window_writer *w, struct window_writer_stats *ret);

/* Readable when something became of a window since the last call of window_writer_stats(). */
int window_writer_fd(const struct window_writer *w);
