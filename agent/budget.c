// SPDX-License-Identifier: Apache-2.0
#include "agent/budget.h"

#define ALL_OF_A_CORE 10000

static uint64_t share(uint64_t limit, unsigned int percent)
{
	return limit == UINT64_MAX ? limit : limit / 100 * percent + limit % 100 * percent / 100;
}

static enum budget_reason find_excess(const struct budget_limits *l, const struct budget_usage *u,
				      uint64_t cpu_permyriad, unsigned int percent)
{
	if (cpu_permyriad > share(l->cpu_permyriad, percent))
		return BUDGET_CPU;
	if (u->rss_bytes > share(l->rss_bytes, percent))
		return BUDGET_RSS;
	return u->map_bytes > share(l->map_bytes, percent) ? BUDGET_MAPS : BUDGET_WITHIN;
}

bool budget_judge(struct budget *b, const struct budget_limits *limits, const struct budget_usage *usage)
{
	if (usage->wall_ns == 0)
		return false;
	b->cpu_permyriad = (uint64_t)((double)usage->cpu_ns * ALL_OF_A_CORE / (double)usage->wall_ns);
	b->reason = find_excess(limits, usage, b->cpu_permyriad, 100);
	b->n_over = b->reason == BUDGET_WITHIN ? 0 : b->n_over + 1;
	b->n_under = find_excess(limits, usage, b->cpu_permyriad, BUDGET_UNDER_PERCENT) == BUDGET_WITHIN
			     ? b->n_under + 1
			     : 0;
	if (b->n_over >= BUDGET_OVER_WINDOWS && b->step + 1 < BUDGET_N_STEPS) {
		b->step++;
		b->n_steps_down++;
	} else if (b->n_under >= BUDGET_UNDER_WINDOWS && b->step > BUDGET_FULL) {
		b->step--;
		b->n_steps_up++;
	} else {
		return false;
	}
	b->n_over = b->n_under = 0;
	return true;
}

const char *budget_step_to_string(enum budget_step step)
{
	static const char *const names[BUDGET_N_STEPS] = {
		[BUDGET_FULL] = "full",
		[BUDGET_NO_DEBUG_INFO] = "no_debug_info",
		[BUDGET_LONG_WINDOWS] = "long_windows",
		[BUDGET_FEW_TICKS] = "few_ticks",
	};

	return names[step];
}

const char *budget_reason_to_string(enum budget_reason reason)
{
	static const char *const names[] = {
		[BUDGET_WITHIN] = "within",
		[BUDGET_CPU] = "cpu",
		[BUDGET_RSS] = "rss",
		[BUDGET_MAPS] = "maps",
	};

	return names[reason];
}
