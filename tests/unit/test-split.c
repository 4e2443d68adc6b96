// SPDX-License-Identifier: Apache-2.0
/* A profile and its parts: nothing is lost, nothing is twice, and the same comes out again. */
#include "pprof/split.h"
#include "tests/unit/made-profile.h"

static const char *const service_root[] = { "service_name" };

static const char *const by_service[] = { "service_name", NULL };
static const char *const by_all[] = { "*", NULL };
static const char *const by_all_but_comm[] = { "*", "comm", NULL };

static const struct profile_part_options plain;

static void split(const struct profile *p, const struct profile_split_limits *limits, struct profile_split *ret)
{
	assert_int_equal(profile_split_init(p, limits, ret), 0);
	for (size_t i = 0; i < ret->n_parts; i++)
		assert_int_equal(ret->parts[i].number, i);
}

static int64_t part_total(const struct profile_part *part, size_t column)
{
	_cleanup_(profile_freep) struct profile *p = made_part(part, &plain, NULL);

	return made_total(p, column);
}

static void assert_totals(const struct profile *p, const struct profile_split *s)
{
	int64_t count = 0, cpu_ns = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->n_parts; i++) {
		count += part_total(&s->parts[i], COPIER_COUNT);
		cpu_ns += part_total(&s->parts[i], COPIER_CPU_NS);
		n += s->parts[i].n_samples;
	}
	assert_int_equal(count, made_total(p, COPIER_COUNT));
	assert_int_equal(cpu_ns, made_total(p, COPIER_CPU_NS));
	assert_int_equal(n, p->n_samples);
}

static void assert_series(const struct profile_part *part, const char *key, const char *value)
{
	size_t n = 0;

	for (size_t i = 0; i < part->n_series; i++)
		n += strcmp(part->series[i].key, key) == 0 && strcmp(part->series[i].str, value) == 0;
	assert_int_equal(n, 1);
	for (size_t i = 0; i < part->n_samples; i++)
		assert_string_equal(profile_find_label(part->samples[i], key)->str, value);
}

static void test_by_one_label(void **state)
{
	const struct made made = { .n_samples = 100, .n_services = 3, .depth = 5 };
	const struct profile_split_limits limits = { .series_keys = by_service };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 3);
	assert_series(&s.parts[0], "service_name", "svc-0");
	assert_series(&s.parts[1], "service_name", "svc-1");
	assert_series(&s.parts[2], "service_name", "svc-2");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(s.parts[i].n_series, 1);
		assert_int_equal(s.parts[i].index, 0);
	}
	assert_int_equal(s.parts[0].n_samples, 33);
	assert_totals(p, &s);
}

static void test_by_all_labels(void **state)
{
	const struct made made = { .n_samples = 60, .n_services = 2, .depth = 2, .label_value = "x" };
	const struct profile_split_limits all = { .series_keys = by_all },
					  but_comm = { .series_keys = by_all_but_comm };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {}, t = {};

	split(p, &all, &s);
	assert_int_equal(s.n_parts, 6); /* 2 services of 3 threads; pid is a number */
	assert_int_equal(s.parts[0].n_series, 4);
	assert_string_equal(s.parts[0].series[0].key, "comm");
	assert_string_equal(s.parts[0].series[1].key, "extra");
	assert_string_equal(s.parts[0].series[2].key, "host");
	assert_string_equal(s.parts[0].series[3].key, "service_name");
	assert_series(&s.parts[5], "comm", "worker-2");
	assert_series(&s.parts[5], "service_name", "svc-1");
	assert_totals(p, &s);

	split(p, &but_comm, &t);
	assert_int_equal(t.n_parts, 2);
	assert_int_equal(t.parts[0].n_series, 3);
	assert_totals(p, &t);
}

static void test_without_the_label(void **state)
{
	const struct made made = { .n_samples = 10, .depth = 2 };
	const struct profile_split_limits limits = { .series_keys = by_service }, none = {};
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {}, t = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 1);
	assert_int_equal(s.parts[0].n_series, 0);
	split(p, &none, &t);
	assert_int_equal(t.n_parts, 1);
	assert_int_equal(t.parts[0].n_samples, 10);
}

static void test_empty(void **state)
{
	const struct made made = {};
	const struct profile_split_limits limits = { .series_keys = by_all, .max_bytes = 1, .max_samples = 1 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 0);
}

