// SPDX-License-Identifier: Apache-2.0
#include "report/wall-time.h"

#include <stdlib.h>

struct span {
	int64_t start_ns, end_ns;
};

void wall_time_done(struct wall_time *w)
{
	buf_done(&w->spans);
}

int wall_time_add(struct wall_time *w, int64_t start_ns, uint64_t duration_ns)
{
	struct span span = { .start_ns = start_ns };

	if (__builtin_add_overflow(start_ns, duration_ns, &span.end_ns))
		span.end_ns = INT64_MAX;
	return buf_add(&w->spans, &span, sizeof(span));
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

struct wall_span wall_time_sum(struct wall_time *w)
{
	struct span *spans = (struct span *)(void *)w->spans.data;
	size_t n = w->spans.size / sizeof(*spans);
	struct wall_span sum = {};

	if (n == 0)
		return sum;
	qsort(spans, n, sizeof(*spans), by_start);
	sum.start_ns = sum.end_ns = spans[0].start_ns;
	for (size_t i = 0; i < n; i++) {
		int64_t start_ns = spans[i].start_ns > sum.end_ns ? spans[i].start_ns : sum.end_ns;

		if (spans[i].end_ns <= start_ns)
			continue;
		sum.covered_ns += (uint64_t)spans[i].end_ns - (uint64_t)start_ns;
		sum.end_ns = spans[i].end_ns;
	}
	return sum;
}
