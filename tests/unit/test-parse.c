// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/parse.h"
#include "tests/unit/cmocka-all.h"

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		unsigned int base;
		int r;
		uint64_t value;
	} cases[] = {
		{ "0", 10, 0, 0 },
		{ "007", 10, 0, 7 },
		{ "18446744073709551615", 10, 0, UINT64_MAX },
		{ "18446744073709551616", 10, -ERANGE, 0 },
		{ "99999999999999999999999", 10, -ERANGE, 0 },
		{ "ffffffffffffffff", 16, 0, UINT64_MAX },
		{ "FfAb09", 16, 0, 0xffab09 },
		{ "10000000000000000", 16, -ERANGE, 0 },
		{ "", 10, -EINVAL, 0 },
		{ "-1", 10, -EINVAL, 0 },
		{ "+1", 10, -EINVAL, 0 },
		{ " 1", 10, -EINVAL, 0 },
		{ "1 ", 10, -EINVAL, 0 },
		{ "1\n", 10, -EINVAL, 0 },
		{ "0x10", 16, -EINVAL, 0 },
		{ "1a", 10, -EINVAL, 0 },
		{ "g", 16, -EINVAL, 0 },
		{ "\xb2", 10, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 42;

		if (parse_u64(cases[i].text, cases[i].base, &value) != cases[i].r)
			fail_msg("'%s' in base %u", cases[i].text, cases[i].base);
		assert_true(value == (cases[i].r == 0 ? cases[i].value : 42));
	}
}

static void test_u64_at(void **state)
{
	const char text[] = "12 fe,x", *p = text;
	uint64_t value = 0;

	assert_int_equal(parse_u64_at(&p, text + 7, 10, &value), 0);
	assert_int_equal(value, 12);
	assert_ptr_equal(p, text + 2);
	assert_int_equal(parse_u64_at(&p, text + 7, 10, &value), -EINVAL);
	assert_ptr_equal(p, text + 2);
	p++;
	assert_int_equal(parse_u64_at(&p, text + 4, 16, &value), 0); /* ends with the record */
	assert_int_equal(value, 0xf);
	assert_ptr_equal(p, text + 4);
	assert_int_equal(parse_u64_at(&p, text + 4, 16, &value), -EINVAL);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t ns;
	} cases[] = {
		{ "10", 0, 10000000000 },
		{ "10s", 0, 10000000000 },
		{ "500ms", 0, 500000000 },
		{ "5m", 0, 300000000000 },
		{ "1h", 0, 3600000000000 },
		{ "7d", 0, 604800000000000 },
		{ "0", 0, 0 },
		{ "18446744073", 0, 18446744073000000000ULL },
		{ "18446744074", -ERANGE, 0 },
		{ "213504d", -ERANGE, 0 },
		{ "99999999999999999999ms", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "1w", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1sm", -EINVAL, 0 },
		{ "1h30m", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ns = 42;

		if (parse_duration_ns(cases[i].text, &ns) != cases[i].r)
			fail_msg("'%s'", cases[i].text);
		assert_true(ns == (cases[i].r == 0 ? cases[i].ns : 42));
	}
}

static void assert_cpus(const char *text, int r, const char *expected)
{
	bool cpus[8];
	char seen[9] = "";

	memset(cpus, 1, sizeof(cpus));
	if (parse_cpu_list(text, cpus, ARRAY_SIZE(cpus)) != r)
		fail_msg("'%s'", text);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(cpus); i++)
		seen[i] = cpus[i] ? '1' : '0';
	assert_string_equal(seen, expected);
}

static void test_cpu_lists(void **state)
{
	assert_cpus("0", 0, "10000000");
	assert_cpus("0-3,7\n", 0, "11110001");
	assert_cpus("7,0-1", 0, "11000001");
	assert_cpus("2-2", 0, "00100000");
	assert_cpus("0-7", 0, "11111111");
	assert_cpus("", 0, "00000000");
	assert_cpus("\n", 0, "00000000");
	assert_cpus("8", -ERANGE, "");
	assert_cpus("0-18446744073709551615", -ERANGE, "");
	assert_cpus("18446744073709551616", -ERANGE, "");
	assert_cpus("3-1", -EINVAL, "");
	assert_cpus("1-", -EINVAL, "");
	assert_cpus("-1", -EINVAL, "");
	assert_cpus("1;2", -EINVAL, "");
	assert_cpus("1,,2", -EINVAL, "");
	assert_cpus("1,", -EINVAL, "");
	assert_cpus(",1", -EINVAL, "");
	assert_cpus("0x1", -EINVAL, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_u64_at),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_cpu_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
