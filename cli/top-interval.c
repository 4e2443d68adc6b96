// SPDX-License-Identifier: Apache-2.0
#include "cli/top-interval.h"

#include <inttypes.h>

#include "cli/live-source.h"
#include "common/buf.h"
#include "common/clock.h"
#include "pprof/profile.h"
#include "report/activity.h"
#include "store/selection.h"

int top_interval_init(struct top_interval *i, const char *by, bool is_own)
{
	*i = (struct top_interval){ .is_own = is_own };
	return activity_new(by, &i->activity);
}

void top_interval_done(struct top_interval *i)
{
	i->activity = activity_free(i->activity);
}

int top_interval_add(struct top_interval *i, struct live_span *span, const struct selection *s)
{
	struct profile *p = span->profile;
	int r = selection_keep_samples(s, p);

	if (r == 0)
		r = activity_add(i->activity, p);
	if (r != 0)
		return r;
	if (i->n_spans++ == 0)
		i->start_realtime_ns = p->time_ns;
	i->duration_ns += p->duration_ns > 0 ? (uint64_t)p->duration_ns : 0;
	i->period_ns = p->period > 0 ? (uint64_t)p->period : 0;
	i->n_cpus = span->n_cpus;
	i->n_lost += span->n_lost;
	i->n_missed += span->n_missed;
	i->n_given_up = 0;
	for (size_t k = 0; k < s->n_matchers; k++)
		i->n_given_up += matcher_n_given_up(s->matchers[k]);
	return 0;
}

int top_interval_finish(struct top_interval *i)
{
	return activity_finish(i->activity);
}

double top_interval_cores(const struct top_interval *i, int64_t cpu_ns)
{
	return i->duration_ns ? (double)cpu_ns / (double)i->duration_ns : 0;
}

int top_interval_add_quality(const struct top_interval *i, struct buf *ret)
{
	const struct activity_row *sum = activity_sum(i->activity);
	int r = buf_printf(ret, "%" PRId64 " samples at %.0f Hz from %s, %" PRIu64 " lost", sum->n_samples,
			   i->period_ns ? (double)NS_PER_S / (double)i->period_ns : 0,
			   i->is_own ? "an own sampler" : "the agent", i->n_lost);

	if (r == 0)
		r = buf_printf(ret, ", %" PRId64 " unnamed (%.1f %%)", sum->n_unnamed,
			       sum->n_samples ? 100 * (double)sum->n_unnamed / (double)sum->n_samples : 0);
	if (r == 0 && i->n_missed)
		r = buf_printf(ret, ", %" PRIu64 " s missed", i->n_missed);
	if (r == 0 && i->n_given_up)
		r = buf_printf(ret, ", %" PRIu64 " labels too long to match", i->n_given_up);
	return r;
}
