/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows: closes the recorder's windows when they are due, waits for names that are still being read, and hands the
 * finished profiles to the writer. Ends of windows lie on multiples of their length on the wall clock, so those of all
 * hosts match; the sampling itself knows no gap between them. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/closed-window.h"
#include "agent/down-time.h"
#include "agent/window-writer.h"
#include "common/clean.h"
#include "pprof/ledger.h"

struct recorder;

#define WINDOWS_MAX_CLOSED 8 /* that wait for names; the oldest is written with what is known then */

struct windows {
	struct recorder *recorder; /* borrowed, as is the writer */
	struct window_writer *writer;
	const char *host; /* borrowed: whose windows they are */
	char boot_id[BOOT_ID_SIZE];
	uint64_t length_ns;
	bool is_reduced;        /* a budget takes detail from the open window */
	uint64_t next_sequence; /* of the next to be closed; a number that is missing is a window that was lost */
	uint64_t down_ns;       /* that the next window to be closed tells of */
	uint64_t told_down_ns;  /* that windows have told of */
	uint64_t told_reduced;  /* windows, likewise */
	uint64_t due_ns;        /* CLOCK_MONOTONIC, when the open window ends; UINT64_MAX: none is open */
	struct last_window end; /* of the window that was closed last */

	struct {
		struct closed_window *window;
		uint64_t closed_ns; /* CLOCK_MONOTONIC */
		struct last_window end;
	} closed[WINDOWS_MAX_CLOSED];
	size_t n_closed;

	struct ledger last; /* of the window that was written last */
	int64_t last_end_realtime_ns;
};

/* Sampling has begun. `last`: the window before, of an earlier agent; NULL: there was none. */
_must_check_ int windows_begin(struct windows *w, struct recorder *recorder, struct window_writer *writer,
			       const char *host, uint64_t length_ns, const struct last_window *last);

/* From the next window on. is_reduced: to keep within a budget; the ledger tells of it. */
void windows_set_length(struct windows *w, uint64_t length_ns, bool is_reduced);

/*
 * Closes what is due, writes what has its names. Returns how many windows were closed.
 * -errno is the recorder's; windows that cannot be written are the writer's to count.
 */
_must_check_ int windows_dispatch(struct windows *w, uint64_t now_ns);
uint64_t windows_due_ns(const struct windows *w); /* CLOCK_MONOTONIC; UINT64_MAX: nothing is */

/* Closes the open window now; before a pause, or after recorder_stop(). */
_must_check_ int windows_close(struct windows *w);

/* Hands over what is closed, with the names that are known. Waits for the writer: none is refused. */
_must_check_ int windows_write_all(struct windows *w);

/* After a pause: the empty window that lay in it is dropped; the pause is told of as down time. */
_must_check_ int windows_resume(struct windows *w);
