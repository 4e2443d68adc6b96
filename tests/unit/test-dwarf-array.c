// SPDX-License-Identifier: Apache-2.0
/* dwarf array: grows as far as it may; its order against qsort(). dwarf map: against an array. */
#include "tests/unit/tool.h"

#include "symbolizer/dwarf-array.h"
#include "symbolizer/dwarf-map.h"

struct record {
	uint64_t high, low;
};

static int by_numbers(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	return x->low < y->low ? -1 : x->low > y->low;
}

static uint64_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return *state >> 11;
}

static void check_order(struct record *all, size_t n)
{
	_cleanup_free_ struct record *expected = malloc((n + 1) * sizeof(*expected));

	assert_non_null(expected);
	memcpy(expected, all, n * sizeof(*all));
	qsort(expected, n, sizeof(*expected), by_numbers);
	dwarf_array_sort(all, n);
	assert_memory_equal(all, expected, n * sizeof(*all));
}

static void test_sort(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 23, 24, 25, 1000, 20000 };
	/* Of both numbers: few values, one byte, addresses, all bits. */
	static const uint64_t masks[] = { 0, 3, 0xff, 0xfffff, UINT64_MAX };
	uint64_t random = 1;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_free_ struct record *all = malloc((sizes[i] + 1) * sizeof(*all));

		assert_non_null(all);
		for (size_t m = 0; m < ARRAY_SIZE(masks) * ARRAY_SIZE(masks); m++) {
			for (size_t k = 0; k < sizes[i]; k++) {
				all[k].high = next_random(&random) * 0x9e3779b97f4a7c15 & masks[m / ARRAY_SIZE(masks)];
				all[k].low = next_random(&random) * 0x9e3779b97f4a7c15 & masks[m % ARRAY_SIZE(masks)];
			}
			check_order(all, sizes[i]);
			check_order(all, sizes[i]); /* sorted already */
		}
	}
}

static void test_limit(void **state)
{
	struct dwarf_array a = {};

	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(dwarf_array_add(&a, sizeof(i), 100), 0);
		*dwarf_array_last(&a, uint32_t) = i;
	}
	assert_int_equal(dwarf_array_add(&a, sizeof(uint32_t), 100), -EFBIG);
	assert_int_equal(a.n, 100);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(((uint32_t *)a.data)[i], i);
	dwarf_array_done(&a);
	assert_null(a.data);
}

static void test_map(void **state)
{
	enum {
		N = 5000,
		STRIDE = 4096
	};
	struct dwarf_map m = {};
	uint64_t found;

	assert_false(dwarf_map_find(&m, 1, &found));
	for (uint64_t i = 1; i <= N; i++)
		assert_int_equal(dwarf_map_add(&m, i * STRIDE, i), 0);
	assert_int_equal(dwarf_map_add(&m, STRIDE, 77), 0); /* changed */
	assert_int_equal(m.n, N);
	for (uint64_t i = 1; i <= N; i++) {
		assert_true(dwarf_map_find(&m, i * STRIDE, &found));
		assert_int_equal(found, i == 1 ? 77 : i);
		assert_false(dwarf_map_find(&m, i * STRIDE + 1, &found));
	}
	dwarf_map_clear(&m);
	assert_false(dwarf_map_find(&m, STRIDE, &found));
	assert_int_equal(dwarf_map_add(&m, 3, 4), 0);
	assert_true(dwarf_map_find(&m, 3, &found));
	dwarf_map_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
