// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>

#include "agent/modules.h"

#define MAX_MODULES 100

static uint32_t add(struct modules *m, const char *path)
{
	uint32_t id;

	assert_int_equal(modules_add(m, path, NULL, "gone", &id), 0);
	return id;
}

static size_t sweep(struct modules *m)
{
	size_t n = 0;

	while (modules_sweep(m) != MODULE_NONE)
		n++;
	return n;
}

/* Many more than there is room for, over time: who is kept stays what it was, the others make room. */
static void test_churn(void **state)
{
	_cleanup_(modules_freep) struct modules *m = NULL;
	uint32_t kept, waiting, others;
	size_t n_before;

	assert_int_equal(modules_new(MAX_MODULES, &m), 0);
	kept = add(m, "/kept");
	assert_int_equal(modules_add_waiting(m, "/waiting", &waiting), 0);
	n_before = modules_n(m);
	for (int round = 0; round < 500; round++) {
		for (int i = 0; i < 90; i++) {
			char path[64];
			uint32_t id;

			snprintf(path, sizeof(path), "/lib/%d/%d", round, i);
			id = add(m, path);
			assert_string_equal(modules_get(m, id)->path, path);
			assert_true(id != kept && id != waiting);
			assert_int_equal(add(m, path), id);
		}
		assert_int_equal(modules_n(m), n_before + 90);
		modules_keep(m, kept);
		modules_keep(m, waiting);
		assert_int_equal(sweep(m), 90);
		assert_int_equal(modules_n(m), n_before);
	}
	assert_string_equal(modules_get(m, kept)->path, "/kept");
	assert_true(modules_get(m, waiting)->is_waiting);
	assert_int_equal(add(m, "/kept"), kept);
	assert_int_equal(sweep(m), 2); /* who was named once is not kept for ever */

	/* What there is no room for shares a module, which stays. */
	for (int i = 0; i < 200; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/%d", i);
		others = add(m, path);
	}
	assert_string_equal(modules_get(m, others)->path, "[more files]");
	sweep(m);
	assert_int_equal(modules_n(m), 1);
	assert_string_equal(modules_get(m, others)->path, "[more files]");
}

/* Which root a binary is of, as long as all of its modules were met in that one. */
static void test_roots(void **state)
{
	static const struct root_id a = { 1, 2, 3 }, b = { 1, 2, 4 }, unknown = {};
	_cleanup_(modules_freep) struct modules *m = NULL;
	struct binary *binary = (struct binary *)&a, *other = (struct binary *)&b; /* never looked into */
	struct root_id root = {};
	uint32_t one, two;

	assert_int_equal(modules_new(MAX_MODULES, &m), 0);
	assert_false(modules_find_root(m, binary, &root));
	assert_int_equal(modules_add(m, "/one", binary, NULL, &one), 0);
	assert_false(modules_find_root(m, binary, &root));
	modules_note_root(m, one, &a);
	modules_note_root(m, one, &a);
	assert_true(modules_find_root(m, binary, &root) && root_id_equal(&root, &a));
	assert_false(modules_find_root(m, other, &root));
	assert_int_equal(modules_add(m, "/two", binary, NULL, &two), 0);
	assert_false(modules_find_root(m, binary, &root));
	modules_note_root(m, two, &b);
	assert_false(modules_find_root(m, binary, &root));
	modules_keep(m, two);
	assert_int_equal(sweep(m), 1);
	assert_true(modules_find_root(m, binary, &root) && root_id_equal(&root, &b));
	modules_note_root(m, two, &unknown);
	modules_note_root(m, two, &b);
	assert_false(modules_find_root(m, binary, &root));
}

/* Paths take part of a bounded memory, and give it back. */
static void test_long_paths(void **state)
{
	_cleanup_(modules_freep) struct modules *m = NULL;
	char path[4096];

	assert_int_equal(modules_new(1000, &m), 0);
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = 0;
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 900; i++) {
			snprintf(path, 16, "/%014d", round * 1000 + i);
			path[15] = 'x';
			assert_string_equal(modules_get(m, add(m, path))->path, path);
		}
		assert_int_equal(sweep(m), 900);
	}
}

/* A number is another module's later, a handle never is. */
static void test_handles(void **state)
{
	_cleanup_(modules_freep) struct modules *m = NULL;
	uint32_t id = 0, handle, others;

	assert_int_equal(modules_new(MODULE_FIRST_FILE + 2, &m), 0);
	for (int i = 0; i < 3; i++) {
		uint32_t last = id;

		id = add(m, "/one");
		assert_true(i == 0 || id == last);
		handle = modules_handle(m, id);
		assert_int_equal(modules_of_handle(m, handle), id);
		assert_int_equal(sweep(m), 1);
		assert_null(modules_get(m, id));
		assert_int_equal(modules_of_handle(m, handle), MODULE_NONE);
		others = add(m, "/other");
		assert_int_equal(others, id);
		assert_int_not_equal(modules_handle(m, others), handle);
		assert_int_equal(modules_of_handle(m, handle), MODULE_NONE);
		assert_int_equal(sweep(m), 1);
	}
	assert_int_equal(modules_of_handle(m, UINT32_MAX), MODULE_NONE);
	assert_int_equal(modules_of_handle(m, MODULE_NONE), MODULE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
