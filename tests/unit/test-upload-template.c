// SPDX-License-Identifier: Apache-2.0
/* template: what is filled in, what is encoded, what is no template. */
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "tests/unit/target-fixture.h"
#include "uploader/template.h"

static const struct made one_service = { .n_samples = 3, .n_services = 1, .depth = 2, .label_value = "a b/c%\xc3\xa4" };
static const struct made two_services = { .n_samples = 4, .n_services = 2, .depth = 2 };

/* Of the first part of such a profile, with the label env=x y of the target's own. */
static void expect_of(const struct made *made, const char *text, const char *expected)
{
	static const char *const labels[] = { "env=x y", "empty=" };
	_cleanup_(buf_done) struct buf out = {};
	char reason[TARGET_REASON_BYTES];
	struct target_fixture f;

	fixture_init(&f, &target_http, made);
	f.batch.host = "h\xc3\xb6st 1";
	f.config.labels = labels;
	f.config.n_labels = ARRAY_SIZE(labels);
	assert_int_equal(template_check(text, reason), 0);
	assert_int_equal(template_add(text, &f.config, &f.batch, &f.split.parts[0], &out), 0);
	assert_string_equal(out.data, expected);
	fixture_done(&f);
}

static void test_what_is_filled_in(void **state)
{
	expect_of(&one_service, "plain", "plain");
	expect_of(&one_service, "{id}/{part}", FIXTURE_ID "/0");
	expect_of(&one_service, "from={start}&until={end}.", "from=1700000000&until=1700000600.");
	expect_of(&one_service, "{host}", "h%C3%B6st%201");
	expect_of(&one_service, "}{part}}", "}0}");
}

static void test_labels(void **state)
{
	expect_of(&one_service, "{label:env}", "x%20y");
	expect_of(&one_service, "[{label:empty}][{label:none}]", "[][]");
	expect_of(&one_service, "{label:extra}", "a%20b%2Fc%25%C3%A4");
	/* env is no beginning of environment. */
	expect_of(&one_service, "[{label:en}]", "[]");
}

/* What not all samples have is nobody's. */
static void test_a_label_that_differs(void **state)
{
	struct target_fixture f;
	_cleanup_(buf_done) struct buf out = {};

	expect_of(&two_services, "[{service}]", "[]");
	fixture_init(&f, &target_http, &one_service);
	assert_int_equal(template_add("{service}", &f.config, &f.batch, &f.split.parts[0], &out), 0);
	assert_string_equal(out.data, profile_find_label(f.split.parts[0].samples[0], "service_name")->str);
	fixture_done(&f);
}

static void test_what_is_no_template(void **state)
{
	static const char *const texts[] = { "{", "a{host", "{Host}", "{}", "{label}", "{label:}", "{id}{", "{{id}}" };
	_cleanup_(buf_done) struct buf out = {};
	struct target_fixture f;
	char longest[300];

	fixture_init(&f, &target_http, &one_service);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char reason[TARGET_REASON_BYTES] = "";

		assert_int_equal(template_check(texts[i], reason), TEMPLATE_BAD);
		assert_non_null(strstr(reason, "placeholders are {host}"));
		assert_int_equal(template_add(texts[i], &f.config, &f.batch, &f.split.parts[0], &out), -EINVAL);
	}
	/* One that is too long, and a reason that must be cut. */
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "{label:", 7);
	longest[sizeof(longest) - 2] = '}';
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(template_check(longest, (char[TARGET_REASON_BYTES]){}), TEMPLATE_BAD);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_filled_in),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_a_label_that_differs),
		cmocka_unit_test(test_what_is_no_template),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
