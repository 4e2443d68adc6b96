// SPDX-License-Identifier: Apache-2.0
/* The parsers of host facts, fed texts as kernels write them and texts that none would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/host-facts.h"

static void test_status(void **state)
{
	uint64_t capabilities = 7;
	int64_t seccomp = 7;

	assert_int_equal(host_parse_status("Name:\tx\nCapInh:\t0000000000000001\nCapEff:\t000001fffeffffff\n"
					   "Seccomp:\t2\nSeccomp_filters:\t1\n",
					   &capabilities, &seccomp),
			 0);
	assert_true(capabilities == 0x1fffeffffffULL);
	assert_int_equal(seccomp, 2);
	assert_int_equal(host_parse_status("CapEff:\t0000000000000000\n", &capabilities, &seccomp), 0);
	assert_true(capabilities == 0);
	assert_int_equal(seccomp, 0); /* no CONFIG_SECCOMP */
}

static void test_status_is_odd(void **state)
{
	uint64_t capabilities = 7;
	int64_t seccomp = 7;

	assert_int_equal(host_parse_status("", &capabilities, &seccomp), -EBADMSG);
	assert_int_equal(host_parse_status("XCapEff:\t1\n", &capabilities, &seccomp), -EBADMSG);
	assert_int_equal(host_parse_status("CapEff:\n", &capabilities, &seccomp), -EBADMSG);
	assert_int_equal(host_parse_status("CapEff:\t11112222333344445555\n", &capabilities, &seccomp), -EBADMSG);
	assert_int_equal(host_parse_status("CapEff:\t1\nSeccomp:\t18446744073709551615\n", &capabilities, &seccomp),
			 -EBADMSG);
	assert_true(capabilities == 7);
	assert_int_equal(seccomp, 7);
}

static void test_lockdown(void **state)
{
	enum lockdown lockdown;

	assert_int_equal(host_parse_lockdown("[none] integrity confidentiality\n", &lockdown), 0);
	assert_int_equal(lockdown, LOCKDOWN_NONE);
	assert_int_equal(host_parse_lockdown("none [integrity] confidentiality\n", &lockdown), 0);
	assert_int_equal(lockdown, LOCKDOWN_INTEGRITY);
	assert_int_equal(host_parse_lockdown("none integrity [confidentiality]\n", &lockdown), 0);
	assert_int_equal(lockdown, LOCKDOWN_CONFIDENTIALITY);
	assert_int_equal(host_parse_lockdown("none integrity\n", &lockdown), -EBADMSG);
}

static void test_steal(void **state)
{
	uint64_t permyriad;

	/* 60 of 1000: guest time (the last two) is within user and nice */
	assert_int_equal(host_parse_steal("cpu  500 40 100 250 20 10 20 60 300 5\ncpu0 1 1 1 1 1 1 1 1 1 1\n",
					  &permyriad),
			 0);
	assert_int_equal(permyriad, 600);
	assert_int_equal(host_parse_steal("cpu  0 0 0 0 0 0 0 0 0 0\n", &permyriad), 0);
	assert_int_equal(permyriad, 0);
	assert_int_equal(host_parse_steal("cpu  1 2 3 4 5 6 7\n", &permyriad), -EBADMSG); /* older than 2.6.11 */
	assert_int_equal(host_parse_steal("cpu  1 2 3 4 5 6 7 x\n", &permyriad), -EBADMSG);
	assert_int_equal(host_parse_steal("cpu  18446744073709551615 1 1 1 1 1 1 1\n", &permyriad), -EBADMSG);
	assert_int_equal(host_parse_steal("cpu  0 0 0 0 0 0 0 18446744073709551615\n", &permyriad), -EBADMSG);
	assert_int_equal(host_parse_steal("", &permyriad), -EBADMSG);
}

static void test_namespace(void **state)
{
	uint64_t inode;

	assert_int_equal(host_parse_namespace("pid:[4026531836]", &inode), 0);
	assert_true(inode == INITIAL_PID_NAMESPACE);
	assert_int_equal(host_parse_namespace("user:[4026531837]", &inode), 0);
	assert_true(inode == INITIAL_USER_NAMESPACE);
	assert_int_equal(host_parse_namespace("pid:[]", &inode), -EBADMSG);
	assert_int_equal(host_parse_namespace("pid:[1", &inode), -EBADMSG);
	assert_int_equal(host_parse_namespace("pid:4026531836", &inode), -EBADMSG);
	assert_int_equal(host_parse_namespace("pid:[1]x", &inode), -EBADMSG);
}

static void test_number(void **state)
{
	int64_t value;

	assert_int_equal(host_parse_number("2\n", &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(host_parse_number("-1\n", &value), 0);
	assert_int_equal(value, -1);
	assert_int_equal(host_parse_number("1", &value), 0); /* /sys/fs/selinux/enforce has no newline */
	assert_int_equal(value, 1);
	assert_int_equal(host_parse_number("", &value), -EBADMSG);
	assert_int_equal(host_parse_number("-\n", &value), -EBADMSG);
	assert_int_equal(host_parse_number("2 3\n", &value), -EBADMSG);
	assert_int_equal(host_parse_number("9223372036854775808\n", &value), -EBADMSG);
}

static void test_cpu_count(void **state)
{
	uint64_t n;

	assert_int_equal(host_parse_cpu_count("0-1\n", &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(host_parse_cpu_count("0,2-5,8191\n", &n), 0);
	assert_int_equal(n, 6);
	assert_int_equal(host_parse_cpu_count("\n", &n), -EBADMSG);
	assert_int_equal(host_parse_cpu_count("0-8192\n", &n), -EBADMSG);
}

static void expect_modes(const char *text, bool v1, bool v2)
{
	bool got_v1 = !v1, got_v2 = !v2;

	host_parse_cgroup_modes(text, &got_v1, &got_v2);
	assert_int_equal(got_v1, v1);
	assert_int_equal(got_v2, v2);
}

static void test_cgroup_modes(void **state)
{
	expect_modes("0::/user.slice\n", false, true);
	expect_modes("11:memory:/a\n1:name=systemd:/\n0::/\n", true, true);
	expect_modes("9:memory:/docker/0::\n", true, false);
	expect_modes("", false, false);
	expect_modes("\n\n", false, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),    cmocka_unit_test(test_status_is_odd), cmocka_unit_test(test_lockdown),
		cmocka_unit_test(test_steal),     cmocka_unit_test(test_namespace),     cmocka_unit_test(test_number),
		cmocka_unit_test(test_cpu_count), cmocka_unit_test(test_cgroup_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
