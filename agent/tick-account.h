/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tick account: which ticks of one CPU were due in a window, and where those went that were not taken. Windows follow
 * each other without a gap: their sums are those of the whole time. Pure; one thread.
 *
 * Due is a matter of CLOCK_MONOTONIC alone, which drives the timer (time_enabled is another clock, and NTP slews the
 * two apart). A tick that comes by rounding before it is due is taken from the next window's. What the kernel tells of
 * idle and throttled time comes in coarser steps than ticks: what is left of it goes to the next window, a tick's worth
 * at most.
 *
 * Idle time explains first. The kernel also throttles CPUs for being idle: it allows so many events between two ticks
 * of its own, and an idle CPU has none. What is left for throttled is what was missed of code that ran.
 */
#pragma once

#include <stdint.h>

/* What a CPU's clocks say at one moment. */
struct tick_reading {
	uint64_t monotonic_ns;
	uint64_t enabled_ns; /* the event's time_enabled */
	uint64_t counted_ns; /* the event's count: time it really ran, less than enabled where throttled */
	uint64_t idle_ns;    /* idle time of the CPU since boot */
};

struct tick_account {
	uint64_t period_ns;
	struct tick_reading last;      /* all up to it is taken in */
	uint64_t phase_ns;             /* CLOCK_MONOTONIC: since then the event has run undisturbed */
	uint64_t n_phase;              /* ticks due in the phase that are taken in; one more where one came early */
	uint64_t n_due;                /* since the last close */
	int64_t idle_ns, throttled_ns; /* told by the kernel, and not put down to a tick yet */
};

struct tick_gaps {
	uint64_t n_due, n_idle_cpu, n_throttled, n_other; /* n_due = taken + the others */
};

/* The event is switched on, for the first time or again. */
void tick_account_begin(struct tick_account *a, uint64_t period_ns, const struct tick_reading *at);

/* It has run, or was just switched off. */
void tick_account_advance(struct tick_account *a, const struct tick_reading *at);

/* A window ends: n_taken ticks were taken in it, of them n_idle idle ones. */
void tick_account_close(struct tick_account *a, uint64_t n_taken, uint64_t n_idle, struct tick_gaps *ret);
