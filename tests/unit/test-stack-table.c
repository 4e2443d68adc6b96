// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "agent/stack-table.h"

static const struct stack_labels shell = { .workload = 7 };
static const struct stack_labels others[] = { { .workload = 8 },
					      { .workload = 7, .flags = STACK_LABEL_COPIED },
					      { .workload = 7, .tgid = 1 },
					      { .workload = 7, .tid = 1 } };
static const struct stack_frame frames[] = {
	{ .addr = 0x10, .module = 3 },
	{ .addr = 0x20, .module = 3, .flags = STACK_FRAME_IS_CALLER },
};

static void test_same_stacks_fold(void **state)
{
	_cleanup_(stack_table_freep) struct stack_table *t = NULL;
	struct stack s;

	assert_int_equal(stack_table_new(1 << 20, &t), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(stack_table_add(t, &shell, frames, 2, 10), 0);
	assert_int_equal(stack_table_n_stacks(t), 1);
	stack_table_get(t, 0, &s);
	assert_int_equal(s.n_samples, 5);
	assert_int_equal(s.cpu_ns, 50);
	assert_int_equal(stack_table_n_samples(t), 5);
	assert_int_equal(s.n_frames, 2);
	assert_int_equal(stack_table_n_frames(t), 2);
	for (size_t i = 0; i < 2; i++)
		assert_memory_equal(stack_table_frame(t, s.frames[i]), &frames[i], sizeof(frames[i]));
	assert_int_equal(stack_table_labels(t, s.labels)->workload, 7);
}

static void test_any_difference_tells_stacks_apart(void **state)
{
	_cleanup_(stack_table_freep) struct stack_table *t = NULL;
	struct stack_frame not_caller[2];

	memcpy(not_caller, frames, sizeof(frames));
	not_caller[1].flags = 0;
	assert_int_equal(stack_table_new(1 << 20, &t), 0);
	assert_int_equal(stack_table_add(t, &shell, frames, 2, 10), 0);
	assert_int_equal(stack_table_add(t, &shell, frames, 1, 10), 0);
	assert_int_equal(stack_table_add(t, &shell, NULL, 0, 10), 0);
	assert_int_equal(stack_table_add(t, &shell, not_caller, 2, 10), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(stack_table_add(t, &others[i], frames, 2, 10), 0);
	assert_int_equal(stack_table_n_stacks(t), 8);
	assert_int_equal(stack_table_n_labels(t), 5);
}

/* Beyond the limit what is known goes on counting, and what is new is refused and changes nothing. */
static void test_limit(void **state)
{
	_cleanup_(stack_table_freep) struct stack_table *t = NULL;
	uint64_t n_added = 0, n_counted = 0;
	struct stack_frame f = { .module = 3 };
	size_t n_stacks;

	assert_int_equal(stack_table_new(64 << 10, &t), 0);
	for (f.addr = 0; f.addr < 10000; f.addr++) {
		int r = stack_table_add(t, &shell, &f, 1, 10);

		assert_true(r == 0 || r == STACK_TABLE_FULL);
		n_added += r == 0;
	}
	assert_in_range(n_added, 100, 1000);
	n_stacks = stack_table_n_stacks(t);
	assert_int_equal(n_stacks, n_added);
	assert_int_equal(stack_table_add(t, &others[0], &f, 1, 10), STACK_TABLE_FULL);
	f.addr = 0;
	assert_int_equal(stack_table_add(t, &shell, &f, 1, 10), 0);
	for (size_t i = 0; i < n_stacks; i++) {
		struct stack s;

		stack_table_get(t, i, &s);
		n_counted += s.n_samples;
	}
	assert_int_equal(n_counted, n_added + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_stacks_fold),
		cmocka_unit_test(test_any_difference_tells_stacks_apart),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