/* Of an idle host: its time and its ledger, and no sample. */
static void test_kept_empty(void **state)
{
	const struct made none = {}, some = { .n_samples = 10, .n_services = 2, .depth = 3 };
	const struct profile_split_limits limits = { .series_keys = by_all, .max_bytes = 1, .keeps_empty = true };
	const struct profile_part_options options = {};
	_cleanup_(profile_freep) struct profile *p = made_profile(&none), *q = made_profile(&some), *read = NULL;
	_cleanup_(profile_split_done) struct profile_split s = {}, t = {}, u = {};
	_cleanup_(buf_done) struct buf raw = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 1);
	assert_int_equal(s.parts[0].n_samples + s.parts[0].n_series, 0);
	assert_int_equal(profile_part_encode(&s.parts[0], &options, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &read), 0);
	assert_int_equal(read->duration_ns, MADE_DURATION_NS);
	assert_int_equal(profile_split_halve(&s, 0), PROFILE_SPLIT_SINGLE);
	split(q, &limits, &t);
	split(q, &(struct profile_split_limits){ .series_keys = by_all, .max_bytes = 1 }, &u);
	assert_int_equal(t.n_parts, u.n_parts); /* changes nothing for others */
}

static void test_max_samples(void **state)
{
	const struct made made = { .n_samples = 40000, .n_services = 2, .depth = 3 };
	const struct profile_split_limits limits = { .series_keys = by_service, .max_samples = 16000 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(s.parts[i].n_samples, i % 2 ? 4000 : 16000);
		assert_int_equal(s.parts[i].index, i % 2);
	}
	assert_totals(p, &s);
}

