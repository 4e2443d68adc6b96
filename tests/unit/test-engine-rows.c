// SPDX-License-Identifier: Apache-2.0
/* What ClickHouse answers in RowBinary: hosts, sums and stacks, whole and cut anywhere. */
#include "report/clickhouse-rows.h"
#include "report/engine-stacks.h"
#include "tests/unit/row-bytes.h"

static void counts(void **state)
{
	static const uint8_t bytes[300] = { 0xac, 0x02 }; /* 300, of which 298 are there */
	struct row_binary b = { bytes, bytes + sizeof(bytes) };
	size_t n;

	assert_int_equal(row_binary_count(&b, &n), -EBADMSG);
	b = (struct row_binary){ bytes + 2, bytes + sizeof(bytes) };
	assert_int_equal(row_binary_count(&b, &n), 0);
	assert_int_equal(n, 0);
	b = (struct row_binary){ (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", NULL };
	b.end = b.at + 11;
	assert_int_equal(row_binary_count(&b, &n), -EBADMSG);
}

static void add_host(struct buf *b, const char *name, int64_t start_ns, int64_t wall_ns)
{
	row_text(b, name);
	row_number(b, start_ns);
	row_number(b, start_ns + 2 * wall_ns);
	row_number(b, wall_ns);
	row_number(b, 5);
}

static void hosts(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(clickhouse_hosts_done) struct clickhouse_hosts h = {};
	const struct engine_host *host;

	add_host(&b, "web-2", 7, 60);
	add_host(&b, "", 9, 1);
	add_host(&b, "web-1", 8, 61);
	assert_int_equal(clickhouse_hosts_read(&h, b.data, b.size), 0);
	assert_int_equal(h.n, 3);
	host = clickhouse_hosts_find(&h, "web-1");
	assert_non_null(host);
	assert_int_equal(host->start_ns, 8);
	assert_int_equal(host->end_ns, 8 + 2 * 61);
	assert_int_equal(host->wall_ns, 61);
	assert_int_equal(host->n_profiles, 5);
	assert_non_null(clickhouse_hosts_find(&h, ""));
	assert_null(clickhouse_hosts_find(&h, "web-3"));
}

static void negative_wall(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(clickhouse_hosts_done) struct clickhouse_hosts h = {};

	add_host(&b, "web-1", 8, -1);
	assert_int_equal(clickhouse_hosts_read(&h, b.data, b.size), -EBADMSG);
}

static void add_sum(struct buf *b, const char *host, const char *service, uint64_t hash, int64_t n_samples)
{
	row_count(b, 3);
	row_text(b, "host");
	row_text(b, host);
	row_text(b, "version");
	row_text(b, "");
	row_text(b, "comm");
	row_text(b, "worker");
	row_text(b, service);
	row_number(b, (int64_t)hash);
	row_number(b, n_samples);
	row_number(b, 10 * n_samples);
}

static void sums(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(clickhouse_sums_reader_done) struct clickhouse_sums_reader reader = {};
	struct clickhouse_sum sum;

	add_sum(&b, "web-1", "api", UINT64_MAX, 3);
	add_sum(&b, "web-2", "", 7, 4);
	assert_int_equal(clickhouse_sums_reader_init(&reader, b.data, b.size), 0);
	for (int i = 0; i < 2; i++) { /* the same once more */
		assert_int_equal(clickhouse_sums_reader_next(&reader, &sum), 0);
		assert_string_equal(sum.host, "web-1");
		assert_int_equal(sum.n_labels, 3);
		assert_string_equal(sum.labels[1].key, "comm");
		assert_string_equal(sum.labels[2].key, "service_name");
		assert_string_equal(sum.labels[2].str, "api");
		assert_true(sum.hash == UINT64_MAX && sum.n_samples == 3 && sum.cpu_ns == 30);
		if (i == 0)
			clickhouse_sums_reader_again(&reader);
	}
	assert_int_equal(clickhouse_sums_reader_next(&reader, &sum), 0);
	assert_int_equal(sum.n_labels, 2); /* no service */
	assert_int_equal(clickhouse_sums_reader_next(&reader, &sum), CLICKHOUSE_NO_MORE);
}

static void cut_sums(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	add_sum(&b, "web-1", "api", 1, 3);
	for (size_t size = 1; size < b.size; size++) {
		_cleanup_(clickhouse_sums_reader_done) struct clickhouse_sums_reader reader = {};
		struct clickhouse_sum sum;

		assert_int_equal(clickhouse_sums_reader_init(&reader, b.data, size), 0);
		assert_int_equal(clickhouse_sums_reader_next(&reader, &sum), -EBADMSG);
	}
}

static void negative_sums(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(clickhouse_sums_reader_done) struct clickhouse_sums_reader reader = {};
	struct clickhouse_sum sum;

	add_sum(&b, "web-1", "api", 1, -3);
	assert_int_equal(clickhouse_sums_reader_init(&reader, b.data, b.size), 0);
	assert_int_equal(clickhouse_sums_reader_next(&reader, &sum), -EBADMSG);
}

static void add_stack(struct buf *b, uint64_t hash, const char *const *names, const char *const *libraries)
{
	size_t n = 0, n_libraries = 0;

	while (names[n])
		n++;
	while (libraries[n_libraries])
		n_libraries++;
	row_number(b, (int64_t)hash);
	row_count(b, n);
	for (size_t i = 0; i < n; i++)
		row_text(b, names[i]);
	row_count(b, n_libraries);
	for (size_t i = 0; i < n_libraries; i++)
		row_text(b, libraries[i]);
}

static const char *const names[] = { "libz.so.1+0x12", "memcpy", "0x7f", "[irq]", NULL };
static const char *const libraries[] = { "libz.so.1", "libc.so.6", "", "", NULL };
static const char *const none[] = { NULL };

static void stacks(void **state)
{
	_cleanup_(buf_done) struct buf b = {}, frames = {};
	_cleanup_(engine_stacks_done) struct engine_stacks s = {};
	const struct frame *f;

	add_stack(&b, 5, names, libraries);
	add_stack(&b, 6, names, none); /* of a table of before there were libraries */
	add_stack(&b, 7, none, libraries);
	assert_int_equal(engine_stacks_init(&s), 0);
	assert_int_equal(engine_stacks_read(&s, b.data, b.size), 0);
	assert_int_equal(engine_stacks_find(&s, 8, &frames), ENGINE_STACK_UNKNOWN);
	assert_int_equal(engine_stacks_find(&s, 7, &frames), 0);
	assert_int_equal(frames.size, 0);
	assert_int_equal(engine_stacks_find(&s, 5, &frames), 0);
	assert_int_equal(frames.size, 4 * sizeof(*f));
	f = (const struct frame *)(void *)frames.data;
	assert_null(f[0].function); /* it had no name: it was called so */
	assert_int_equal(f[0].addr, 0x12);
	assert_string_equal(f[0].mapping->filename, "libz.so.1");
	assert_string_equal(f[1].function, "memcpy");
	assert_string_equal(f[1].mapping->filename, "libc.so.6");
	assert_null(f[2].function);
	assert_int_equal(f[2].addr, 0x7f);
	assert_null(f[2].mapping);
	assert_string_equal(f[3].function, "[irq]");
	assert_int_equal(engine_stacks_find(&s, 6, &frames), 0);
	f = (const struct frame *)(void *)frames.data;
	assert_string_equal(f[0].function, "libz.so.1+0x12");
	assert_null(f[1].mapping);
}

static void bad_stacks(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	add_stack(&b, 5, names, libraries);
	for (size_t size = 1; size < b.size; size++) {
		_cleanup_(engine_stacks_done) struct engine_stacks s = {};

		assert_int_equal(engine_stacks_init(&s), 0);
		assert_int_equal(engine_stacks_read(&s, b.data, size), -EBADMSG);
	}
	add_stack(&b, 5, names, libraries);
	{
		_cleanup_(engine_stacks_done) struct engine_stacks s = {};

		assert_int_equal(engine_stacks_init(&s), 0);
		assert_int_equal(engine_stacks_read(&s, b.data, b.size), -EBADMSG); /* one hash twice */
	}
}

static void places(void **state)
{
	uint64_t addr = 0;

	assert_true(engine_frame_is_place("a.out+0xff", "a.out", &addr));
	assert_int_equal(addr, 0xff);
	assert_true(engine_frame_is_place("0x10", "", &addr));
	assert_int_equal(addr, 0x10);
	assert_false(engine_frame_is_place("a.out+0xff", "b.out", &addr));
	assert_false(engine_frame_is_place("a.out", "a.out", &addr));
	assert_false(engine_frame_is_place("a.out+0x", "a.out", &addr));
	assert_false(engine_frame_is_place("a.out+0x1g", "a.out", &addr));
	assert_false(engine_frame_is_place("a.out+255", "a.out", &addr));
	assert_false(engine_frame_is_place("main", "", &addr));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts), cmocka_unit_test(hosts),      cmocka_unit_test(negative_wall),
		cmocka_unit_test(sums),   cmocka_unit_test(cut_sums),   cmocka_unit_test(negative_sums),
		cmocka_unit_test(stacks), cmocka_unit_test(bad_stacks), cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
