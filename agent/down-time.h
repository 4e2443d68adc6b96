/* SPDX-License-Identifier: Apache-2.0 */
/*
 * down time: when the last window that was written ended, kept in the state dir, so that the first ledger after any
 * start tells for how long nobody sampled. Within one boot it is CLOCK_BOOTTIME's, which no step of the wall clock
 * disturbs; across boots the wall clock is all there is.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

#define BOOT_ID_SIZE 37 /* with the NUL: random/boot_id */

struct last_window {
	char boot_id[BOOT_ID_SIZE];
	uint64_t end_boottime_ns;
	int64_t end_realtime_ns;
	uint64_t sequence; /* of the window; the next one's is greater, also after a restart */
};

/* /proc/sys/kernel/random/boot_id */
_must_check_ int boot_id_read(char ret[static BOOT_ID_SIZE]);

/* LAST_WINDOW_NONE: there is none, or what is there is damaged. */
enum last_window_answer {
	LAST_WINDOW_NONE = 1,
};
_must_check_ int last_window_read(int state_fd, struct last_window *ret);
_must_check_ int last_window_write(int state_fd, const struct last_window *w);

/* From then to `now`, the beginning of a window (its sequence is not looked at). 0 where a clock went back. */
uint64_t down_time_ns(const struct last_window *last, const struct last_window *now);
