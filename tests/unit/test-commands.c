// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include "cli/command.h"

static void test_command_find(void **state)
{
	assert_ptr_equal(command_find("doctor"), &cmd_doctor);
	assert_ptr_equal(command_find("help"), &cmd_help);
	assert_null(command_find("docto"));
	assert_null(command_find(""));
}

static void test_commands_are_whole(void **state)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *c = commands[i];

		assert_ptr_equal(command_find(c->name), c); /* no name twice */
		assert_non_null(c->run);
		assert_non_null(c->summary);
		assert_memory_equal(c->usage, "usage: cpuhound ", 16);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_command_find),
		cmocka_unit_test(test_commands_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
