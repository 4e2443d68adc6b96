// SPDX-License-Identifier: Apache-2.0
/* What Pyroscope is asked, and what becomes of its answers. */
#include "report/pyroscope-query.h"

#include <string.h>

#include "common/clean.h"
#include "report/querier.pb-c.h"
#include "store/selection.h"
#include "tests/unit/cmocka-all.h"

static void match(struct selection *s, const char *text)
{
	char why[MATCHER_WHY_BYTES];

	assert_int_equal(selection_add(s, text, why), 0);
}

/* -- answers, as the server encodes them -- */

struct made_set {
	const char *labels[8]; /* name, value, name, value ... */
};

static size_t make_pairs(const struct made_set *made, Querier__LabelPair pairs[static 4],
			 Querier__LabelPair *ptrs[static 4])
{
	size_t n = 0;

	for (; n < 4 && made->labels[2 * n]; n++) {
		querier__label_pair__init(&pairs[n]);
		pairs[n].name = (char *)(uintptr_t)made->labels[2 * n];
		pairs[n].value = (char *)(uintptr_t)made->labels[2 * n + 1];
		ptrs[n] = &pairs[n];
	}
	return n;
}

static void add_set(const struct made_set *made, struct buf *ret)
{
	Querier__LabelPair pairs[4], *ptrs[4];
	Querier__Labels set = QUERIER__LABELS__INIT, *set_ptr = &set;
	Querier__SeriesResponse m = QUERIER__SERIES_RESPONSE__INIT;

	set.n_labels = make_pairs(made, pairs, ptrs);
	set.labels = ptrs;
	m.n_labels_set = 1;
	m.labels_set = &set_ptr;
	assert_int_equal(buf_reserve(ret, querier__series_response__get_packed_size(&m)), 0);
	ret->size += querier__series_response__pack(&m, (uint8_t *)ret->data + ret->size);
}

static void add_points(const struct made_set *made, const int64_t *points_ms, size_t n, struct buf *ret)
{
	Querier__LabelPair pairs[4], *ptrs[4];
	Querier__Point points[8], *point_ptrs[8];
	Querier__Series series = QUERIER__SERIES__INIT, *series_ptr = &series;
	Querier__SelectSeriesResponse m = QUERIER__SELECT_SERIES_RESPONSE__INIT;

	for (size_t i = 0; i < n; i++) {
		querier__point__init(&points[i]);
		points[i].value = 1;
		points[i].timestamp = points_ms[i];
		point_ptrs[i] = &points[i];
	}
	series.n_labels = make_pairs(made, pairs, ptrs);
	series.labels = ptrs;
	series.n_points = n;
	series.points = point_ptrs;
	m.n_series = 1;
	m.series = &series_ptr;
	assert_int_equal(buf_reserve(ret, querier__select_series_response__get_packed_size(&m)), 0);
	ret->size += querier__select_series_response__pack(&m, (uint8_t *)ret->data + ret->size);
}

static const struct made_set made[] = {
	{ { "host", "b", "service_name", "api" } },
	{ { "host", "a", "__session_id__", "1", "service_name", "api" } },
	{ { "host", "a", "service_name", "api", "__name__", "process_cpu" } }, /* the same but for what is none */
	{ { "host", "a", "comm", "a \"b\"\\c\n\xef\xbf\xbd", "0bad", "x" } },
};

static void read_made(struct pyroscope_sets *ret)
{
	_cleanup_(buf_done) struct buf b = {};

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		add_set(&made[i], &b);
	assert_int_equal(pyroscope_read_series(b.data, b.size, 4, ret), 0);
}

static void sets(void **state)
{
	_cleanup_(pyroscope_sets_done) struct pyroscope_sets s = {};

	read_made(&s);
	assert_int_equal(s.n, 3);
	assert_string_equal(pyroscope_set_host(&s.sets[0]), "a");
	assert_string_equal(pyroscope_set_host(&s.sets[1]), "a");
	assert_string_equal(pyroscope_set_host(&s.sets[2]), "b");
	assert_int_equal(s.sets[0].n, 2);
	assert_int_equal(s.sets[1].n, 2);
	read_made(&s); /* of the next day: none is new */
	assert_int_equal(s.n, 3);
}

