// SPDX-License-Identifier: Apache-2.0
/* Files for speedscope: what is in them, of names that JSON must escape and of sums that no file can have. */
#include "report/speedscope.h"

#include <string.h>

#include "common/json.h"
#include "tests/unit/built-profile.h"

static const struct profile_mapping app = { .start = 0x1000, .limit = 0x9000, .filename = "/bin/app" };

static const struct built_stack stacks[] = {
	{ { { .addr = 0x1010, .mapping = &app, .function = "leaf\"\n", .file = "leaf.c" },
	    { .addr = 0x1020, .mapping = &app, .function = "main" } },
	  2,
	  { { .key = "service_name", .str = "api" } },
	  1,
	  .count = 3 },
	/* Another address: the same frames. */
	{ { { .addr = 0x1030, .mapping = &app, .function = "leaf\"\n", .file = "leaf.c" },
	    { .addr = 0x1020, .mapping = &app, .function = "main" } },
	  2,
	  { { .key = "service_name", .str = "api" } },
	  1,
	  .count = 4 },
	{ .n_frames = 0, .count = 9 },
};

static int written(const struct speedscope_options *options, size_t n, struct json_object **ret)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, n, NULL);
	_cleanup_(buf_done) struct buf text = {};
	int r = speedscope_add(p, options, &text);

	if (r != 0)
		return r;
	assert_int_equal(text.data[text.size - 1], '\n');
	return json_parse(text.data, text.size - 1, ret);
}

static void assert_json(struct json_object *top, const char *path, const char *expected)
{
	struct json_object *have = NULL;

	assert_int_equal(json_pointer_get(top, path, &have), 0);
	assert_string_equal(json_object_to_json_string_ext(have, JSON_C_TO_STRING_PLAIN), expected);
}

static void test_groups(void **state)
{
	static const char *const by[] = { "service_name" };
	const struct speedscope_options options = { .name = "x", .value_type = 1, .by = by, .n_by = 1 };
	_cleanup_(json_putp) struct json_object *top = NULL;

	assert_int_equal(written(&options, ARRAY_SIZE(stacks), &top), 0);
	assert_json(top, "/$schema", "\"https:\\/\\/www.speedscope.app\\/file-format-schema.json\"");
	assert_json(top, "/shared/frames",
		    "[{\"name\":\"(other)\"},{\"name\":\"[no "
		    "stack]\"},{\"name\":\"leaf\\\"\uFFFD\",\"file\":\"leaf.c\"},"
		    "{\"name\":\"main\",\"file\":\"app\"}]");
	/* The heaviest first, whatever came first. */
	assert_json(top, "/profiles/0/name", "\"(none)\"");
	assert_json(top, "/profiles/0/weights", "[90]");
	assert_json(top, "/profiles/1",
		    "{\"type\":\"sampled\",\"name\":\"api\",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":70,"
		    "\"samples\":[[3,2]],\"weights\":[70]}");
}

static void test_samples(void **state)
{
	const struct speedscope_options options = { .name = "all of it", .value_type = 0 };
	_cleanup_(json_putp) struct json_object *top = NULL;

	assert_int_equal(written(&options, ARRAY_SIZE(stacks), &top), 0);
	assert_json(top, "/profiles/0/name", "\"all of it\"");
	assert_json(top, "/profiles/0/unit", "\"none\"");
	assert_json(top, "/profiles/0/samples", "[[1],[3,2]]");
	assert_json(top, "/profiles/0/weights", "[9,7]");
}

static void test_nothing(void **state)
{
	const struct speedscope_options options = { .name = "" };
	_cleanup_(json_putp) struct json_object *top = NULL;

	assert_int_equal(written(&options, 0, &top), 0);
	assert_json(top, "/profiles", "[]");
}

static void test_refused(void **state)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	const struct speedscope_options options = { .name = "", .value_type = 1 };
	_cleanup_(buf_done) struct buf out = {}, small = { .limit_bytes = 64 };

	assert_int_equal(speedscope_add(p, &options, &small), -EFBIG);
	assert_int_equal(profile_scale(p, 1, -1), 0);
	assert_int_equal(speedscope_add(p, &options, &out), SPEEDSCOPE_NEGATIVE);
	assert_int_equal(out.size, 0);
	*(int64_t *)(uintptr_t)&p->samples[0].values[1] = INT64_MAX;
	*(int64_t *)(uintptr_t)&p->samples[1].values[1] = INT64_MAX;
	assert_int_equal(speedscope_add(p, &options, &out), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
