/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start guard: keeps an agent that brings itself or its machine down from doing so for ever. Each start is noted in the
 * state dir before the first tick; a clean stop clears the notes. What remains are ends that nobody asked for: of the
 * agent (same boot), or of the machine while it was sampled (another boot).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/down-time.h"
#include "common/clean.h"
#include "common/clock.h"

#define START_GUARD_CRASHES 5
#define START_GUARD_CRASHES_NS (600 * NS_PER_S) /* so many within this time: then so long without sampling */
#define START_GUARD_BOOTS 3
#define START_GUARD_BOOTS_NS (86400 * NS_PER_S) /* so many: until somebody removes the notes */
#define START_GUARD_MAX_NOTES 16

struct start_note {
	char boot_id[BOOT_ID_SIZE];
	int64_t realtime_ns;
};

enum start_verdict {
	START_GO,
	START_CRASH_LOOP, /* the agent did not end cleanly START_GUARD_CRASHES times: it waits */
	START_BOOT_LOOP,  /* the machine went down while it was sampled START_GUARD_BOOTS times: it stays idle */
};

/* notes: of starts without a clean stop, oldest first, without the start that is judged. Pure. */
enum start_verdict start_guard_judge(const struct start_note *notes, size_t n, const struct start_note *now);

/* Judges this start and notes it, durably. A file that is damaged counts as none. */
_must_check_ int start_guard_begin(int state_fd, const struct start_note *now, enum start_verdict *ret);

/* A clean stop. */
_must_check_ int start_guard_end(int state_fd);
