// SPDX-License-Identifier: Apache-2.0
/* Profiles become one: what adds up, what is one binary, whose ledgers, and how small stacks fold. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pprof/build.h"
#include "pprof/ledger.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

static const char *const service_root[] = { "service_name" };

#define CPU_NS 10000000 /* of one sample */

static const struct profile_mapping app = { .start = 0x1000, .limit = 0x5000, .filename = "/app", .build_id = "aa" };

struct line {
	const char *function, *service; /* the leaf below main(), and a label; NULL: none */
	uint64_t count;
};

static void add_line(struct profile_builder *b, const struct profile_mapping *mapping, const struct line *l)
{
	const struct frame frames[] = {
		{ .addr = 0x1000 + (uint64_t)l->function[0], .mapping = mapping, .function = l->function, .line = 3 },
		{ .addr = 0x1500, .mapping = mapping, .function = "inner", .line = 7, .inlined = true },
		{ .addr = 0x1500, .mapping = mapping, .function = "main", .file = "main.c", .line = 8 },
	};
	const struct label label = { .key = "service_name", .str = l->service };

	assert_int_equal(profile_builder_add(b, frames, ARRAY_SIZE(frames), &label, l->service != NULL, l->count,
					     l->count * CPU_NS),
			 0);
}

static struct profile *decoded(struct profile_builder *b, const struct profile_meta *meta)
{
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(profile_builder_encode(b, meta, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}

struct window {
	struct profile_meta meta;
	const struct profile_mapping *mapping; /* NULL: app */
	struct line lines[4];
	const char *comments[4];
};

static struct profile *made(const struct window *w)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;

	assert_int_equal(profile_builder_new(&b), 0);
	for (size_t i = 0; i < ARRAY_SIZE(w->lines) && w->lines[i].function; i++)
		add_line(b, w->mapping ? w->mapping : &app, &w->lines[i]);
	for (size_t i = 0; i < ARRAY_SIZE(w->comments) && w->comments[i]; i++)
		assert_int_equal(profile_builder_add_comment(b, w->comments[i]), 0);
	return decoded(b, &w->meta);
}

static struct profile *encoded(struct merge *m, const struct merge_options *options)
{
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(merge_encode(m, options, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}

static struct profile *merged(const struct window *windows, size_t n, const struct merge_options *options)
{
	_cleanup_(merge_freep) struct merge *m = NULL;

	assert_int_equal(merge_new(&m), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_(profile_freep) struct profile *p = made(&windows[i]);

		assert_int_equal(merge_add(m, p), 0);
	}
	return encoded(m, options);
}

static void assert_folded(const struct profile *p, const char *expected)
{
	_cleanup_(buf_done) struct buf text = {};

	assert_int_equal(profile_fold(p, 0, service_root, 1, &text), 0);
	assert_string_equal(text.data ? text.data : "", expected);
	for (size_t i = 0; i < p->n_samples; i++)
		assert_int_equal(p->samples[i].values[1], p->samples[i].values[0] * CPU_NS);
}

static void test_adds_up(void **state)
{
	static const struct window windows[] = {
		{ .lines = { { "read", "api", 3 }, { "read", "db", 4 }, { "write", NULL, 5 } } },
		{ .lines = { { "read", "api", 10 }, { "write", "api", 20 } } },
	};
	_cleanup_(profile_freep) struct profile *p = merged(windows, 2, &(struct merge_options){ .id = "m" });

	assert_folded(p, "(none);main;inner;write 5\n"
			 "api;main;inner;read 13\n"
			 "api;main;inner;write 20\n"
			 "db;main;inner;read 4\n");
	assert_int_equal(p->n_samples, 4);
	assert_int_equal(p->n_locations, 3);
	assert_int_equal(p->n_functions, 4);
	assert_int_equal(p->n_comments, 0); /* none had a ledger */
	assert_int_equal(p->locations[1].lines[1].line, 8);
	assert_string_equal(p->locations[1].lines[1].function->filename, "main.c");
	assert_int_equal(p->locations[1].address, 0x1500);
}

static void test_nothing(void **state)
{
	static const struct window windows[] = { { .meta = { .time_ns = 7 } }, { .meta = { .time_ns = 9 } } };
	_cleanup_(profile_freep) struct profile *p = merged(windows, 2, &(struct merge_options){ .id = "m" });

	assert_int_equal(p->n_samples, 0);
	assert_int_equal(p->n_mappings, 0);
	assert_int_equal(p->time_ns, 7);
}

/* A zero time is none; the second one began first. */
static void test_times(void **state)
{
	static const struct window windows[] = {
		{ .meta = { .time_ns = 5000, .duration_ns = 100, .period_ns = 10 } },
		{ .meta = { .time_ns = 3000, .duration_ns = 30, .period_ns = 40 } },
		{ .meta = { .time_ns = 0, .duration_ns = 4, .period_ns = 20 } },
	};
	_cleanup_(profile_freep) struct profile *p = merged(windows, 3, &(struct merge_options){ .id = "m" });

	assert_int_equal(p->time_ns, 3000);
	assert_int_equal(p->duration_ns, 134);
	assert_int_equal(p->period, 40);
}

static void test_binaries(void **state)
{
	static const struct profile_mapping elsewhere = {
		.start = 0x1000, .limit = 0x5000, .filename = "/in/a/container", .build_id = "aa"
	};
	static const struct profile_mapping moved = {
		.start = 0x1000, .limit = 0x6000, .filename = "/app", .build_id = "aa"
	};
	static const struct profile_mapping no_id = { .start = 0x1000, .limit = 0x5000, .filename = "/app" };
	static const struct profile_mapping no_id_other = { .start = 0x1000, .limit = 0x5000, .filename = "/b" };
	static const struct window windows[] = {
		{ .lines = { { "read", "api", 1 } } },
		{ .mapping = &elsewhere, .lines = { { "read", "api", 2 } } },
		{ .mapping = &moved, .lines = { { "read", "api", 4 } } },
		{ .mapping = &no_id, .lines = { { "read", "api", 8 } } },
		{ .mapping = &no_id_other, .lines = { { "read", "api", 16 } } },
	};
	_cleanup_(profile_freep) struct profile *p = merged(windows, 5, &(struct merge_options){ .id = "m" });

	assert_int_equal(p->n_mappings, 4);
	assert_string_equal(p->mappings[0].filename, "/app");
	assert_int_equal(p->n_samples, 4);
	assert_int_equal(p->samples[0].values[0], 3);
	assert_folded(p, "api;main;inner;read 31\n");
}

/* The main program is that of the first profile which has one, not the mapping that came first. */
static void test_main_program(void **state)
{
	static const struct profile_mapping library = { .start = 0, .limit = 0x100, .filename = "/lib" };
	static const struct window second = { .lines = { { "read", "api", 1 } } };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(merge_freep) struct merge *m = NULL;
	_cleanup_(profile_freep) struct profile *first = NULL, *other = made(&second), *p = NULL;
	_cleanup_(profile_freep) struct profile *empty = made(&(struct window){});

	assert_int_equal(profile_builder_new(&b), 0);
	add_line(b, &library, &(struct line){ "poll", "api", 1 });
	assert_int_equal(profile_builder_set_main(b, &app), 0);
	first = decoded(b, &(struct profile_meta){});
	assert_string_equal(first->mappings[0].filename, "/app");
	assert_int_equal(merge_new(&m), 0);
	assert_int_equal(merge_add(m, empty), 0);
	assert_int_equal(merge_add(m, first), 0);
	assert_int_equal(merge_add(m, other), 0);
	p = encoded(m, &(struct merge_options){ .id = "m", .fold_below_ppm = 1 });
	assert_string_equal(p->mappings[0].filename, "/app");
}

#define LEDGER_ONE                                                                                                     \
	"ledger w1 due=10 taken=6 idle=1 filtered=0 in_profile=4 idle_cpu=3 throttled=1 other=0 lost.log_full=1 "      \
	"truncated.depth=2 frames.named=9 frames.module_only=1 frames.unreadable=0 windows=1 reduced_windows=0 "       \
	"down_ns=5"
#define LEDGER_TWO                                                                                                     \
	"ledger w2 due=100 taken=60 idle=10 filtered=5 in_profile=40 idle_cpu=30 throttled=7 other=3 lost.aborted=2 "  \
	"lost.log_full=3 frames.named=90 frames.module_only=0 frames.unreadable=2 windows=3 reduced_windows=1 "        \
	"down_ns=0"

static void test_comments(void **state)
{
	static const struct window windows[] = {
		{ .comments = { "host a", LEDGER_ONE, "merged 1 of before" } },
		{ .comments = { LEDGER_TWO, "unreadable: /x: y", "host a", "ledger w3 due=1" } },
	};
	_cleanup_(profile_freep) struct profile *p =
		merged(windows, 2, &(struct merge_options){ .id = "m1", .stands_for = "1 4-7" });

	assert_int_equal(p->n_comments, 5);
	assert_string_equal(p->comments[0], "host a");
	assert_string_equal(p->comments[1], "unreadable: /x: y");
	assert_string_equal(p->comments[2], "ledger w3 due=1"); /* damaged: in no sum */
	assert_string_equal(p->comments[3],
			    "ledger m1 due=110 taken=66 idle=11 filtered=5 in_profile=44 idle_cpu=33 throttled=8 "
			    "other=3 lost.aborted=2 lost.log_full=4 truncated.depth=2 frames.named=99 "
			    "frames.module_only=1 frames.unreadable=2 windows=4 reduced_windows=1 down_ns=5");
	assert_string_equal(p->comments[4], "merged 1 4-7");
}

static void test_many_comments(void **state)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(profile_freep) struct profile *p = NULL, *out = NULL;
	_cleanup_(merge_freep) struct merge *m = NULL;
	char text[32];

	assert_int_equal(profile_builder_new(&b), 0);
	for (int i = 0; i < MERGE_MAX_COMMENTS + 3; i++) {
		snprintf(text, sizeof(text), "comment %d", i);
		assert_int_equal(profile_builder_add_comment(b, text), 0);
	}
	p = decoded(b, &(struct profile_meta){});
	assert_int_equal(merge_new(&m), 0);
	assert_int_equal(merge_add(m, p), 0);
	out = encoded(m, &(struct merge_options){ .id = "m" });
	assert_int_equal(out->n_comments, MERGE_MAX_COMMENTS + 1);
	assert_string_equal(out->comments[MERGE_MAX_COMMENTS - 1], "comment 255");
	assert_string_equal(out->comments[MERGE_MAX_COMMENTS], "3 more comments");
}

/* 1 % of 1,000: "a" has 10 in all, over two services, and stays; "b" and "c" have 9 and 1. */
static void test_folds(void **state)
{
	static const struct window windows[] = {
		{ .lines = { { "a", "api", 5 }, { "a", "db", 5 }, { "b", "api", 9 }, { "big", "db", 500 } } },
		{ .lines = { { "big", "db", 480 }, { "c", "db", 1 } } },
	};
	const struct merge_options options = { .id = "m", .fold_below_ppm = 10000 };
	_cleanup_(profile_freep) struct profile *p = merged(windows, 2, &options);

	assert_folded(p, "api;(other) 9\n"
			 "api;main;inner;a 5\n"
			 "db;(other) 1\n"
			 "db;main;inner;a 5\n"
			 "db;main;inner;big 980\n");
	assert_int_equal(p->n_functions, 5); /* nothing is left of what folded */
}

/* What was folded before is a stack like others: it never unfolds, and its labels keep their totals. */
static void test_folds_again(void **state)
{
	static const struct window windows[] = { { .lines = { { "a", "api", 5 }, { "big", "db", 995 } } } };
	const struct merge_options options = { .id = "m", .fold_below_ppm = 10000 };
	_cleanup_(profile_freep) struct profile *once = merged(windows, 1, &options), *twice = NULL;
	_cleanup_(merge_freep) struct merge *m = NULL;

	assert_int_equal(merge_new(&m), 0);
	assert_int_equal(merge_add(m, once), 0);
	assert_int_equal(merge_add(m, once), 0);
	twice = encoded(m, &options);
	assert_folded(twice, "api;(other) 10\ndb;main;inner;big 1990\n");
}

/* Each is ours but for one thing. Nothing of it is in the merge afterwards. */
static void test_foreign(void **state)
{
	static const struct profile_value_type wall[] = { { "samples", "count" }, { "wall", "nanoseconds" } };
	static const struct profile_value_type turned[] = { { "cpu", "nanoseconds" }, { "samples", "count" } };
	static const struct window window = { .meta = { .time_ns = 5 }, .lines = { { "a", "api", 5 } } };
	static const int64_t below_zero[] = { 1, -1 };
	static const struct profile_function early = { "f", "f", "", -1 };
	static const struct profile_line far = { NULL, (int64_t)UINT32_MAX + 1 };
	static const struct profile_sample negative = { .values = below_zero };
	static const struct profile_location locations[] = { { .is_folded = true }, { .lines = &far, .n_lines = 1 } };
	_cleanup_(profile_freep) struct profile *ours = made(&window), *out = NULL;
	_cleanup_(merge_freep) struct merge *m = NULL;
	struct profile foreign[8];

	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		foreign[i] = *ours;
	foreign[0].sample_types = wall;
	foreign[1].sample_types = turned;
	foreign[2].n_sample_types = 1;
	foreign[3].period_type = wall[1];
	foreign[4].samples = &negative;
	foreign[5].functions = &early;
	foreign[5].n_functions = 1;
	foreign[6].locations = &locations[0];
	foreign[7].locations = &locations[1];
	foreign[6].n_locations = foreign[7].n_locations = 1;

	assert_int_equal(merge_new(&m), 0);
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		assert_int_equal(merge_add(m, &foreign[i]), MERGE_FOREIGN);
	assert_int_equal(merge_add(m, ours), 0);
	out = encoded(m, &(struct merge_options){ .id = "m" });
	assert_folded(out, "api;main;inner;a 5\n");
}

static void test_too_much(void **state)
{
	static const struct window long_one = { .meta = { .duration_ns = INT64_MAX } };
	_cleanup_(profile_freep) struct profile *p = made(&long_one);
	_cleanup_(merge_freep) struct merge *m = NULL;

	assert_int_equal(merge_new(&m), 0);
	assert_int_equal(merge_add(m, p), 0);
	assert_int_equal(merge_add(m, p), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adds_up),       cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_times),         cmocka_unit_test(test_binaries),
		cmocka_unit_test(test_main_program),  cmocka_unit_test(test_comments),
		cmocka_unit_test(test_many_comments), cmocka_unit_test(test_folds),
		cmocka_unit_test(test_folds_again),   cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
