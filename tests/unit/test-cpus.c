// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include "agent/cpus.h"

static void test_idle_of_each_cpu(void **state)
{
	/* proc(5): user nice system idle iowait irq softirq steal guest guest_nice; CPU 1 is offline. */
	static const char text[] = "cpu  10 20 30 400 50 0 0 0 0 0\n"
				   "cpu0 1 2 3 40 5 0 0 0 0 0\n"
				   "cpu2 1 2 3 7 0 0 0 0 0 0\n"
				   "intr 99 4 5\nctxt 1\n";
	_cleanup_free_ uint64_t *idle_ns = NULL;
	size_t n;

	assert_int_equal(cpus_parse_idle_ns(text, 100, &idle_ns, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(idle_ns[0], 450000000);
	assert_int_equal(idle_ns[1], 0);
	assert_int_equal(idle_ns[2], 70000000);
}

static void test_damaged_text(void **state)
{
	static const char *const bad[] = { "cpu0 1 2 3\n", "cpux 1 2 3 4 5\n", "cpu99999 1 2 3 4 5\n", "cpu0" };
	uint64_t *idle_ns = NULL;
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(cpus_parse_idle_ns(bad[i], 100, &idle_ns, &n) < 0);
	assert_null(idle_ns);
}

static void test_this_machine(void **state)
{
	_cleanup_free_ unsigned int *online = NULL;
	_cleanup_free_ uint64_t *idle_ns = NULL;
	size_t n_online, n_possible, n_idle;

	assert_int_equal(cpus_read(CPUS_ONLINE, &online, &n_online), 0);
	assert_int_equal(n_online, sysconf(_SC_NPROCESSORS_ONLN));
	assert_int_equal(cpus_end(CPUS_POSSIBLE, &n_possible), 0);
	assert_true(n_possible > online[n_online - 1]);
	assert_int_equal(n_possible, sysconf(_SC_NPROCESSORS_CONF));
	assert_int_equal(cpus_idle_ns(&idle_ns, &n_idle), 0);
	assert_true(n_idle > online[n_online - 1]);
	assert_true(idle_ns[online[0]] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_of_each_cpu),
		cmocka_unit_test(test_damaged_text),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
