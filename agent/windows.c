// SPDX-License-Identifier: Apache-2.0
#include "agent/windows.h"

#include <string.h>

#include "agent/recorder.h"
#include "common/clock.h"
#include "common/log.h"
#include "store/name.h"

#define NAMING_PATIENCE_NS (5 * NS_PER_S) /* for names of files that were first met near the end of a window */
#define LOOK_AGAIN_NS (NS_PER_S / 5)

static struct last_window now_on_all_clocks(const struct windows *w)
{
	struct last_window now = {
		.end_boottime_ns = clock_now_ns(CLOCK_BOOTTIME),
		.end_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
	};

	memcpy(now.boot_id, w->boot_id, sizeof(now.boot_id));
	return now;
}

/*
 * The next multiple of the length on the wall clock. One that is very near is skipped: timers are late, and clocks
 * are set; so a window has between a half and one and a half of its length, and nearly always all of it.
 */
static void schedule(struct windows *w)
{
	uint64_t wall_ns = clock_now_ns(CLOCK_REALTIME), left_ns = w->length_ns - wall_ns % w->length_ns;

	if (left_ns < w->length_ns / 2)
		left_ns += w->length_ns;
	w->due_ns = clock_now_ns(CLOCK_MONOTONIC) + left_ns;
}

/* A window may be on disk although the agent was killed before it could note that. */
static uint64_t first_sequence(struct window_writer *writer, const struct last_window *last)
{
	struct window_writer_stats stats;

	window_writer_stats(writer, &stats);
	return last && last->sequence >= stats.next_sequence ? last->sequence + 1 : stats.next_sequence;
}

int windows_begin(struct windows *w, struct recorder *recorder, struct window_writer *writer, const char *host,
		  uint64_t length_ns, const struct last_window *last)
{
	int e;

	*w = (struct windows){ .recorder = recorder, .writer = writer, .host = host, .length_ns = length_ns };
	e = boot_id_read(w->boot_id);
	if (e < 0)
		return e;
	w->next_sequence = first_sequence(writer, last);
	if (last) {
		const struct last_window now = now_on_all_clocks(w);

		w->down_ns = down_time_ns(last, &now);
	}
	schedule(w);
	return 0;
}

void windows_set_length(struct windows *w, uint64_t length_ns, bool is_reduced)
{
	w->length_ns = length_ns;
	w->is_reduced = is_reduced;
}

static void fill_info(const struct windows *w, const struct closed_window *window, uint64_t sequence,
		      struct window_info *ret)
{
	*ret = (struct window_info){
		.tier = WINDOW_RAW,
		.first = sequence,
		.last = sequence,
		.start_ns = window->start_realtime_ns,
		.duration_ns = window->duration_ns,
		.period_ns = window->period_ns,
	};
	memcpy(ret->id, window->id, sizeof(ret->id));
	name_spell_host(w->host, ret->host);
}

/* Names the oldest closed window, and gives it away. */
static int write_oldest(struct windows *w)
{
	struct closed_window *window = w->closed[0].window;
	struct finished_window finished = { .end = w->closed[0].end };
	int r;

	fill_info(w, window, finished.end.sequence, &finished.info);
	r = recorder_encode(w->recorder, window, &finished.profile, &finished.info.ledger, &finished.labels);
	if (r == 0) {
		w->last = finished.info.ledger;
		w->last_end_realtime_ns = finished.end.end_realtime_ns;
		if (window_writer_add(w->writer, &finished) == WINDOW_WRITER_BUSY)
			log_warning("a window is lost: the disk does not keep up with what is written to it");
	}
	finished_window_done(&finished);
	recorder_drop_window(w->recorder, window);
	w->n_closed--;
	memmove(w->closed, w->closed + 1, w->n_closed * sizeof(*w->closed));
	return r;
}

static int close_open(struct windows *w)
{
	struct closed_window *window;
	int e = 0;

	if (w->n_closed == WINDOWS_MAX_CLOSED)
		e = write_oldest(w);
	if (e == 0)
		e = recorder_close_window(w->recorder, &window);
	if (e != 0)
		return e;
	window->ledger.down_ns = w->down_ns;
	window->ledger.reduced_windows = w->is_reduced;
	w->told_reduced += w->is_reduced;
	w->told_down_ns += w->down_ns;
	w->down_ns = 0;
	w->closed[w->n_closed].window = window;
	w->closed[w->n_closed].closed_ns = clock_now_ns(CLOCK_MONOTONIC);
	w->closed[w->n_closed].end = w->end = now_on_all_clocks(w);
	w->closed[w->n_closed].end.sequence = w->next_sequence++;
	w->n_closed++;
	return 0;
}

int windows_dispatch(struct windows *w, uint64_t now_ns)
{
	bool is_due = now_ns >= w->due_ns || (w->due_ns != UINT64_MAX && recorder_has_clock_jumped(w->recorder));
	int e = 0;

	if (is_due) {
		e = close_open(w);
		schedule(w);
	}
	while (e == 0 && w->n_closed &&
	       (recorder_is_named(w->recorder, w->closed[0].window) ||
		now_ns >= w->closed[0].closed_ns + NAMING_PATIENCE_NS))
		e = write_oldest(w);
	return e < 0 ? e : is_due;
}

uint64_t windows_due_ns(const struct windows *w)
{
	uint64_t look_ns = w->n_closed ? clock_now_ns(CLOCK_MONOTONIC) + LOOK_AGAIN_NS : UINT64_MAX;

	return look_ns < w->due_ns ? look_ns : w->due_ns;
}

int windows_close(struct windows *w)
{
	w->due_ns = UINT64_MAX;
	return close_open(w);
}

int windows_write_all(struct windows *w)
{
	int e = 0;

	while (e == 0 && w->n_closed) {
		window_writer_wait_for_room(w->writer);
		e = write_oldest(w);
	}
	return e;
}

int windows_resume(struct windows *w)
{
	const struct last_window now = now_on_all_clocks(w);
	struct closed_window *empty;
	int e;

	e = recorder_close_window(w->recorder, &empty);
	if (e < 0)
		return e;
	recorder_drop_window(w->recorder, empty);
	w->down_ns = down_time_ns(&w->end, &now);
	schedule(w);
	return 0;
}
