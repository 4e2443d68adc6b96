// SPDX-License-Identifier: Apache-2.0
#include "cli/status-view.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/status-fixture.h"

#define NOW_NS ((int64_t)1764383287 * (int64_t)NS_PER_S) /* 2025-11-29 02:28:07 UTC */

/* A sound agent that runs since an hour. */
static void set_times(struct status *s)
{
	s->now_realtime_ns = NOW_NS;
	s->start_realtime_ns = s->idle_realtime_ns = NOW_NS - 3600 * (int64_t)NS_PER_S;
	s->last_window_realtime_ns = s->writer.last_end_realtime_ns = NOW_NS - 4 * (int64_t)NS_PER_S;
	s->window_ns = 10 * NS_PER_S;
	s->period_ns = 52631578;
}

static struct json_object *to_object(const struct status *s)
{
	_cleanup_(buf_done) struct buf text = {};
	struct json_object *object;

	assert_int_equal(status_add_json(s, &text), 0);
	object = json_tokener_parse(text.data);
	assert_non_null(object);
	return object;
}

static char *print(struct json_object *object)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(status_view_print(object, out), 0);
	fclose(out);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void test_text(void **state)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;
	struct status s;

	status_fill(&s);
	set_times(&s);
	s.recorder.ledger = s.last_window = (struct ledger){ .due = 380, .taken = 370, .idle = 20, .in_profile = 350 };
	s.last_window.not_delivered.other = 10;
	s.budget.cpu_permyriad = 182;
	s.limits.rss_bytes = (uint64_t)64 << 20;
	s.limits.map_bytes = UINT64_MAX;
	s.recorder.n_containers = 200;
	strcpy(s.recorder.cache_fault, "it is read-only");
	s.errors[0].n = 3;
	s.errors[0].realtime_ns = NOW_NS;
	s.reload_failed = true;
	s.n_live_clients = 2;
	memset(s.n_live_hung_up, 0, sizeof(s.n_live_hung_up));
	s.n_live_hung_up[LIVE_FEED_SLOW] = 3;
	s.writer.last_error = -ENOSPC;
	object = to_object(&s);
	text = print(object);
	assert_has(text, "state         sampling since 2025-11-29 01:28:07 UTC (3600 s), 19 times a second");
	assert_has(text, "1.2.3, pid 4711 since 2025-11-29 01:28:07 UTC, on db-7\n");
	assert_has(text, "listens       127.0.0.1:7171\n");
	assert_has(text, "which ended 4 s ago\n"
			 "ledger: due 380 = taken 370 (in profile 350, idle 20) + not delivered 10 (other 10)");
	assert_has(text, "+ not delivered 0; nothing lost; DOES NOT BALANCE\n"); /* the totals, as they are here */
	assert_has(text, "one CPU             1.82 %");
	assert_has(text, "64.00 MiB\n");
	assert_has(text, "none\n");
	assert_has(text, "step          long_windows (2; ");
	assert_has(text, "when judged last, beyond the limit of rss\n");
	assert_has(text, "finisher");
	assert_has(text, "200 containers");
	assert_has(text, "live view     2 clients, 3 slow\n");
	assert_has(text, "NOT WRITTEN   No space left on device\n");
	assert_has(text, "FAILED, the old configuration is in force\n");
	assert_has(text, "fault: cache: it is read-only\n");
	assert_has(text, "error: 2025-11-29 02:28:07 UTC: the disk is full (3 times)\n");
}

static void test_idle(void **state)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;
	struct status s;

	status_fill(&s);
	set_times(&s);
	s.idle = STATUS_KILL_SWITCH;
	object = to_object(&s);
	text = print(object);
	assert_has(text, "state         nothing is sampled as long as /etc/cpuhound/off exists; like this since 2025");
	assert_null(strstr(text, "times a second"));
}

