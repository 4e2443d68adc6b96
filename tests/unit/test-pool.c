// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "pprof/pool.h"
#include "tests/unit/cmocka-all.h"

static void test_numbers(void **state)
{
	_cleanup_(pool_done) struct pool p;
	uint32_t number;
	size_t size;

	assert_int_equal(pool_init(&p, 10, 100), 0);
	assert_int_equal(pool_add(&p, "", 0, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(pool_add(&p, "ab", 2, &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(pool_add(&p, "ab\0", 3, &number), 0); /* other bytes than "ab" */
	assert_int_equal(number, 2);
	assert_int_equal(pool_add(&p, NULL, 0, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(pool_add(&p, "ab", 2, &number), 0);
	assert_int_equal(number, 1);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.largest_bytes, 3);
	assert_memory_equal(pool_get(&p, 2, &size), "ab\0", 3);
	assert_int_equal(size, 3);
	pool_get(&p, 0, &size);
	assert_int_equal(size, 0);
}

/* Across many growths, every record keeps its number, and records of 8 bytes are aligned. */
static void test_many(void **state)
{
	_cleanup_(pool_done) struct pool p;
	uint32_t number;
	size_t size;

	assert_int_equal(pool_init(&p, 100000, 800000), 0);
	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 0; i < 100000; i++) {
			uint64_t record = i << 20;

			assert_int_equal(pool_add(&p, &record, sizeof(record), &number), 0);
			assert_int_equal(number, i);
		}
	}
	for (uint32_t i = 0; i < 100000; i++) {
		const uint64_t *record = pool_get(&p, i, &size);

		assert_int_equal(size, 8);
		assert_int_equal((uintptr_t)record % 8, 0);
		assert_int_equal(*record, (uint64_t)i << 20);
	}
}

static void test_limits(void **state)
{
	_cleanup_(pool_done) struct pool p;
	uint32_t number = 42;

	assert_int_equal(pool_init(&p, 2, 10), 0);
	assert_int_equal(pool_add(&p, "12345678901", 11, &number), -ENOSPC);
	assert_int_equal(number, 42);
	assert_int_equal(pool_add(&p, "123456", 6, &number), 0);
	assert_int_equal(pool_add(&p, "12345", 5, &number), -ENOSPC);
	assert_int_equal(pool_add(&p, "1234", 4, &number), 0);
	assert_int_equal(pool_add(&p, "", 0, &number), -ENOSPC);
	assert_int_equal(pool_add(&p, "123456", 6, &number), 0); /* what is there stays there */
	assert_int_equal(number, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
