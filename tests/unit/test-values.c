// SPDX-License-Identifier: Apache-2.0
/* Values of decoded profiles, summed and scaled: sums are right although each sample is rounded. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/built-profile.h"

#define N_STACKS 100

/* N_STACKS functions with 1, 2, 3 ... samples, 10 ns each. */
static struct profile *counting(void)
{
	static struct built_stack stacks[N_STACKS];
	static char names[N_STACKS][8];

	for (size_t i = 0; i < N_STACKS; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		stacks[i] = (struct built_stack){ .frames = { { .addr = i, .function = names[i] } },
						  .n_frames = 1,
						  .count = i + 1 };
	}
	return built_profile(stacks, N_STACKS, NULL);
}

static int64_t sum_of(const struct profile *p, size_t type)
{
	int64_t sum;

	assert_int_equal(profile_sum(p, type, &sum), 0);
	return sum;
}

static void test_scale(void **state)
{
	static const struct {
		double factor;
		int64_t sum;
	} cases[] = {
		{ 1, 50500 }, { 0.001, 51 }, { 1.0 / 3, 16833 }, { 2.5, 126250 }, { 0, 0 }, { -1, -50500 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(profile_freep) struct profile *p = counting();

		assert_int_equal(profile_scale(p, 1, cases[i].factor), 0);
		assert_int_equal(sum_of(p, 1), cases[i].sum);
		assert_int_equal(sum_of(p, 0), 5050); /* the other column stays */
	}
}

static void test_each_sample(void **state)
{
	_cleanup_(profile_freep) struct profile *p = counting();

	assert_int_equal(profile_scale(p, 1, 0.25), 0);
	for (size_t i = 0; i < N_STACKS; i++)
		assert_in_range(p->samples[i].values[1], (i + 1) * 10 / 4, (i + 1) * 10 / 4 + 1);
}

static void test_too_large(void **state)
{
	_cleanup_(profile_freep) struct profile *p = counting();

	assert_int_equal(profile_scale(p, 1, 1e18), -ERANGE);
	assert_int_equal(profile_scale(p, 1, 0.0 / 0.0), -ERANGE);
}

static void test_sum_too_large(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .function = "a" } }, 1, .count = 1 },
		{ { { .function = "b" } }, 1, .count = 1 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	int64_t sum;

	assert_int_equal(profile_scale(p, 1, 2e17), 0);
	assert_int_equal(sum_of(p, 1), 4000000000000000000);
	*(int64_t *)(uintptr_t)&p->samples[0].values[1] = INT64_MAX;
	assert_int_equal(profile_sum(p, 1, &sum), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_each_sample),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_sum_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