/* Whoever answers may say anything. */
static void test_foreign(void **state)
{
	static const char *const answers[] = {
		"{}",
		"{\"schema_version\":1}",
		"{\"state\":{},\"budget\":[],\"totals\":7,\"known\":\"x\",\"own_processes\":{},\"errors\":true,"
		"\"faults\":[1],\"gateway\":{\"counts\":[]},\"reload\":5,\"last_window\":{\"end_realtime_ns\":1}}",
		"{\"own_processes\":[1,null,[],{\"name\":7}],\"errors\":[1,null,{\"text\":[]}],"
		"\"faults\":{\"a\":1},\"gateway\":{\"counts\":{\"a\":\"b\"}},\"live_view\":{\"hung_up\":[1]}}",
		"{\"totals\":{\"ledger\":{\"due\":-5,\"lost\":{\"\\u001b[31m\":1},\"truncated\":[]}}}",
		"{\"now_realtime_ns\":18446744073709551615,\"state_realtime_ns\":18446744073709551615}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		_cleanup_(json_putp) struct json_object *object = json_tokener_parse(answers[i]);
		_cleanup_free_ char *text = NULL;

		assert_non_null(object);
		text = print(object);
		assert_has(text, "BUDGET");
		if (strstr(answers[i], "u001b"))
			assert_has(text, "ledger: damaged\n");
	}
}

static void test_terminal(void **state)
{
	_cleanup_(json_putp) struct json_object *object =
		json_tokener_parse("{\"state\":\"a\\u001b[2Jb\",\"version\":\"\\u0007\",\"host\":\"\\u202e\","
				   "\"faults\":{\"\\u001b\":\"\\u001b\"},\"errors\":[{\"text\":\"\\u001b\"}],"
				   "\"own_processes\":[{\"name\":\"\\u001b\"}],\"listen\":\"\\u001b\","
				   "\"gateway\":{\"counts\":{\"\\u001b\":1}},"
				   "\"live_view\":{\"hung_up\":{\"\\u001b\":1}}}");
	_cleanup_free_ char *text = print(object);

	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\a'));
	assert_null(strstr(text, "\xe2\x80\xae"));
}

static void test_many_rows(void **state)
{
	_cleanup_(buf_done) struct buf answer = {};
	_cleanup_(json_putp) struct json_object *object = NULL;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(buf_add_str(&answer, "{\"errors\":[{}"), 0);
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(buf_add_str(&answer, ",{}"), 0);
	assert_int_equal(buf_add_str(&answer, "]}"), 0);
	object = json_tokener_parse(answer.data);
	text = print(object);
	assert_true(strlen(text) < 4096);
}

static void check(const struct status *s, int expected, const char *part)
{
	_cleanup_(json_putp) struct json_object *object = to_object(s);
	_cleanup_(buf_done) struct buf line = {};

	assert_int_equal(status_view_check(object, &line), expected);
	assert_has(line.data, part);
	assert_null(strchr(line.data, '\n'));
}

static void test_check(void **state)
{
	struct status s;

	status_fill(&s);
	set_times(&s);
	s.writer.n_written = 42;
	check(&s, 0, "sampling; 42 windows written");

	/* Three windows, and the time that names may take. */
	s.writer.last_end_realtime_ns = NOW_NS - 35 * (int64_t)NS_PER_S;
	check(&s, 0, "sampling");
	s.writer.last_end_realtime_ns--;
	check(&s, STATUS_VIEW_FAILS, "no window was written for 35 s, and one is due every 10 s");
	s.window_ns = 60 * NS_PER_S;
	check(&s, 0, "sampling");

	/* It has just begun to, or anew. */
	set_times(&s);
	s.writer.last_end_realtime_ns = 0;
	check(&s, STATUS_VIEW_FAILS, "no window was written for 3600 s");
	s.idle_realtime_ns = NOW_NS - 20 * (int64_t)NS_PER_S;
	check(&s, 0, "sampling");
	s.writer.last_end_realtime_ns = NOW_NS - 900 * (int64_t)NS_PER_S;
	check(&s, 0, "sampling");

	set_times(&s);
	s.writer.last_error = -ENOSPC;
	check(&s, STATUS_VIEW_FAILS, "windows cannot be written: No space left on device");
	s.idle = STATUS_CRASH_LOOP;
	check(&s, STATUS_VIEW_FAILS, "nothing is sampled for 10 minutes");
}

static void test_check_nothing(void **state)
{
	_cleanup_(json_putp) struct json_object *object = json_tokener_parse("{}");
	_cleanup_(buf_done) struct buf line = {};

	assert_int_equal(status_view_check(object, &line), STATUS_VIEW_FAILS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),          cmocka_unit_test(test_idle),  cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_terminal),      cmocka_unit_test(test_check), cmocka_unit_test(test_many_rows),
		cmocka_unit_test(test_check_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
