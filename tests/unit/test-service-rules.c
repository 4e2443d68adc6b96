// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "workload/service-rules.h"

/* cmdline is empty. */
static struct service_rule rule_of(const char *name, const char *container, const char *unit, const char *exe)
{
	return (struct service_rule){
		.name = name, .version = "", .container = container, .unit = unit, .exe = exe, .cmdline = ""
	};
}

static const char *found(const struct service_rules *rules, const struct service_facts *facts)
{
	const struct service_rule *rule = service_rules_find(rules, facts);

	return rule ? rule->name : "none";
}

static struct service_rules *rules_of(const struct service_rule *from, size_t n)
{
	struct service_rules *rules;

	assert_int_equal(service_rules_new(&rules), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(service_rules_add(rules, &from[i]), 0);
	return rules;
}

static void test_each_fact(void **state)
{
	struct service_rule from[] = {
		rule_of("by container", "web-*", "", ""),
		rule_of("by unit", "", "nginx.service", ""),
		rule_of("by exe", "", "", "/opt/*"),
		rule_of("by cmdline", "", "", ""),
	};
	_cleanup_(service_rules_freep) struct service_rules *rules = NULL;

	from[3].cmdline = "*-jar api.jar*";
	rules = rules_of(from, ARRAY_SIZE(from));
	assert_string_equal(found(rules, &(struct service_facts){ .container = "web-7" }), "by container");
	assert_string_equal(found(rules, &(struct service_facts){ .unit = "nginx.service" }), "by unit");
	assert_string_equal(found(rules, &(struct service_facts){ .exe = "/opt/x/y" }), "by exe");
	assert_string_equal(found(rules, &(struct service_facts){ .cmdline = "java -jar api.jar -v" }), "by cmdline");
	assert_string_equal(found(rules, &(struct service_facts){ .exe = "/usr/bin/x" }), "none");
	assert_string_equal(found(rules, &(struct service_facts){}), "none");
}

static void test_all_given_globs_must_match(void **state)
{
	const struct service_rule from = rule_of("both", "web", "", "*/java");
	_cleanup_(service_rules_freep) struct service_rules *rules = rules_of(&from, 1);

	assert_string_equal(found(rules, &(struct service_facts){ .container = "web", .exe = "/bin/java" }), "both");
	assert_string_equal(found(rules, &(struct service_facts){ .container = "web", .exe = "/bin/sh" }), "none");
	assert_string_equal(found(rules, &(struct service_facts){ .container = "web" }), "none");
	assert_string_equal(found(rules, &(struct service_facts){ .exe = "/bin/java" }), "none");
}

static void test_environment(void **state)
{
	static const char *const wanted[] = { "APP=api-*", "STAGE=prod" };
	static const char *const right[] = { "PATH=/bin", "STAGE=prod", "APP=api-7" };
	static const char *const wrong[] = { "APP=api-7", "STAGE=test" };
	static const char *const longer_key[] = { "STAGE=prod", "APPLE=api-7", "APP" };
	struct service_rule from = rule_of("env", "", "", "");
	_cleanup_(service_rules_freep) struct service_rules *rules = NULL;

	from.environment = wanted;
	from.n_environment = ARRAY_SIZE(wanted);
	rules = rules_of(&from, 1);

	assert_string_equal(found(rules, &(struct service_facts){ .environment = right, .n_environment = 3 }), "env");
	assert_string_equal(found(rules, &(struct service_facts){ .environment = wrong, .n_environment = 2 }), "none");
	assert_string_equal(found(rules, &(struct service_facts){ .environment = longer_key, .n_environment = 3 }),
			    "none");
	assert_string_equal(found(rules, &(struct service_facts){ .exe = "/bin/x" }), "none");
}

static void test_first_rule_wins(void **state)
{
	struct service_rule from[] = { rule_of("a", "", "", "/opt/*"), rule_of("b", "", "", "/opt/b") };
	_cleanup_(service_rules_freep) struct service_rules *rules = NULL;
	const struct service_rule *rule;

	from[0].version = "1";
	rules = rules_of(from, 2);
	rule = service_rules_find(rules, &(struct service_facts){ .exe = "/opt/b" });

	assert_non_null(rule);
	assert_string_equal(rule->name, "a");
	assert_string_equal(rule->version, "1");
}

static void test_limit(void **state)
{
	const struct service_rule from = rule_of("a", "", "", "x");
	_cleanup_(service_rules_freep) struct service_rules *rules = rules_of(NULL, 0);

	for (size_t i = 0; i < SERVICE_RULES_MAX; i++)
		assert_int_equal(service_rules_add(rules, &from), 0);
	assert_int_equal(service_rules_add(rules, &from), -ENOSPC);
}

static void test_what_they_ask_for(void **state)
{
	static const char *const variables[] = { "TEAM=a*", "TEAMS=*", "TEAM=b" }, *const others[] = { "A=*",
												       "TEAM=*" };
	struct service_rule from[] = { rule_of("a", "", "", "/a"), rule_of("b", "", "", "/b") };
	_cleanup_(service_rules_freep) struct service_rules *none = rules_of(from, 2), *some = NULL;
	_cleanup_(buf_done) struct buf names = {};

	assert_false(service_rules_ask_for_cmdline(none));
	assert_int_equal(service_rules_add_variables(none, &names), 0);
	assert_string_equal(names.data, "");
	from[0].environment = variables;
	from[0].n_environment = ARRAY_SIZE(variables);
	from[1].environment = others;
	from[1].n_environment = ARRAY_SIZE(others);
	from[1].cmdline = "*x*";
	some = rules_of(from, 2);
	assert_true(service_rules_ask_for_cmdline(some));
	assert_int_equal(service_rules_add_variables(some, &names), 0);
	assert_string_equal(names.data, "TEAM,TEAMS,A");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_fact),   cmocka_unit_test(test_all_given_globs_must_match),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_first_rule_wins),
		cmocka_unit_test(test_limit),       cmocka_unit_test(test_what_they_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
