/* SPDX-License-Identifier: Apache-2.0 */
/* lane inside: what lane.c (requests), lane-batch.c (which batch) and lane-answer.c (what became of it) share. */
#pragma once

#include "uploader/lane.h"

void lane_fail(struct lane *l, const char *fmt, ...) _printf_(2, 3);

/* Writes the queue where it has changed. LANE_LATER: the disk does not take it; nothing may be sent meanwhile. */
enum lane_inside_answer {
	LANE_LATER = 1,
};
_must_check_ int lane_save(struct lane *l, const struct upload_clock *now);

/* Windows that the target does not take any more are behind. */
_must_check_ int lane_pass_too_old(struct lane *l, const struct upload_clock *now);

/* The batch that is next, opened if need be; NULL: there is none now. */
struct queue_batch *lane_choose(struct lane *l, const struct upload_clock *now);

/* Loads its windows as l->delivery; where there is nothing left to send it is closed instead. */
_must_check_ int lane_load(struct lane *l, struct queue_batch *b);

/* All its parts are behind, and so is it. */
_must_check_ int lane_close(struct lane *l, struct queue_batch *b);

/* The batch of the loaded delivery, which is open. */
struct queue_batch *lane_batch(struct lane *l);

/* This part is behind: the next one, in memory. */
void lane_next_part(struct lane *l, struct queue_batch *b);

/* Judges the transfer that is done, and ends it. */
_must_check_ int lane_take_answer(struct lane *l, const struct upload_clock *now);
