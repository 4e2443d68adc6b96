/* SPDX-License-Identifier: Apache-2.0 */
/* made profile: a profile of any size, which the builder made and the decoder read; and its totals. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "pprof/build.h"
#include "pprof/copier.h"
#include "pprof/part.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

#define MADE_START_NS 1700000000000000000
#define MADE_DURATION_NS 10000000000
#define MADE_PERIOD_NS 10000000

struct made {
	size_t n_samples;
	size_t n_services;       /* the i-th sample is of service (i + 1) % n_services; 0: without that label */
	size_t depth;            /* frames of each stack; 0 is one, too: stacks without frames */
	const char *label_value; /* of the label "extra"; NULL: there is none */
};

/* A leaf of its own for each sample, below it the same callers for all: inlined, named, and one that is not. */
static inline void made_frames(struct frame *frames, size_t depth, const char *leaf)
{
	static const struct profile_mapping program = {
		.start = 0x1000, .limit = 0x900000, .file_offset = 0x1000, .filename = "/app/server", .build_id = "aa11"
	};
	static const struct profile_mapping kernel = { .start = 0xffffffff81000000,
						       .limit = 0xffffffff82000000,
						       .filename = "[kernel.kallsyms]" };
	static char names[4096][32];

	for (size_t i = 0; i < depth; i++) {
		snprintf(names[i], sizeof(names[i]), "caller_%zu", i);
		frames[i] = (struct frame){ .addr = 0x1000 + i * 16, .mapping = &program, .function = names[i] };
	}
	if (depth > 0)
		frames[0].function = leaf;
	if (depth > 2)
		frames[1] = (struct frame){ .addr = 0x1020, .mapping = &program, .function = "in", .inlined = true };
	if (depth > 3)
		frames[3] = (struct frame){ .addr = 0x5555, .mapping = &program };
	if (depth > 4)
		frames[4] = (struct frame){ .addr = 0xffffffff81000010, .mapping = &kernel, .function = "sys" };
}

static inline void made_add(struct profile_builder *b, const struct made *m, size_t i)
{
	struct frame *frames = calloc(m->depth + 1, sizeof(*frames));
	char leaf[32], service[32], comm[32];
	struct label labels[6] = { { .key = "comm", .str = comm },
				   { .key = "host", .str = "h1" },
				   { .key = "pid", .num = (int64_t)(1000 + i % 5) } };
	size_t n = 3;

	assert_non_null(frames);
	snprintf(leaf, sizeof(leaf), "leaf_%zu", i);
	snprintf(service, sizeof(service), "svc-%zu", m->n_services ? (i + 1) % m->n_services : 0);
	snprintf(comm, sizeof(comm), "worker-%zu", i % 3);
	made_frames(frames, m->depth, leaf);
	if (m->depth > 0)
		frames[0].addr = 0x10000 + i;
	if (m->n_services)
		labels[n++] = (struct label){ .key = "service_name", .str = service };
	if (m->label_value)
		labels[n++] = (struct label){ .key = "extra", .str = m->label_value };
	assert_int_equal(profile_builder_add(b, frames, m->depth, labels, n, i % 7 + 1, (i % 7 + 1) * MADE_PERIOD_NS),
			 0);
	free(frames);
}

static inline struct profile *made_profile(const struct made *m)
{
	const struct profile_meta meta = { .time_ns = MADE_START_NS,
					   .duration_ns = MADE_DURATION_NS,
					   .period_ns = MADE_PERIOD_NS };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(profile_builder_new(&b), 0);
	for (size_t i = 0; i < m->n_samples; i++)
		made_add(b, m, i);
	assert_int_equal(profile_builder_add_comment(b, "a comment"), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}

static inline int64_t made_total(const struct profile *p, size_t column)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		sum += p->samples[i].values[column];
	return sum;
}

/* What profile_part_encode() wrote, read again. */
static inline struct profile *made_part(const struct profile_part *part, const struct profile_part_options *options,
					size_t *ret_size)
{
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(profile_part_encode(part, options, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	if (ret_size)
		*ret_size = raw.size;
	return p;
}
