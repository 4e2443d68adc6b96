/* SPDX-License-Identifier: Apache-2.0 */
/* built profile: a profile of given stacks, which the builder made and the decoder read. */
#pragma once

#include "common/buf.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

struct built_stack {
	struct frame frames[4];
	size_t n_frames;
	struct label labels[4];
	size_t n_labels;
	uint64_t count;
};

/* 1 s at 10 ns a sample; ledger: its line among the comments; NULL: none. */
static inline struct profile *built_profile(const struct built_stack *stacks, size_t n, const char *ledger)
{
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 1000000000, .period_ns = 10 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(profile_builder_new(&b), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(profile_builder_add(b, stacks[i].frames, stacks[i].n_frames, stacks[i].labels,
						     stacks[i].n_labels, stacks[i].count, stacks[i].count * 10),
				 0);
	if (ledger)
		assert_int_equal(profile_builder_add_comment(b, ledger), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}
