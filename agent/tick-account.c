// SPDX-License-Identifier: Apache-2.0
#include "agent/tick-account.h"

void tick_account_begin(struct tick_account *a, uint64_t period_ns, const struct tick_reading *at)
{
	a->period_ns = period_ns;
	a->last = *at;
	a->phase_ns = at->monotonic_ns;
	a->n_phase = 0;
}

void tick_account_advance(struct tick_account *a, const struct tick_reading *at)
{
	uint64_t n = (at->monotonic_ns - a->phase_ns) / a->period_ns;

	if (n > a->n_phase) {
		a->n_due += n - a->n_phase;
		a->n_phase = n;
	}
	a->idle_ns += (int64_t)(at->idle_ns - a->last.idle_ns);
	a->throttled_ns += (int64_t)((at->enabled_ns - a->last.enabled_ns) - (at->counted_ns - a->last.counted_ns));
	a->last = *at;
}

/* As many of the missing ticks as the time explains. */
static uint64_t explain(int64_t ns, uint64_t period_ns, uint64_t missing)
{
	uint64_t n = ns > 0 ? (uint64_t)ns / period_ns : 0;

	return n < missing ? n : missing;
}

static int64_t left_over(int64_t ns, uint64_t period_ns)
{
	int64_t most = (int64_t)period_ns;

	return ns > most ? most : ns < -most ? -most : ns;
}

void tick_account_close(struct tick_account *a, uint64_t n_taken, uint64_t n_idle, struct tick_gaps *ret)
{
	uint64_t missing;

	if (a->n_due < n_taken) {
		a->n_phase += n_taken - a->n_due;
		a->n_due = n_taken;
	}
	missing = a->n_due - n_taken;
	ret->n_due = a->n_due;
	a->idle_ns -= (int64_t)(n_idle * a->period_ns);
	ret->n_idle_cpu = explain(a->idle_ns, a->period_ns, missing);
	missing -= ret->n_idle_cpu;
	ret->n_throttled = explain(a->throttled_ns, a->period_ns, missing);
	ret->n_other = missing - ret->n_throttled;
	a->throttled_ns = left_over(a->throttled_ns - (int64_t)(ret->n_throttled * a->period_ns), a->period_ns);
	a->idle_ns = left_over(a->idle_ns - (int64_t)(ret->n_idle_cpu * a->period_ns), a->period_ns);
	a->n_due = 0;
}