static void test_max_bytes(void **state)
{
	const struct made made = { .n_samples = 3000, .n_services = 2, .depth = 60 };
	const struct profile_split_limits limits = { .series_keys = by_service, .max_bytes = 50000 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	assert_true(s.n_parts > 8);
	for (size_t i = 0; i < s.n_parts; i++) {
		size_t size;

		profile_free(made_part(&s.parts[i], &plain, &size));
		assert_true(size <= limits.max_bytes);
	}
	assert_totals(p, &s);
}

/* One sample is never cut, whatever it weighs. */
static void test_one_too_large(void **state)
{
	const struct made made = { .n_samples = 3, .depth = 200 };
	const struct profile_split_limits limits = { .max_bytes = 100 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 3);
	assert_totals(p, &s);
}

static void assert_equal_parts(const struct profile_split *a, const struct profile_split *b)
{
	assert_int_equal(a->n_parts, b->n_parts);
	for (size_t i = 0; i < a->n_parts; i++) {
		_cleanup_(buf_done) struct buf x = {}, y = {};

		assert_int_equal(a->parts[i].index, b->parts[i].index);
		assert_int_equal(profile_part_encode(&a->parts[i], &plain, &x), 0);
		assert_int_equal(profile_part_encode(&b->parts[i], &plain, &y), 0);
		assert_int_equal(x.size, y.size);
		assert_memory_equal(x.data, y.data, x.size);
	}
}

/* As after a restart: the file is read again, and what was found too large before is halved again. */
static void test_same_again(void **state)
{
	static const size_t halved[] = { 1, 1, 4, 0, 5 };
	const struct made made = { .n_samples = 500, .n_services = 4, .depth = 6, .label_value = "y" };
	const struct profile_split_limits limits = { .series_keys = by_service, .max_bytes = 20000, .max_samples = 90 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {}, t = {};
	size_t n;

	split(p, &limits, &s);
	split(q, &limits, &t);
	assert_equal_parts(&s, &t);
	n = s.n_parts;
	for (size_t i = 0; i < ARRAY_SIZE(halved); i++) {
		assert_int_equal(profile_split_halve(&s, halved[i]), 0);
		assert_int_equal(profile_split_halve(&t, halved[i]), 0);
	}
	assert_int_equal(s.n_parts, n + ARRAY_SIZE(halved));
	assert_equal_parts(&s, &t);
	assert_totals(p, &s);
}

static void test_halve(void **state)
{
	const struct made made = { .n_samples = 7, .n_services = 2, .depth = 2 };
	const struct profile_split_limits limits = { .series_keys = by_service };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 2); /* of 3 and 4 samples */
	assert_int_equal(profile_split_halve(&s, 1), 0);
	assert_int_equal(profile_split_halve(&s, 1), 0);
	assert_int_equal(profile_split_halve(&s, 1), PROFILE_SPLIT_SINGLE);
	assert_int_equal(s.n_parts, 4);
	assert_int_equal(s.parts[0].n_samples, 3);
	assert_int_equal(s.parts[1].n_samples, 1);
	assert_int_equal(s.parts[2].n_samples, 2);
	assert_int_equal(s.parts[3].n_samples, 1);
	assert_series(&s.parts[3], "service_name", "svc-1");
	assert_int_equal(s.parts[2].index, 1); /* the times of parts of one series differ by it */
	assert_int_equal(s.parts[3].index, 2);
	assert_int_equal(s.parts[3].number, 3);
	assert_totals(p, &s);
}

/* -- one part -- */

static struct profile_part whole(const struct profile *p, const struct profile_sample ***ret_samples)
{
	const struct profile_sample **samples = calloc(p->n_samples + 1, sizeof(*samples));

	assert_non_null(samples);
	for (size_t i = 0; i < p->n_samples; i++)
		samples[i] = &p->samples[i];
	*ret_samples = samples;
	return (struct profile_part){ .profile = p, .samples = samples, .n_samples = p->n_samples };
}

static void assert_folds_equal(const struct profile *a, const struct profile *b)
{
	for (size_t type = 0; type < 2; type++) {
		_cleanup_(buf_done) struct buf x = {}, y = {};

		assert_int_equal(profile_fold(a, type, service_root, 1, &x), 0);
		assert_int_equal(profile_fold(b, type, service_root, 1, &y), 0);
		assert_string_equal(x.data, y.data);
	}
}

static void test_whole_part(void **state)
{
	const struct made made = { .n_samples = 50, .n_services = 3, .depth = 8 };
	const struct profile_part_options shifted = { .shift_ns = 5 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = NULL;
	_cleanup_free_ const struct profile_sample **samples = NULL;
	const struct profile_part part = whole(p, &samples);

	q = made_part(&part, &shifted, NULL);
	assert_folds_equal(p, q);
	assert_int_equal(q->time_ns, MADE_START_NS + 5);
	assert_int_equal(q->duration_ns, MADE_DURATION_NS);
	assert_int_equal(q->period, MADE_PERIOD_NS);
	assert_int_equal(q->n_comments, 1);
	assert_string_equal(q->comments[0], "a comment");
	assert_int_equal(q->n_mappings, p->n_mappings);
	assert_string_equal(q->mappings[0].filename, p->mappings[0].filename);
	assert_string_equal(q->mappings[0].build_id, p->mappings[0].build_id);
	assert_int_equal(q->n_locations, p->n_locations);
	assert_int_equal(q->samples[7].n_locations, 7); /* of 8 frames one is inlined */
	assert_int_equal(q->samples[7].locations[1]->n_lines, 2);
	assert_int_equal(q->samples[7].n_labels, p->samples[7].n_labels);
	assert_int_equal(profile_find_label(&q->samples[7], "pid")->num, 1002);
}

/* Only what its samples need is in a part. */
static void test_only_its_own(void **state)
{
	const struct made made = { .n_samples = 50, .depth = 1 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = NULL;
	const struct profile_sample *one[] = { &p->samples[20] };
	const struct profile_part part = { .profile = p, .samples = one, .n_samples = 1 };

	q = made_part(&part, &plain, NULL);
	assert_int_equal(q->n_locations, 1);
	assert_int_equal(q->n_functions, 1);
	assert_string_equal(q->functions[0].name, "leaf_20");
}

static void test_series_labels_dropped(void **state)
{
	const struct made made = { .n_samples = 4, .n_services = 1, .depth = 1 };
	const struct profile_split_limits limits = { .series_keys = by_all_but_comm };
	const struct profile_part_options drops = { .drops_series_labels = true };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = NULL;
	_cleanup_(profile_split_done) struct profile_split s = {};

	split(p, &limits, &s);
	q = made_part(&s.parts[0], &drops, NULL);
	assert_int_equal(q->samples[0].n_labels, 2);
	assert_non_null(profile_find_label(&q->samples[0], "comm"));
	assert_non_null(profile_find_label(&q->samples[0], "pid"));
}

static void test_frames_named(void **state)
{
	const struct made made = { .n_samples = 2, .depth = 4 };
	const struct profile_part_options names = { .names_frames = true };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = NULL, *r = NULL;
	_cleanup_free_ const struct profile_sample **samples = NULL;
	const struct profile_part part = whole(p, &samples);

	q = made_part(&part, &plain, NULL);
	assert_int_equal(q->samples[0].locations[2]->n_lines, 0);
	r = made_part(&part, &names, NULL);
	assert_int_equal(r->samples[0].locations[2]->n_lines, 1);
	assert_string_equal(r->samples[0].locations[2]->lines[0].function->name, "server+0x5555");
	assert_int_equal(r->samples[0].locations[2]->address, 0x5555);
	assert_folds_equal(q, r);
	assert_int_equal(made_total(r, 0), made_total(p, 0));
}

/* What a cut makes equal adds up; the leaf stays. */
static void test_depth(void **state)
{
	const struct made made = { .n_samples = 9, .depth = 3000 };
	const struct profile_part_options cut = { .max_frames = 1000 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = NULL;
	_cleanup_free_ const struct profile_sample **samples = NULL;
	const struct profile_part part = whole(p, &samples);

	q = made_part(&part, &cut, NULL);
	assert_int_equal(q->n_samples, 9);
	for (size_t i = 0; i < 9; i++) {
		const struct profile_sample *s = &q->samples[i];

		assert_int_equal(s->n_locations, 1000);
		assert_memory_equal(s->locations[0]->lines[0].function->name, "leaf_", 5);
		assert_string_equal(s->locations[998]->lines[0].function->name, "caller_999");
		assert_string_equal(s->locations[999]->lines[0].function->name, "[truncated: target]");
		assert_null(s->locations[999]->mapping);
	}
	assert_int_equal(made_total(q, 0), made_total(p, 0));
	assert_int_equal(made_total(q, 1), made_total(p, 1));
}

static void test_depth_at_the_limit(void **state)
{
	const struct made made = { .n_samples = 1, .depth = 6 };
	const struct profile_part_options fits = { .max_frames = 5 }, root_only = { .max_frames = 1 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made), *q = NULL, *r = NULL;
	_cleanup_free_ const struct profile_sample **samples = NULL;
	const struct profile_part part = whole(p, &samples);

	q = made_part(&part, &fits, NULL); /* 6 frames are 5 locations */
	assert_folds_equal(p, q);
	r = made_part(&part, &root_only, NULL);
	assert_int_equal(r->samples[0].n_locations, 1);
	assert_string_equal(r->samples[0].locations[0]->lines[0].function->name, "[truncated: target]");
}

static void test_all_bytes(void **state)
{
	char bytes[256] = {};
	const struct made made = { .n_samples = 3, .n_services = 1, .depth = 2, .label_value = bytes };
	const struct profile_split_limits limits = { .series_keys = by_all_but_comm };
	_cleanup_(profile_freep) struct profile *p = NULL, *q = NULL;
	_cleanup_(profile_split_done) struct profile_split s = {};

	for (size_t i = 0; i < 255; i++)
		bytes[i] = (char)(i + 1);
	p = made_profile(&made);
	split(p, &limits, &s);
	assert_int_equal(s.n_parts, 1);
	q = made_part(&s.parts[0], &plain, NULL);
	assert_string_equal(profile_find_label(&q->samples[0], "extra")->str, s.parts[0].series[0].str);
}

/* Columns in another order, and values that are none of ours. */
static void test_foreign(void **state)
{
	const struct made made = { .n_samples = 1, .depth = 1 };
	static const struct profile_value_type swapped[] = { { "cpu", "nanoseconds" }, { "samples", "count" } };
	const struct profile_split_limits none = {};
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(profile_split_done) struct profile_split s = {};
	struct profile other = *p;

	other.sample_types = swapped;
	assert_int_equal(profile_split_init(&other, &none, &s), -EINVAL);
	assert_int_equal(s.n_parts, 0);
	other.sample_types = p->sample_types;
	other.n_sample_types = 1;
	assert_int_equal(profile_split_init(&other, &none, &s), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_one_label),
		cmocka_unit_test(test_by_all_labels),
		cmocka_unit_test(test_without_the_label),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_kept_empty),
		cmocka_unit_test(test_max_samples),
		cmocka_unit_test(test_max_bytes),
		cmocka_unit_test(test_one_too_large),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_halve),
		cmocka_unit_test(test_whole_part),
		cmocka_unit_test(test_only_its_own),
		cmocka_unit_test(test_series_labels_dropped),
		cmocka_unit_test(test_frames_named),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_depth_at_the_limit),
		cmocka_unit_test(test_all_bytes),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