static void too_many_sets(void **state)
{
	_cleanup_(pyroscope_sets_done) struct pyroscope_sets s = {};
	_cleanup_(buf_done) struct buf b = {};

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		add_set(&made[i], &b);
	assert_int_equal(pyroscope_read_series(b.data, b.size, 3, &s), -EFBIG);
	assert_int_equal(pyroscope_read_series("\xff\xff", 2, 3, &s), -EBADMSG);
}

static void selectors(void **state)
{
	_cleanup_(pyroscope_sets_done) struct pyroscope_sets sets = {};
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(pyroscope_add_selector(&s, false, NULL, NULL, &b), 0);
	assert_string_equal(b.data, "{}");
	match(&s, "service=x\"} or \\");
	match(&s, "host!~web-.*");
	buf_clear(&b);
	assert_int_equal(pyroscope_add_selector(&s, false, NULL, NULL, &b), 0);
	assert_string_equal(b.data, "{service_name=\"x\\\"} or \\\\\",host!~\"web-.*\"}");
	buf_clear(&b);
	assert_int_equal(pyroscope_add_selector(&s, true, NULL, NULL, &b), 0);
	assert_string_equal(b.data, "{host!~\"web-.*\"}");
	read_made(&sets);
	buf_clear(&b);
	assert_int_equal(pyroscope_add_selector(&s, true, &sets, &sets.sets[0], &b), 0);
	assert_string_equal(b.data, "{host!~\"web-.*\",comm=\"a "
				    "\\\"b\\\"\\\\c\\x0a\\xef\\xbf\\xbd\",host=\"a\",service_name=\"\"}");
}

static void times(void **state)
{
	_cleanup_(pyroscope_times_done) struct pyroscope_times t = {};
	static const struct made_set host = { { "host", "a" } };
	static const int64_t points_ms[] = { 3000, 1000, -1, INT64_MAX, 2000 };
	_cleanup_(buf_done) struct buf b = {};

	add_points(&host, points_ms, 5, &b);
	assert_int_equal(pyroscope_read_times(b.data, b.size, 4, &t), -EFBIG);
	assert_int_equal(pyroscope_read_times(b.data, b.size - 1, 5, &t), -EBADMSG);
	assert_int_equal(pyroscope_read_times(b.data, b.size, 5, &t), 0);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.hosts[0].host, "a");
	assert_int_equal(t.hosts[0].n, 3); /* two are no times */
	assert_int_equal(t.hosts[0].points_ms[0], 1000);
	assert_int_equal(t.hosts[0].points_ms[2], 3000);
}

static int64_t wall_of(const int64_t *points_ms, size_t n)
{
	int64_t ms;

	assert_int_equal(pyroscope_wall_ms(points_ms, n, 15, &ms), 0);
	return ms;
}

static void walls(void **state)
{
	static const int64_t even[] = { 100, 110, 120, 130 }, uneven[] = { 100, 120, 130, 150, 160 };
	static const int64_t gap[] = { 100, 110, 120, 1000, 1010 };

	assert_int_equal(wall_of(NULL, 0), 0);
	assert_int_equal(wall_of(even, 1), 15);
	assert_int_equal(wall_of(even, 4), 40);
	assert_int_equal(wall_of(uneven, 5), 60 + 20); /* windows of 10 in batches of 15 */
	assert_int_equal(wall_of(gap, 5), 50);
}

static void requests(void **state)
{
	static const struct pyroscope_span span = { 1000, 1999 };
	Querier__SelectMergeProfileRequest *m;
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(pyroscope_add_profile_request(PYROSCOPE_CPU_TYPE, "{a=\"b\"}", &span, &b), 0);
	m = querier__select_merge_profile_request__unpack(NULL, b.size, (uint8_t *)b.data);
	assert_non_null(m);
	assert_string_equal(m->profile_typeid, PYROSCOPE_CPU_TYPE);
	assert_string_equal(m->label_selector, "{a=\"b\"}");
	assert_int_equal(m->start, 1000);
	assert_int_equal(m->end, 1999);
	querier__select_merge_profile_request__free_unpacked(m, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets),  cmocka_unit_test(too_many_sets), cmocka_unit_test(selectors),
		cmocka_unit_test(times), cmocka_unit_test(walls),         cmocka_unit_test(requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
