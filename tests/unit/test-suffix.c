// SPDX-License-Identifier: Apache-2.0
#include "common/suffix.h"
#include "tests/unit/cmocka-all.h"

static void test_suffixes(void **state)
{
	assert_true(has_suffix("a.pb.gz", ".pb.gz"));
	assert_false(has_suffix(".pb.gz", ".pb.gz"));
	assert_false(has_suffix("a.pb.gzz", ".pb.gz"));
	assert_false(has_suffix("gz", ".pb.gz"));
	assert_false(has_suffix("", ".pb.gz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suffixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
