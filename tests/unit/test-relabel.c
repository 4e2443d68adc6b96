// SPDX-License-Identifier: Apache-2.0
/*
 * Relabelling against what Prometheus documents (docs/configuration/configuration.md, <relabel_config>) and against
 * the cases of its own test (model/relabel/relabel_test.go, TestRelabel), written anew.
 */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "workload/label-set.h"
#include "workload/relabel.h"

#define MAX_RULES 4

struct rule {
	const char *action, *sources, *separator, *regex, *target, *replacement; /* NULL: the default */
};

struct relabel_case {
	const char *before; /* a=x,b=y */
	struct rule rules[MAX_RULES];
	const char *after; /* NULL: dropped */
};

static void fill(struct label_set *set, const char *text)
{
	char copy[512], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *pair = strtok_r(copy, ",", &save); pair; pair = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(pair, '=');

		*equals = 0;
		assert_int_equal(label_set_put(set, pair, equals + 1), 0);
	}
}

static int add_rule(struct relabel *r, const struct rule *rule, struct relabel_fault *ret_fault)
{
	char copy[256], *save = NULL;
	const char *sources[RELABEL_MAX_SOURCES + 1];
	struct relabel_spec spec = {
		.action = rule->action ? rule->action : "replace",
		.source_labels = sources,
		.separator = rule->separator ? rule->separator : ";",
		.regex = rule->regex ? rule->regex : "(.*)",
		.target_label = rule->target ? rule->target : "",
		.replacement = rule->replacement ? rule->replacement : "$1",
	};

	snprintf(copy, sizeof(copy), "%s", rule->sources ? rule->sources : "");
	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save))
		sources[spec.n_source_labels++] = s;
	return relabel_add(r, &spec, ret_fault);
}

static bool is_used(const struct rule *rule)
{
	return rule->action || rule->target;
}

static void check(const struct relabel_case *c)
{
	_cleanup_(relabel_freep) struct relabel *r = NULL;
	_cleanup_(label_set_done) struct label_set labels = {}, wanted = {};
	struct relabel_fault fault = {};
	int answer;

	fill(&labels, c->before);
	assert_int_equal(relabel_new(&r), 0);
	for (size_t i = 0; i < MAX_RULES && is_used(&c->rules[i]); i++) {
		answer = add_rule(r, &c->rules[i], &fault);
		if (answer != 0)
			fail_msg("%s: rule %zu: %s: %s", c->before, i, fault.key, fault.why);
	}
	answer = relabel_apply(r, &labels);
	if (!c->after) {
		assert_int_equal(answer, RELABEL_DROPPED);
		return;
	}
	assert_int_equal(answer, 0);
	fill(&wanted, c->after);
	if (labels.n != wanted.n)
		fail_msg("%s: %zu labels instead of %zu", c->before, labels.n, wanted.n);
	for (size_t i = 0; i < wanted.n; i++) {
		const char *value = label_set_find(&labels, wanted.items[i].name);

		if (!value || strcmp(value, wanted.items[i].value) != 0)
			fail_msg("%s: %s is %s instead of %s", c->before, wanted.items[i].name, value ? value : "none",
				 wanted.items[i].value);
	}
	assert_int_equal(relabel_n_given_up(r), 0);
}

