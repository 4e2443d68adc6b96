// SPDX-License-Identifier: Apache-2.0
/*
 * Answers of a store of known windows: 10 s each, with 3 samples of 30303030 ns in all of a service; and what is no
 * answer.
 */
#include "report/answer.h"

#include <string.h>

#include "common/json.h"
#include "report/fetch.h"
#include "report/flame.h"
#include "report/question.h"
#include "tests/unit/store-fixture.h"

static const struct fetch_settings settings;
static char why[ANSWER_WHY_BYTES];
static struct store *store;

static int set_up(void **state)
{
	struct store *writer;
	struct window_info info;

	if (state_set_up(state) < 0)
		return -1;
	writer = open_store(STORE_WRITE);
	put_windows(writer, 0, 5);
	for (uint64_t i = 6; i < 12; i++) {
		const struct made m = {
			.first = i, .start_ns = BASE_NS + (int64_t)i * WINDOW_NS, .services = "api,db", .host = "h"
		};

		assert_int_equal(put(writer, &m, &info), 0);
	}
	store_free(writer);
	store = open_store(STORE_READ);
	return 0;
}

static int tear_down(void **state)
{
	store = store_free(store);
	return state_tear_down(state);
}

/* "key=value&key=value", two minutes after the first window. */
static struct question question(enum question_kind kind, const char *query)
{
	char text[512], *rest = text, *argument;
	struct question q;
	const char *reason;

	question_init(&q, kind, BASE_NS + 12 * WINDOW_NS);
	snprintf(text, sizeof(text), "%s", query);
	while ((argument = strsep(&rest, "&")) && *argument) {
		char *value = strchr(argument, '=');

		*value++ = 0;
		assert_int_equal(question_set(&q, argument, value, strlen(value), &reason), 0);
	}
	if (question_finish(&q, &reason) != 0)
		fail_msg("%s: %s", query, reason);
	assert_true(question_is_valid(&q));
	return q;
}

static int add_page(const struct flame *f, struct buf *ret)
{
	return buf_printf(ret, "<title>%s", f->title);
}

static int ask(enum question_kind kind, const char *query, struct buf *ret)
{
	const struct answer_place place = { .store = store, .add_page = add_page };
	struct question q = question(kind, query);

	why[0] = 0;
	return answer_make(&place, &q, ret, why);
}

static struct json_object *answer(enum question_kind kind, const char *query)
{
	_cleanup_(buf_done) struct buf body = {};
	struct json_object *top = NULL;

	if (ask(kind, query, &body) != 0)
		fail_msg("%s: %s", query, why);
	assert_int_equal(json_parse(body.data, body.size, &top), 0);
	assert_int_equal(json_find_number(top, "schema_version"), 1);
	return top;
}

static struct json_object *item(struct json_object *top, const char *path, size_t i)
{
	struct json_object *array = json_find(top, path);

	assert_true(json_object_is_type(array, json_type_array));
	return json_object_array_get_idx(array, i);
}

static void assert_refused(enum question_kind kind, const char *query, int result, const char *reason)
{
	_cleanup_(buf_done) struct buf body = {};

	assert_int_equal(ask(kind, query, &body), result);
	if (!strstr(why, reason))
		fail_msg("%s: %s", query, why);
}

static void test_hogs(void **state)
{
	_cleanup_(json_putp) struct json_object *top = answer(QUESTION_HOGS, "since=2m"), *none = NULL;
	struct json_object *first = item(top, "groups", 0);

	assert_string_equal(json_find_string(first, "key.service"), "api");
	assert_int_equal(json_find_number(first, "self.n_samples"), 36);
	assert_int_equal(json_find_number(item(top, "groups", 1), "self.n_samples"), 18);
	assert_int_equal(json_find_number(top, "recorded.n_windows"), 12);
	assert_int_equal(json_find_number(top, "recorded.start_ns"), BASE_NS);
	none = answer(QUESTION_HOGS, "since=2m&match=service=nobody");
	assert_int_equal(json_object_array_length(json_find(none, "groups")), 0);
	assert_int_equal(json_find_number(none, "recorded.n_windows"), 12);
}

