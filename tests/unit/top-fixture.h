/* SPDX-License-Identifier: Apache-2.0 */
/* top fixture: an interval of `top` made of built profiles: a second of 10 ns a sample. */
#pragma once

#include "cli/live-source.h"
#include "cli/top-interval.h"
#include "report/activity.h"
#include "store/selection.h"
#include "tests/unit/built-profile.h"

static const struct profile_mapping top_server = { .start = 0x1000, .limit = 0x9000, .filename = "/app/server" };
static const struct profile_mapping top_kernel = { .start = 0x1000, .limit = 0x9000, .filename = "[kernel.kallsyms]" };

/* A sample without callers. function NULL: it has no name. */
static inline struct built_stack top_stack(const char *service, int64_t pid, const char *comm, const char *function,
					   bool is_kernel, uint64_t count)
{
	return (struct built_stack){
		.frames = { { .addr = 0x1010,
			      .mapping = is_kernel ? &top_kernel : &top_server,
			      .function = function } },
		.n_frames = 1,
		.labels = { { .key = "service_name", .str = service },
			    { .key = "pid", .num = pid },
			    { .key = "comm", .str = comm } },
		.n_labels = 3,
		.count = count,
	};
}

/* Of one span; ends with top_interval_done(). */
static inline struct top_interval top_made(const struct built_stack *stacks, size_t n, const char *matcher)
{
	_cleanup_(live_span_done) struct live_span span = { .n_cpus = 2, .n_lost = 3 };
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	char why[MATCHER_WHY_BYTES];
	struct top_interval i;

	span.profile = built_profile(stacks, n, NULL);
	if (matcher)
		assert_int_equal(selection_add(&s, matcher, why), 0);
	assert_int_equal(top_interval_init(&i, "service,pid,function", false), 0);
	assert_int_equal(top_interval_add(&i, &span, &s), 0);
	assert_int_equal(top_interval_finish(&i), 0);
	return i;
}