static void test_replace(void **state)
{
	static const struct relabel_case cases[] = {
		{ "a=foo,b=bar,c=baz",
		  { { .sources = "a", .regex = "f(.*)", .target = "d", .replacement = "ch${1}-ch${1}" } },
		  "a=foo,b=bar,c=baz,d=choo-choo" },
		{ "a=foo,b=bar,c=baz",
		  { { .sources = "a,b", .regex = "f(.*);(.*)r", .target = "a", .replacement = "b${1}${2}m" },
		    { .sources = "c,a", .regex = "(b).*b(.*)ba(.*)", .target = "d", .replacement = "$1$2$2$3" } },
		  "a=boobam,b=bar,c=baz,d=boooom" },
		/* defaults: all of it, joined by ';' */
		{ "a=x,b=y", { { .sources = "a,b", .target = "c" } }, "a=x,b=y,c=x;y" },
		{ "a=x,b=y", { { .sources = "a,b", .separator = "", .target = "c" } }, "a=x,b=y,c=xy" },
		/* a label that is not there is empty, and keeps its separators */
		{ "b=y", { { .sources = "a,b,c", .separator = "-", .target = "d" } }, "b=y,d=-y-" },
		/* no match: nothing happens; the whole text must match */
		{ "a=foo", { { .sources = "a", .regex = "oo", .target = "b" } }, "a=foo" },
		{ "a=foo",
		  { { .sources = "a", .regex = "f|fo|foo", .target = "b", .replacement = "x" } },
		  "a=foo,b=x" },
		/* an empty result removes */
		{ "a=foo,b=bar",
		  { { .sources = "a", .regex = "(f).*", .target = "b", .replacement = "$2" } },
		  "a=foo" },
		{ "a=foo,b=bar", { { .sources = "a", .target = "b", .replacement = "" } }, "a=foo" },
		/* no source: sets it for all */
		{ "a=foo", { { .target = "b", .replacement = "fixed" } }, "a=foo,b=fixed" },
		/* the target may be made of groups; what is no name then does nothing */
		{ "a=some-name-value",
		  { { .sources = "a", .regex = "some-([^-]+)-([^,]+)", .target = "${1}", .replacement = "${2}" } },
		  "a=some-name-value,name=value" },
		{ "a=some-2name-value",
		  { { .sources = "a", .regex = "some-([^-]+)-([^,]+)", .target = "${1}", .replacement = "${2}" } },
		  "a=some-2name-value" },
		{ "a=some-name-value",
		  { { .sources = "a", .regex = "some-([^-]+)-([^,]+)", .target = "${3}", .replacement = "${1}" } },
		  "a=some-name-value" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void test_templates(void **state)
{
	static const struct relabel_case cases[] = {
		{ "a=xy",
		  { { .sources = "a", .regex = "(x)(y)", .target = "b", .replacement = "$$1-$2$" } },
		  "a=xy,b=$1-y$" },
		/* the longest name: the group "1x" is not there */
		{ "a=xy",
		  { { .sources = "a", .regex = "(x)(y)", .target = "b", .replacement = "<$1x>" } },
		  "a=xy,b=<>" },
		{ "a=xy",
		  { { .sources = "a", .regex = "(x)(y)", .target = "b", .replacement = "<${1}x>" } },
		  "a=xy,b=<xx>" },
		{ "a=xy",
		  { { .sources = "a", .regex = "(?P<first>x)(y)", .target = "b", .replacement = "$first${first}" } },
		  "a=xy,b=xx" },
		{ "a=xy",
		  { { .sources = "a", .regex = "(x)(z)?(y)", .target = "b", .replacement = "[$2$0$99$01]" } },
		  "a=xy,b=[xy]" },
		{ "a=xy", { { .sources = "a", .regex = "(x).*", .target = "b", .replacement = "${1" } }, "a=xy,b=${1" },
		{ "a=xy",
		  { { .sources = "a", .regex = "(x).*", .target = "b", .replacement = "${}$-" } },
		  "a=xy,b=${}$-" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void test_keep_and_drop(void **state)
{
	static const struct relabel_case cases[] = {
		{ "a=foo", { { .action = "drop", .sources = "a", .regex = ".*o.*" } }, NULL },
		{ "a=foo", { { .action = "drop", .sources = "a", .regex = "f" } }, "a=foo" },
		{ "a=foo", { { .action = "keep", .sources = "a", .regex = "no-match" } }, NULL },
		{ "a=foo", { { .action = "keep", .sources = "a", .regex = "f.*" } }, "a=foo" },
		{ "a=foo", { { .action = "keep", .sources = "b", .regex = ".+" } }, NULL },
		/* what comes after a drop is not done, what comes before is */
		{ "a=boo",
		  { { .sources = "a", .target = "b", .regex = "b(.*)", .replacement = "x$1" },
		    { .action = "drop", .sources = "b", .regex = "xoo" } },
		  NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void test_names_of_labels(void **state)
{
	static const struct relabel_case cases[] = {
		{ "a=foo,b1=bar,b2=baz",
		  { { .action = "labelmap", .regex = "(b.*)", .replacement = "bar_${1}" } },
		  "a=foo,b1=bar,b2=baz,bar_b1=bar,bar_b2=baz" },
		{ "a=foo,__meta_my_bar=aaa,__meta_my_baz=bbb,__meta_other=ccc",
		  { { .action = "labelmap", .regex = "__meta_(my.*)", .replacement = "${1}" } },
		  "a=foo,my_bar=aaa,my_baz=bbb" },
		/* labels that the rule itself makes are not seen by it */
		{ "a=1,b=2", { { .action = "labelmap", .regex = "a", .replacement = "b" } }, "a=1,b=1" },
		{ "a=1,b=2", { { .action = "labelmap", .regex = "(.)", .replacement = "x$1" } }, "a=1,b=2,xa=1,xb=2" },
		{ "a=1,b=2", { { .action = "labelmap", .regex = "(.)", .replacement = "-$1" } }, "a=1,b=2" },
		{ "a=foo,b1=bar,b2=baz", { { .action = "labeldrop", .regex = "b.*" } }, "a=foo" },
		{ "a=foo,b1=bar,b2=baz", { { .action = "labeldrop", .regex = "b" } }, "a=foo,b1=bar,b2=baz" },
		{ "a=foo,b1=bar,b2=baz", { { .action = "labelkeep", .regex = "b.*" } }, "b1=bar,b2=baz" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

/* As PCRE2 and RE2 both have them. */
static void test_expressions(void **state)
{
	static const struct relabel_case cases[] = {
		{ "a=WEB-17", { { .sources = "a", .regex = "(?i)web-(\\d+)", .target = "b" } }, "a=WEB-17,b=17" },
		{ "a=gr\xc3\xbc\xc3\x9f",
		  { { .action = "keep", .sources = "a", .regex = "gr.." } },
		  "a=gr\xc3\xbc\xc3\x9f" },
		{ "a=x", { { .action = "keep", .sources = "a", .regex = "^x$" } }, "a=x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i]);
}

static void expect_fault(const struct rule *rule, const char *key, const char *why)
{
	_cleanup_(relabel_freep) struct relabel *r = NULL;
	struct relabel_fault fault;

	assert_int_equal(relabel_new(&r), 0);
	assert_int_equal(add_rule(r, rule, &fault), RELABEL_BAD);
	assert_string_equal(fault.key, key);
	if (!strstr(fault.why, why))
		fail_msg("'%s' does not tell '%s'", fault.why, why);
}

static void test_faults(void **state)
{
	expect_fault(&(struct rule){ .action = "substitute" }, "action", "no such action");
	expect_fault(&(struct rule){ .target = "x", .regex = "(a" }, "regex",
		     "missing closing parenthesis (at character 3)");
	expect_fault(&(struct rule){ .action = "replace" }, "target_label", "needs the label to set");
	expect_fault(&(struct rule){ .target = "a-b" }, "target_label", "'a-b' is no name of a label");
	expect_fault(&(struct rule){ .action = "keep", .regex = "x" }, "source_labels", "needs the labels");
	expect_fault(&(struct rule){ .action = "drop", .sources = "a b" }, "source_labels", "'a b' is no name");
	expect_fault(&(struct rule){ .action = "drop", .sources = "a", .target = "b" }, "target_label",
		     "sets no label");
	expect_fault(&(struct rule){ .action = "labeldrop", .sources = "a" }, "source_labels", "names of all labels");
	expect_fault(&(struct rule){ .action = "drop", .sources = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q" },
		     "source_labels", "more than 16");
}

/* A match that would take for ever is given up soon, and counted. */
static void test_given_up(void **state)
{
	_cleanup_(relabel_freep) struct relabel *r = NULL;
	_cleanup_(label_set_done) struct label_set labels = {};
	const struct rule rule = { .sources = "a", .regex = "(a+)+[bc]", .target = "t", .replacement = "x" };
	struct relabel_fault fault;
	clock_t begin = clock();

	assert_int_equal(relabel_new(&r), 0);
	assert_int_equal(add_rule(r, &rule, &fault), 0);
	assert_int_equal(label_set_put(&labels, "a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad"), 0);
	assert_int_equal(relabel_apply(r, &labels), 0);
	assert_null(label_set_find(&labels, "t"));
	assert_int_equal(relabel_n_given_up(r), 1);
	assert_true(clock() - begin < CLOCKS_PER_SEC / 20); /* the limit of PCRE2 itself takes 100 times as long */
}

static void test_values_are_bounded_and_valid(void **state)
{
	_cleanup_(relabel_freep) struct relabel *r = NULL;
	_cleanup_(label_set_done) struct label_set labels = {};
	const struct rule rule = { .sources = "a", .target = "a", .replacement = "$1$1$1" };
	char value[LABEL_VALUE_MAX_BYTES + 1];
	struct relabel_fault fault;

	memset(value, 'x', sizeof(value) - 1);
	value[0] = '\xff';
	memcpy(value + 1000, "\xe2\x82\xac", 3);
	value[sizeof(value) - 1] = 0;
	assert_int_equal(label_set_put(&labels, "a", value), 0);
	assert_memory_equal(label_set_find(&labels, "a"), "\xef\xbf\xbdxx", 5);
	assert_int_equal(relabel_new(&r), 0);
	assert_int_equal(add_rule(r, &rule, &fault), 0);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(relabel_apply(r, &labels), 0);
	assert_in_range(strlen(label_set_find(&labels, "a")), LABEL_VALUE_MAX_BYTES - 3, LABEL_VALUE_MAX_BYTES);
}

static void test_label_set(void **state)
{
	_cleanup_(label_set_done) struct label_set labels = {};
	char name[16];

	assert_int_equal(label_set_put(&labels, "a b", "x"), -EINVAL);
	assert_int_equal(label_set_put(&labels, "", "x"), -EINVAL);
	assert_int_equal(label_set_put(&labels, "1a", "x"), -EINVAL);
	for (size_t i = 0; i < LABEL_SET_MAX; i++) {
		snprintf(name, sizeof(name), "l%zu", i);
		assert_int_equal(label_set_put(&labels, name, "x"), 0);
	}
	assert_int_equal(label_set_put(&labels, "more", "x"), -ENOSPC);
	assert_int_equal(label_set_put(&labels, "l3", "y"), 0);
	assert_string_equal(label_set_find(&labels, "l3"), "y");
	assert_int_equal(label_set_put(&labels, "l0", ""), 0);
	assert_null(label_set_find(&labels, "l0"));
	assert_string_equal(labels.items[0].name, "l1");
	assert_int_equal(labels.n, LABEL_SET_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace),       cmocka_unit_test(test_templates),
		cmocka_unit_test(test_keep_and_drop), cmocka_unit_test(test_names_of_labels),
		cmocka_unit_test(test_expressions),   cmocka_unit_test(test_faults),
		cmocka_unit_test(test_given_up),      cmocka_unit_test(test_values_are_bounded_and_valid),
		cmocka_unit_test(test_label_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