/* What stacks must go through: all of them do through main, and none is in a library. */
static void test_filters(void **state)
{
	static const struct {
		const char *query;
		uint64_t n_samples;
	} all[] = {
		{ "since=2m&function=main", 54 },    { "since=2m&function=mai", 0 },
		{ "since=2m&library=libz.so.1", 0 }, { "since=2m&stack=^ma", 54 },
		{ "since=2m&stack=^ai", 0 },         { "since=2m&domain=user", 54 },
		{ "since=2m&domain=kernel", 0 },     { "since=2m&match=service=db", 18 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_(json_putp) struct json_object *top = answer(QUESTION_HOGS, all[i].query);

		assert_int_equal(json_find_number(top, "sum.self.n_samples"), all[i].n_samples);
	}
}

/* A minute earlier there is no db, and half of the windows. */
static void test_hogs_before(void **state)
{
	_cleanup_(json_putp) struct json_object *top = answer(QUESTION_HOGS, "since=1m&vs=1m&n=1");
	struct json_object *first = item(top, "groups", 0);

	assert_int_equal(json_object_array_length(json_find(top, "groups")), 1);
	assert_int_equal(json_find_number(top, "recorded_before.n_windows"), 6);
	assert_int_equal(json_find_number(first, "self_before.n_samples"), 18);
	assert_int_equal(json_find_number(top, "rest.n_groups"), 1);
}

/* A time without windows is an answer, of each kind. */
static void test_empty(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *query, *n_windows;
	} all[] = {
		{ QUESTION_HOGS, "since_ns=1&until_ns=2", "recorded.n_windows" },
		{ QUESTION_HOGS, "since_ns=3000000001&until_ns=3000000002&vs=1s", "recorded_before.n_windows" },
		{ QUESTION_DIFF, "since_ns=3&until_ns=4&before_since_ns=1&before_until_ns=2",
		  "before.recorded.n_windows" },
		{ QUESTION_DIFF, "since_ns=3&until_ns=4&before_since_ns=1&before_until_ns=2&normalize=total",
		  "after.recorded.n_windows" },
		{ QUESTION_DIFF, "since=2m&before_since_ns=1&before_until_ns=2", "before.recorded.n_windows" },
		{ QUESTION_DIFF, "since=2m&before_since_ns=1&before_until_ns=2&normalize=total&by=service",
		  "before.recorded.n_windows" },
		{ QUESTION_FLAME, "since_ns=1&until_ns=2", "n_beyond.stacks" },
		{ QUESTION_FLAME, "since_ns=1&until_ns=2&normalize=time", "n_beyond.stacks" },
		{ QUESTION_FLAME, "since=2m&before_since_ns=1&before_until_ns=2", "n_beyond.stacks" },
		{ QUESTION_TIMELINE, "since_ns=1&until_ns=2", "recorded.n_windows" },
		{ QUESTION_LABELS, "since_ns=1&until_ns=2", "n_more" },
		{ QUESTION_LABELS, "since_ns=1&until_ns=2&key=service", "n_more" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_(json_putp) struct json_object *top = answer(all[i].kind, all[i].query);

		assert_non_null(json_find(top, all[i].n_windows));
		assert_int_equal(json_find_number(top, all[i].n_windows), 0);
	}
	assert_refused(QUESTION_EXPORT, "since_ns=1&until_ns=2", ANSWER_NOTHING, "no samples");
	assert_refused(QUESTION_EXPORT, "since=2m&match=service=nobody", ANSWER_NOTHING, "no samples");
}

static void test_diff(void **state)
{
	_cleanup_(json_putp) struct json_object *top = answer(QUESTION_DIFF, "since=1m&vs=1m&by=service");
	struct json_object *row = item(top, "rows", 0);

	assert_string_equal(json_find_string(top, "normalize"), "time");
	assert_int_equal(json_find_number(top, "after.n_samples"), 36);
	assert_int_equal(json_find_number(top, "before.n_samples"), 18);
	assert_int_equal(json_find_number(top, "before.recorded.n_windows"), 6);
	assert_string_equal(json_find_string(top, "before.name"), "2026-11-29T01:40:00Z..2026-11-29T01:41:00Z");
	assert_string_equal(json_find_string(row, "name"), "db");
	assert_int_equal(json_find_number(row, "self.before"), 0);
	/* six times 30303030 ns in 60 s, as ns of a second */
	assert_int_equal(json_find_number(row, "self.after"), 3030303);
}

static void test_flame(void **state)
{
	_cleanup_(json_putp) struct json_object *top = answer(QUESTION_FLAME, "since=2m&by=service&match=service=db"),
						*two = NULL, *cores = NULL;

	assert_string_equal(json_find_string(top, "title"), "2026-11-29T01:40:00Z..2026-11-29T01:42:00Z,service=db");
	assert_string_equal(json_object_get_string(item(top, "by", 0)), "service_name");
	assert_string_equal(json_object_get_string(item(top, "functions", 1)), "service_name: db");
	assert_int_equal(json_object_get_int64(json_object_array_get_idx(item(top, "samples", 0), 1)), 18);
	assert_int_equal(json_find_number(item(top, "columns", 0), "wall_ns"), 120 * NS_PER_S);
	cores = answer(QUESTION_FLAME, "since=2m&match=service=db&normalize=time");
	assert_int_equal(json_object_get_int64(json_object_array_get_idx(item(cores, "values", 0), 0)), 1515152);
	assert_int_equal(json_find_number(item(cores, "columns", 0), "wall_ns"), NS_PER_S);
	two = answer(QUESTION_FLAME, "since=1m&vs=1m&normalize=none");
	assert_int_equal(json_object_array_length(json_find(two, "columns")), 2);
	assert_int_equal(json_object_get_int64(json_object_array_get_idx(item(two, "samples", 0), 0)), 18);
	assert_int_equal(json_object_get_int64(json_object_array_get_idx(item(two, "samples", 1), 0)), 36);
}

static void test_timeline(void **state)
{
	_cleanup_(json_putp) struct json_object *top = answer(QUESTION_TIMELINE, "since=2m&points=2"), *all = NULL;
	struct json_object *db = item(top, "groups", 1);

	assert_int_equal(json_find_number(top, "step_ns"), 60 * NS_PER_S);
	assert_int_equal(json_find_number(top, "start_ns"), BASE_NS);
	assert_string_equal(json_object_get_string(item(db, "name", 0)), "db");
	assert_true(json_object_get_double(item(db, "cores", 0)) == 0);
	assert_string_equal(json_object_to_json_string(item(db, "cores", 1)), "0.0030303");
	assert_int_equal(json_find_number(top, "recorded.n_windows"), 12);
	assert_int_equal(json_object_get_int64(item(top, "coarsest_ns", 0)), 10 * NS_PER_S);
	all = answer(QUESTION_TIMELINE, "since_ns=0&until=0"); /* from the first window on */
	assert_int_equal(json_find_number(all, "start_ns"), BASE_NS);
}

/* Where there are few of them, minutes are read rather than their hour. */
static void test_fine_timeline(void **state)
{
	const int64_t hour_ns = BASE_NS - 2400 * (int64_t)NS_PER_S; /* 01:00 */
	const struct made all[] = {
		{ .tier = WINDOW_HOUR, .first = 100, .last = 111, .start_ns = hour_ns, .n_windows = 12 },
		{ .tier = WINDOW_MINUTE, .first = 100, .last = 105, .start_ns = hour_ns, .n_windows = 6 },
		{ .tier = WINDOW_MINUTE,
		  .first = 106,
		  .last = 111,
		  .start_ns = hour_ns + 6 * WINDOW_NS,
		  .n_windows = 6,
		  .services = "api,db" },
	};
	struct store *writer = open_store(STORE_WRITE);
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct window_info info;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(put(writer, &all[i], &info), 0);
	store_free(writer);
	top = answer(QUESTION_TIMELINE, "since=2026-11-29T01:00:00Z&until=2026-11-29T02:00:00Z&points=60");
	assert_int_equal(json_object_get_int64(item(top, "coarsest_ns", 0)), 60 * NS_PER_S);
	assert_true(json_object_get_double(item(item(top, "groups", 1), "cores", 0)) == 0);
	assert_true(json_object_get_double(item(item(top, "groups", 1), "cores", 1)) > 0);
}

/* Of many only those of one hour: else its one window is spread evenly. */
static void test_coarse_timeline(void **state)
{
	const int64_t hour_ns = BASE_NS - 6000 * (int64_t)NS_PER_S; /* 00:00 */
	struct store *writer = open_store(STORE_WRITE);
	_cleanup_(json_putp) struct json_object *one = NULL, *two = NULL;
	uint64_t sequence = 1000;
	struct window_info info;
	char host[16];

	for (int i = 0; i < 13; i++) {
		struct made m = { .first = sequence, .last = sequence + 55, .host = host, .start_ns = hour_ns };

		snprintf(host, sizeof(host), "h%d", i);
		m.tier = WINDOW_HOUR;
		m.n_windows = 56;
		assert_int_equal(put(writer, &m, &info), 0);
		m.tier = WINDOW_MINUTE;
		m.n_windows = 1;
		for (int minute = 0; minute < 56; minute++, sequence++) {
			m.first = m.last = sequence;
			m.start_ns = hour_ns + minute * 60 * (int64_t)NS_PER_S;
			assert_int_equal(put(writer, &m, &info), 0);
		}
	}
	store_free(writer);
	one = answer(QUESTION_TIMELINE, "since=2026-11-29T00:00:00Z&until=2026-11-29T01:00:00Z&points=60");
	assert_int_equal(json_object_get_int64(item(one, "coarsest_ns", 0)), 60 * NS_PER_S);
	two = answer(QUESTION_TIMELINE, "since=2026-11-29T00:00:00Z&until=2026-11-29T01:00:01Z&points=61");
	assert_int_equal(json_object_get_int64(item(two, "coarsest_ns", 55)), 56 * 60 * NS_PER_S);
	assert_int_equal(json_object_get_int64(item(two, "n_hosts", 55)), 13);
	assert_int_equal(json_object_get_int64(item(two, "n_hosts", 56)), 0); /* its last minute tells of that */
}

static void test_labels(void **state)
{
	_cleanup_(json_putp) struct json_object *names = answer(QUESTION_LABELS, "since=2m"), *values = NULL;

	assert_string_equal(json_find_string(item(names, "labels", 1), "name"), "service_name");
	assert_int_equal(json_find_number(item(names, "labels", 1), "n_values"), 2);
	values = answer(QUESTION_LABELS, "since=2m&key=service&n=1");
	assert_string_equal(json_find_string(values, "key"), "service_name");
	assert_string_equal(json_find_string(item(values, "values", 0), "value"), "api");
	assert_int_equal(json_find_number(item(values, "values", 0), "n"), 12);
	assert_int_equal(json_find_number(values, "n_more"), 1);
}

static void test_export(void **state)
{
	static const struct {
		const char *query, *text;
	} all[] = {
		{ "since=2m&format=pprof", "\x1f\x8b" },
		{ "since=2m&format=folded&by=service", "api;main 36\n" },
		{ "since=2m&format=folded&normalize=total&by=service", "api;main 666666667\n" },
		{ "since=2m&format=speedscope", "{\"$schema\"" },
		{ "since=2m&format=svg", "<" },
		{ "since=2m&format=html", "<title>2026-11-29T01:40:00Z..2026-11-29T01:42:00Z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_(buf_done) struct buf body = {};

		if (ask(QUESTION_EXPORT, all[i].query, &body) != 0)
			fail_msg("%s: %s", all[i].query, why);
		if (strncmp(body.data, all[i].text, strlen(all[i].text)) != 0)
			fail_msg("%s: %.60s", all[i].query, body.data);
	}
}

/* Mistakes of who asks, in one printable line. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *query, *why;
	} all[] = {
		{ "match=nobody", "match 'nobody': no matcher" },
		{ "match=a=~(", "match 'a=~(': " },
		{ "stack=(", "stack '(': " },
		{ "stack=\xe2\x80\xae(", "stack '" },
	};
	char query[512] = "since=1m";

	for (enum question_kind kind = QUESTION_HOGS; kind <= QUESTION_EXPORT; kind++)
		for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
			snprintf(query, sizeof(query), "%s%s", kind == QUESTION_DIFF ? "vs=1m&" : "", all[i].query);
			assert_refused(kind, query, ANSWER_BAD_QUESTION, all[i].why);
			assert_null(strchr(why, '\n'));
		}
	strcpy(query, "match=a=b");
	for (size_t i = 0; i < SELECTION_MAX_MATCHERS; i++)
		strcat(query, "&match=a=b");
	assert_refused(QUESTION_HOGS, query, ANSWER_BAD_QUESTION, "more than 16 matchers");
}

/* A window with a stack for each of n functions, whose names are as long as they may be, or nearly empty. */
static void put_many(struct store *s, uint64_t number, uint32_t n, size_t n_name_bytes)
{
	const struct profile_meta meta = { .time_ns = BASE_NS, .duration_ns = WINDOW_NS, .period_ns = 10101010 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {}, line = {};
	struct window_info info = { .first = number,
				    .last = number,
				    .start_ns = BASE_NS,
				    .duration_ns = WINDOW_NS,
				    .period_ns = 10101010,
				    .host = "h" };
	char name[PROFILE_MAX_NAME_BYTES + 1];

	assert_int_equal(profile_builder_new(&b), 0);
	for (uint32_t i = 0; i < n; i++) {
		const struct frame frames[] = { { .function = name }, { .function = "<script>alert(1)</script>" } };
		const struct label label = { .key = "service_name", .str = i % 2 ? "\xe2\x80\xae\"<b>&" : "a\tb" };
		int size = snprintf(name, sizeof(name), "%u_%u_", (unsigned int)number, i);

		memset(name + size, 'x', sizeof(name) - (size_t)size);
		name[n_name_bytes] = 0;
		assert_int_equal(profile_builder_add(b, frames, 2, &label, 1, 1 + i % 7, (1 + i % 7) * 1000), 0);
	}
	snprintf(info.id, sizeof(info.id), "%032lx", (unsigned long)number);
	info.ledger = (struct ledger){ .windows = 1, .due = n, .taken = n, .in_profile = n };
	assert_int_equal(ledger_format(&info.ledger, info.id, &line), 0);
	assert_int_equal(profile_builder_add_comment(b, line.data), 0);
	assert_int_equal(profile_builder_label_values(b, &labels), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(store_write(s, &info, &labels, &raw), 0);
}

static int set_up_many(void **state)
{
	struct store *writer;

	if (state_set_up(state) < 0)
		return -1;
	writer = open_store(STORE_WRITE);
	put_many(writer, 0, 100000, 16);
	for (uint64_t i = 1; i < 7; i++)
		put_many(writer, i, 3500, PROFILE_MAX_NAME_BYTES);
	store_free(writer);
	store = open_store(STORE_READ);
	return 0;
}

static void assert_nothing_lost(const struct buf *body)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	size_t n;
	int64_t sum = 0;

	assert_int_equal(json_parse(body->data, body->size, &top), 0);
	n = json_object_array_length(json_find(top, "depths"));
	assert_in_range(n, 1000, 220000);
	assert_in_range(json_find_number(top, "n_beyond.stacks"), 1000, 1000000);
	for (size_t i = 0; i < n; i++)
		sum += json_object_get_int64(json_object_array_get_idx(item(top, "samples", 0), i));
	assert_int_equal(sum, 400000 - 5 + 6 * (3500 * 4)); /* 1 to 7 over and over */
}

/* 10^5 functions, and 80 MB of names: bounded, and what is left out is told of. */
static void test_many(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *query;
	} all[] = {
		{ QUESTION_HOGS, "since=2m&by=function&n=1000" },
		{ QUESTION_HOGS, "since=2m&by=service&vs=1m" },
		{ QUESTION_DIFF, "since=2m&before_since=1m&n=1000" },
		{ QUESTION_FLAME, "since=2m&by=service" },
		{ QUESTION_TIMELINE, "since=2m&by=function&points=400" },
		{ QUESTION_LABELS, "since=2m&key=service" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_(buf_done) struct buf body = {};

		assert_int_equal(ask(all[i].kind, all[i].query, &body), 0);
		assert_in_range(body.size, 100, ANSWER_MAX_BYTES);
		if (all[i].kind == QUESTION_FLAME)
			assert_nothing_lost(&body);
	}
}

static int set_up_long(void **state)
{
	struct store *writer;

	if (state_set_up(state) < 0)
		return -1;
	writer = open_store(STORE_WRITE);
	put_many(writer, 0, 4, PROFILE_MAX_NAME_BYTES);
	store_free(writer);
	store = open_store(STORE_READ);
	return 0;
}

/* An expression that takes too many steps is no match, and each answer counts it. */
static void test_given_up(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *query, *count;
	} all[] = {
		{ QUESTION_HOGS, "since=2m&stack=(x+x+)+[yz]", "beyond_limits.expressions" },
		{ QUESTION_DIFF, "since=2m&vs=1s&stack=(x+x+)+[yz]", "n_given_up" },
		{ QUESTION_FLAME, "since=2m&stack=(x+x+)+[yz]", "n_beyond.expressions" },
		{ QUESTION_FLAME, "since=2m&vs=1s&stack=(x+x+)+[yz]", "n_beyond.expressions" },
		{ QUESTION_TIMELINE, "since=2m&stack=(x+x+)+[yz]", "beyond_limits.expressions" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_(json_putp) struct json_object *top = answer(all[i].kind, all[i].query);

		assert_in_range(json_find_number(top, all[i].count), 4, 8);
	}
}

/* Nobody listens there. */
static void test_servers(void **state)
{
	static const char *const urls[] = { "http://127.0.0.1:1", "clickhouse+http://127.0.0.1:1/x",
					    "pyroscope+http://127.0.0.1:1" };

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		for (enum question_kind kind = QUESTION_HOGS; kind <= QUESTION_EXPORT; kind++) {
			const struct answer_place place = { .url = urls[i], .settings = &settings };
			struct question q = question(kind, kind == QUESTION_DIFF ? "vs=1h" : "");
			_cleanup_(buf_done) struct buf body = {};

			why[0] = 0;
			assert_int_equal(answer_make(&place, &q, &body, why), ANSWER_FAILED);
			assert_true(why[0]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hogs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hogs_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_diff, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flame, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_timeline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fine_timeline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_coarse_timeline, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_labels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_export, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_mistakes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up_many, tear_down),
		cmocka_unit_test_setup_teardown(test_given_up, set_up_long, tear_down),
		cmocka_unit_test(test_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
