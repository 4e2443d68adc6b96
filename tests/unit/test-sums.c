// SPDX-License-Identifier: Apache-2.0
/* Sums by two numbers: each pair once, bounded, and what does not fit is told. */
#include "report/sums.h"

#include "tests/unit/cmocka-all.h"

#define N 1000

static void test_pairs(void **state)
{
	const struct amount one = { .value_ns = 5, .n_samples = 1, .variance = 25 };
	struct sums s;
	struct sum *sum;

	sums_init(&s, N * N);
	assert_null(sums_find(&s, 1, 2));
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < N; i++) {
			assert_int_equal(sums_get(&s, i % 10, i, &sum), 0);
			assert_int_equal(amount_add(&sum->self, &one), 0);
		}
	assert_int_equal(s.n, N);
	for (uint32_t i = 0; i < N; i++) {
		assert_non_null(sums_find(&s, i % 10, i));
		assert_int_equal(sums_find(&s, i % 10, i)->self.value_ns, 10);
		assert_int_equal(sums_find(&s, i % 10, i)->self.n_samples, 2);
		assert_true(sums_find(&s, i % 10, i)->self.variance == 50);
	}
	assert_null(sums_find(&s, 11, 1));
	sums_done(&s);
}

static void test_limit(void **state)
{
	struct sums s;
	struct sum *sum;

	sums_init(&s, 2);
	assert_int_equal(sums_get(&s, 1, 1, &sum), 0);
	assert_int_equal(sums_get(&s, 1, 2, &sum), 0);
	assert_int_equal(sums_get(&s, 2, 1, &sum), SUMS_FULL);
	assert_int_equal(sums_get(&s, 1, 1, &sum), 0);
	sums_done(&s);
}

static void test_overflow(void **state)
{
	struct amount sum = { .value_ns = INT64_MAX - 1 };

	assert_int_equal(amount_add(&sum, &(struct amount){ .value_ns = 1 }), 0);
	assert_int_equal(amount_add(&sum, &(struct amount){ .value_ns = 1 }), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
