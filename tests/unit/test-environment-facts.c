// SPDX-License-Identifier: Apache-2.0
/* environment facts: what is told of an environment, and what is not. */
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "symbolizer/environment-facts.h"

#define TEXT(s) s, sizeof(s) /* with the last NUL */

static const struct {
	const char *text;
	size_t size;
	const char *name, *version;
} cases[] = {
	{ TEXT("PATH=/bin\0OTEL_SERVICE_NAME=api\0HOME=/"), "api", "" },
	{ TEXT("OTEL_SERVICE_NAME=two words"), "two words", "" },
	{ TEXT("OTEL_RESOURCE_ATTRIBUTES=service.version=1.2.3,service.name=api"), "api", "1.2.3" },
	{ TEXT("OTEL_RESOURCE_ATTRIBUTES=service.name=no\0OTEL_SERVICE_NAME=api"), "api", "" },
	{ TEXT("OTEL_RESOURCE_ATTRIBUTES= service.version = v1%2C2%20rc%3d ,x=y,,="), "", "v1,2 rc=" },
	{ TEXT("OTEL_RESOURCE_ATTRIBUTES=service.version=50%,service.name=%zz%4%00"), "%zz%4%00", "50%" },
	{ TEXT("XOTEL_SERVICE_NAME=no\0OTEL_SERVICE_NAMES=no\0OTEL_SERVICE_NAME"), "", "" },
	{ "OTEL_SERVICE_NAME=cut", 21, "cut", "" },
	{ "", 0, "", "" },
};

static void test_service(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct environment_facts facts;

		environment_facts_parse(cases[i].text, cases[i].size, "", &facts);
		if (strcmp(facts.service_name, cases[i].name) != 0 ||
		    strcmp(facts.service_version, cases[i].version) != 0)
			fail_msg("case %zu: '%s', '%s'", i, facts.service_name, facts.service_version);
		assert_string_equal(facts.wanted[0], "");
	}
}

static void test_wanted_only(void **state)
{
	static const char text[] = "PASSWORD=secret\0TEAM=a=b\0TEAMS=\0SECRET=x\0A=1";
	static const char secrets[] = "secret";
	struct environment_facts facts;

	environment_facts_parse(text, sizeof(text), "TEAM,A,TEAMS", &facts);
	assert_string_equal(facts.wanted[0], "TEAM=a=b");
	assert_string_equal(facts.wanted[1], "TEAMS=");
	assert_string_equal(facts.wanted[2], "A=1");
	assert_string_equal(facts.wanted[3], "");
	assert_null(memmem(&facts, sizeof(facts), secrets, strlen(secrets)));
}

static void test_bounds(void **state)
{
	char text[40 * 4 + 1], large[ENVIRONMENT_FACT_BYTES + 40];
	struct environment_facts facts;

	for (size_t i = 0; i < 40; i++)
		memcpy(text + 4 * i, "A=b", 4);
	environment_facts_parse(text, sizeof(text) - 1, "A", &facts);
	assert_string_equal(facts.wanted[ENVIRONMENT_MAX_WANTED - 1], "A=b");

	memset(large, 'x', sizeof(large));
	memcpy(large, "OTEL_SERVICE_NAME=", 18);
	environment_facts_parse(large, 18 + ENVIRONMENT_FACT_BYTES - 1, "", &facts);
	assert_int_equal(strlen(facts.service_name), ENVIRONMENT_FACT_BYTES - 1);
	environment_facts_parse(large, 18 + ENVIRONMENT_FACT_BYTES, "", &facts);
	assert_string_equal(facts.service_name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_wanted_only),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
