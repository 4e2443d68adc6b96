// SPDX-License-Identifier: Apache-2.0
/* What ClickHouse is asked: the text has nothing of the user in it, and the parameters all of it. */
#include "report/clickhouse-query.h"

#include <string.h>

#include "store/selection.h"
#include "tests/unit/cmocka-all.h"

typedef int (*ask_fn)(const struct engine_question *question, struct clickhouse_query *ret);
static const ask_fn asks[] = { clickhouse_query_hosts, clickhouse_query_stacks, clickhouse_query_sums };

static void match(struct selection *s, const char *text)
{
	char why[MATCHER_WHY_BYTES];

	assert_int_equal(selection_add(s, text, why), 0);
}

static void whole_text(void **state)
{
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	const struct engine_question question = { .selection = &s };
	_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};

	assert_int_equal(clickhouse_query_hosts(&question, &q), 0);
	assert_string_equal(q.sql.data, "SELECT Host, toInt64(toUnixTimestamp64Nano(min(Start))), "
					"toInt64(toUnixTimestamp64Nano(max(End))), "
					"toInt64(sum(toUnixTimestamp64Nano(End) - toUnixTimestamp64Nano(Start))), "
					"toUInt64(count()) FROM "
					"(SELECT DISTINCT toString(Labels['host']) AS Host, Start, End FROM samples "
					"WHERE Type = 'cpu') GROUP BY Host ORDER BY Host LIMIT 65537 FORMAT RowBinary");
}

static void times(void **state)
{
	_cleanup_(selection_done) struct selection s = { .since_ns = 1000, .until_ns = 2000 };
	const struct engine_question question = { .selection = &s };

	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};

		assert_int_equal(asks[i](&question, &q), 0);
		assert_non_null(strstr(q.sql.data, "Start >= fromUnixTimestamp64Nano({since:Int64}) AND "
						   "Start < fromUnixTimestamp64Nano({until:Int64})"));
		assert_string_equal(q.parameters.data, "&param_since=1000&param_until=2000");
	}
}

static void conditions(void **state)
{
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	const struct engine_question question = { .selection = &s };
	_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};

	match(&s, "service=api");
	match(&s, "host!=web-1");
	match(&s, "container=~web.*|db");
	match(&s, "service!~x");
	assert_int_equal(clickhouse_query_stacks(&question, &q), 0);
	assert_non_null(strstr(q.sql.data, " AND ((ServiceName) = {value0:String})"
					   " AND NOT ((Labels[{key1:String}]) = {value1:String})"
					   " AND match(toString(Labels[{key2:String}]), {value2:String})"
					   " AND NOT match(toString(ServiceName), {value3:String})"));
	assert_non_null(strstr(q.parameters.data, "&param_key1=host&param_value1=web-1"));
	assert_non_null(strstr(q.parameters.data, "&param_value2=%5E%28%3Fs%3Aweb.%2A%7Cdb%29%24"));
	assert_int_equal(clickhouse_query_hosts(&question, &q), 0);
	assert_non_null(strstr(q.sql.data, "WHERE Type = 'cpu' AND NOT ((Labels[{key1:String}]) = {value1:String}))"));
}

/* Whatever stands in it, the text is the same. */
static void hostile(void **state)
{
	static const char *const values[] = { "a=' OR 1=1 --", "a=\\", "a={value1:String}", "a=%27\t\n", "a=" };
	static const char *const labels[] = { "x') --\\" };

	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		_cleanup_(buf_done) struct buf first = {};

		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
			const struct engine_question question = { .selection = &s, .labels = labels, .n_labels = 1 };
			_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};

			match(&s, values[k]);
			assert_int_equal(asks[i](&question, &q), 0);
			if (k == 0)
				assert_int_equal(buf_add_str(&first, q.sql.data), 0);
			assert_string_equal(q.sql.data, first.data);
			assert_null(strpbrk(q.parameters.data, "'\\\t\n{} "));
		}
	}
}

/* The server reads them as fields of TabSeparated. */
static void escapes(void **state)
{
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	const struct engine_question question = { .selection = &s };
	_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};

	match(&s, "a=b\\c\td%");
	assert_int_equal(clickhouse_query_hosts(&question, &q), 0);
	assert_non_null(strstr(q.parameters.data, "&param_value0=b%5C%5Cc%5Ctd%25"));
}

static void labels(void **state)
{
	static const char *const wanted[] = { "service_name", "version" };
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	struct engine_question question = { .selection = &s, .labels = wanted, .n_labels = 2 };
	_cleanup_(clickhouse_query_done) struct clickhouse_query q = {};

	assert_int_equal(clickhouse_query_sums(&question, &q), 0);
	assert_non_null(strstr(q.sql.data, "mapFilter((k, v) -> has(['host', {label0:String}, {label1:String}], "
					   "toString(k)), Labels) AS Kept, toString(ServiceName) AS Service"));
	assert_non_null(strstr(q.parameters.data, "&param_label0=service_name&param_label1=version"));
	question.n_labels = 0;
	assert_int_equal(clickhouse_query_sums(&question, &q), 0);
	assert_non_null(strstr(q.sql.data, "has(['host'], toString(k)), Labels) AS Kept, '' AS Service"));
	question.has_all_labels = true;
	assert_int_equal(clickhouse_query_sums(&question, &q), 0);
	assert_non_null(strstr(q.sql.data, "(SELECT Labels AS Kept, toString(ServiceName) AS Service"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_text), cmocka_unit_test(times),   cmocka_unit_test(conditions),
		cmocka_unit_test(hostile),    cmocka_unit_test(escapes), cmocka_unit_test(labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
