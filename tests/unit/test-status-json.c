// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/json.h"
#include "tests/unit/status-fixture.h"

static void make(const struct status *s, struct buf *ret)
{
	buf_clear(ret);
	assert_int_equal(status_add_json(s, ret), 0);
}

static struct json_object *parse(const struct buf *text)
{
	struct json_object *object = json_tokener_parse(text->data);

	assert_non_null(object);
	return object;
}

static void test_one_line(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct json_object *object;
	struct status s;

	status_fill(&s);
	make(&s, &text);
	assert_ptr_equal(strchr(text.data, '\n'), text.data + text.size - 1);
	object = parse(&text);
	assert_int_equal(json_find_number(object, "schema_version"), 1);
	assert_string_equal(json_find_string(object, "state"), "sampling");
	assert_null(json_find(object, "not_sampling"));
	assert_null(json_find(object, "metrics_listen"));
	assert_int_equal(json_find_number(object, "pid"), 4711);
	assert_int_equal(json_find_number(object, "totals.ledger.due"), s.recorder.ledger.due);
	assert_int_equal(json_find_number(object, "last_window.ledger.lost.of_another_day"), s.last_window.lost[1].n);
	assert_int_equal(json_find_number(object, "budget.step_number"), BUDGET_LONG_WINDOWS);
	assert_string_equal(json_find_string(object, "budget.over"), "rss");
	assert_int_equal(json_find_number(object, "budget.windows_over"), 4713);
	assert_int_equal(json_find_number(object, "budget.windows_under"), 4714);
	assert_int_equal(json_object_array_length(json_find(object, "own_processes")), 9);
	assert_string_equal(json_find_string(json_object_array_get_idx(json_find(object, "errors"), 0), "text"),
			    "the disk is full");
	json_object_put(object);
}

static void test_every_number(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status_field fields[STATUS_MAX_FIELDS];
	struct status s;
	size_t n;

	status_fill(&s);
	make(&s, &text);
	n = status_fields(&s, fields);
	for (size_t i = 0; i < n; i++) {
		char number[32];
		const char *found;

		snprintf(number, sizeof(number), ":%" PRIu64, *fields[i].n);
		found = strstr(text.data, number);
		if (!found || !strchr(",}", found[strlen(number)]))
			fail_msg("%s is not told", fields[i].name);
	}
}

static void test_every_truth(void **state)
{
	status_check_truths(status_add_json, false);
}

static void test_faults(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct json_object *object;
	struct status s;

	status_fill(&s);
	strcpy(s.recorder.indexer_fault, "one");
	strcpy(s.recorder.finisher_fault, "two");
	strcpy(s.recorder.cache_fault, "three");
	strcpy(s.recorder.kernel_unnamed, "four");
	s.gateway_fault = "five";
	strcpy(s.recorder.fetched.last_fault, "six");
	s.writer.last_error = -ENOSPC;
	make(&s, &text);
	object = parse(&text);
	assert_string_equal(json_find_string(object, "faults.indexer"), "one");
	assert_string_equal(json_find_string(object, "faults.finisher"), "two");
	assert_string_equal(json_find_string(object, "faults.cache"), "three");
	assert_string_equal(json_find_string(object, "faults.kernel_names"), "four");
	assert_string_equal(json_find_string(object, "faults.gateway"), "five");
	assert_string_equal(json_find_string(object, "faults.debuginfod"), "six");
	assert_string_equal(json_find_string(object, "windows.last_error"), "No space left on device");
	json_object_put(object);
}

/* What is not there is null, and not 0. */
static void test_nulls(void **state)
{
	static const char *const paths[] = { "last_window", "gateway", "reload", "budget.map_limit_bytes",
					     "windows.last_error" };
	_cleanup_(buf_done) struct buf text = {};
	struct json_object *object;
	struct status s;

	status_fill(&s);
	s.last_window_realtime_ns = s.reload_realtime_ns = 0;
	s.has_gateway = false;
	s.limits.map_bytes = UINT64_MAX;
	make(&s, &text);
	object = parse(&text);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_null(json_find(object, paths[i]));
	assert_non_null(strstr(text.data, "\"last_window\":null"));
	assert_int_equal(json_object_array_length(json_find(object, "own_processes")), 8);
	json_object_put(object);
}

/* An agent that has not sampled yet knows nothing, not even its children. */
static void test_nothing_yet(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status s = { .idle = STATUS_KILL_SWITCH, .kill_switch = "/o\"ff\xff\n" };
	struct json_object *object;

	make(&s, &text);
	object = parse(&text);
	assert_string_equal(json_find_string(object, "state"), "kill_switch");
	assert_string_equal(json_find_string(object, "not_sampling"),
			    "nothing is sampled as long as /o\"ff\xef\xbf\xbd\xef\xbf\xbd exists");
	assert_int_equal(json_object_array_length(json_find(object, "own_processes")), 1);
	json_object_put(object);
}

static void test_ready(void **state)
{
	static const struct {
		enum status_idle idle;
		const char *name, *part;
	} cases[] = {
		{ STATUS_STARTING, "starting", "is starting" },
		{ STATUS_KILL_SWITCH, "kill_switch", "/etc/cpuhound/off" },
		{ STATUS_CRASH_LOOP, "crash_loop", "5 times" },
		{ STATUS_BOOT_LOOP, "boot_loop", "/var/lib/cpuhound/starts" },
		{ STATUS_STOPPING, "stopping", "stops" },
	};
	char why[STATUS_ERROR_SIZE] = "untouched";
	struct status s;

	status_fill(&s);
	assert_int_equal(status_is_ready(&s, why), 0);
	assert_string_equal(why, "untouched");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		s.idle = cases[i].idle;
		assert_int_equal(status_is_ready(&s, why), STATUS_NOT_READY);
		assert_non_null(strstr(why, cases[i].part));
		assert_string_equal(status_idle_to_string(s.idle), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line),    cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_every_truth), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_nulls),       cmocka_unit_test(test_nothing_yet),
		cmocka_unit_test(test_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
