// SPDX-License-Identifier: Apache-2.0
/* Flame graphs of made profiles and of single stacks, as the viewer and as a picture get them. */
#include <string.h>

#include "common/json.h"
#include "report/coverage.h"
#include "report/flame-json.h"
#include "report/flame-svg.h"
#include "report/flame.h"
#include "report/stack-filter.h"
#include "report/stack-reader.h"
#include "store/window.h"
#include "tests/unit/made-profile.h"

static uint32_t add_frame(struct flame *f, const char *function, const char *library, enum frame_kind kind)
{
	const struct frame_info frame = {
		.function = function, .library = library, .file = "x.c", .kind = kind, .is_named = kind != FRAME_MARKER
	};
	uint32_t number;

	assert_int_equal(frame_table_add(f->frames, &frame, &number), 0);
	return number;
}

static void add_stack(struct flame *f, size_t column, const uint32_t *frames, size_t n, int64_t n_samples)
{
	const struct stack s = { .frames = frames, .n_frames = n, .n_samples = n_samples, .value = n_samples * 100 };

	assert_int_equal(flame_add_stack(f, column, &s), 0);
}

static void assert_json(struct json_object *top, const char *path, const char *expected)
{
	assert_string_equal(json_object_to_json_string_ext(json_find(top, path), JSON_C_TO_STRING_PLAIN), expected);
}

static struct json_object *json_of(struct flame *f)
{
	_cleanup_(buf_done) struct buf text = {};
	struct json_object *top = NULL;

	assert_int_equal(flame_finish(f), 0);
	assert_int_equal(flame_json_add(f, &text), 0);
	assert_int_equal(json_parse(text.data, text.size, &top), 0);
	return top;
}

static void test_nodes(void **state)
{
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(json_putp) struct json_object *top = NULL;
	uint32_t main_, b, a, irq;

	assert_int_equal(flame_init(&f), 0);
	f.title = "a \"title\"";
	irq = add_frame(&f, "[irq]", "", FRAME_MARKER);
	b = add_frame(&f, "b", "k", FRAME_KERNEL);
	main_ = add_frame(&f, "main", "app", FRAME_USER);
	a = add_frame(&f, "a", "app", FRAME_JIT);
	add_frame(&f, "unused", "app", FRAME_USER);
	add_stack(&f, 0, (uint32_t[]){ b, main_ }, 2, 3);
	add_stack(&f, 0, (uint32_t[]){ a, main_ }, 2, 2);
	add_stack(&f, 0, &irq, 1, -1);
	top = json_of(&f);
	assert_json(top, "title", "\"a \\\"title\\\"\"");
	assert_json(top, "functions", "[\"[irq]\",\"a\",\"b\",\"main\"]");
	assert_json(top, "libraries", "[\"\",\"app\",\"k\",\"app\"]");
	assert_json(top, "files", "[\"x.c\",\"x.c\",\"x.c\",\"x.c\"]");
	assert_json(top, "kinds", "[3,2,1,0]");
	assert_json(top, "is_named", "[0,1,1,1]");
	assert_json(top, "depths", "[0,0,1,1]");
	assert_json(top, "frames", "[0,3,1,2]");
	assert_json(top, "samples", "[[-1,0,2,3]]");
	assert_json(top, "values", "[[-100,0,200,300]]");
	assert_json(top, "n_beyond", "{\"stacks\":0,\"frames\":0,\"expressions\":0}");
	assert_null(json_find(json_object_array_get_idx(json_find(top, "columns"), 0), "ledger"));
}

static void test_columns(void **state)
{
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(json_putp) struct json_object *top = NULL;
	uint32_t a;

	assert_int_equal(flame_init(&f), 0);
	f.n_columns = 2;
	f.columns[0].name = "before";
	f.columns[1].name = "after";
	a = add_frame(&f, "a", "", FRAME_USER);
	add_stack(&f, 0, &a, 1, 1);
	add_stack(&f, 1, &a, 1, 5);
	top = json_of(&f);
	assert_json(top, "samples", "[[1],[5]]");
	assert_json(json_object_array_get_idx(json_find(top, "columns"), 1), "name", "\"after\"");
}

static void test_empty(void **state)
{
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(json_putp) struct json_object *top = NULL;
	_cleanup_(buf_done) struct buf svg = {};

	assert_int_equal(flame_init(&f), 0);
	top = json_of(&f);
	assert_json(top, "functions", "[]");
	assert_json(top, "depths", "[]");
	assert_json(top, "samples", "[[]]");
	assert_int_equal(flame_svg_add(&f, &svg), 0);
	assert_non_null(strstr(svg.data, "0 frames; 0 narrower"));
}

static int64_t sum_of(struct json_object *numbers)
{
	int64_t sum = 0;

	for (size_t i = 0; i < json_object_array_length(numbers); i++)
		sum += json_object_get_int64(json_object_array_get_idx(numbers, i));
	return sum;
}

/* Samples add up; how long was looked at is none of theirs. */
static void test_profiles(void **state)
{
	const struct made made = { .n_samples = 50, .n_services = 3, .depth = 6 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *column;

	assert_int_equal(flame_init(&f), 0);
	f.keys[f.n_keys++] = "service_name";
	f.keys[f.n_keys++] = "no_such_label";
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(flame_add(&f, 0, p, NULL), 0);
	flame_cover_profile(&f, 0, p);
	top = json_of(&f);
	column = json_object_array_get_idx(json_find(top, "columns"), 0);
	assert_json(top, "by", "[\"service_name\",\"no_such_label\"]");
	assert_json(top, "type", "\"cpu\"");
	assert_json(top, "unit", "\"nanoseconds\"");
	assert_int_equal(json_find_number(column, "wall_ns"), MADE_DURATION_NS);
	assert_int_equal(json_find_number(column, "start_ns"), MADE_START_NS);
	assert_int_equal(json_find_number(column, "end_ns"), MADE_START_NS + (int64_t)MADE_DURATION_NS);
	assert_int_equal(json_find_number(column, "n_profiles"), 2);
	assert_int_equal(sum_of(json_object_array_get_idx(json_find(top, "samples"), 0)), 2 * made_total(p, 0));
	assert_int_equal(sum_of(json_object_array_get_idx(json_find(top, "values"), 0)), 2 * made_total(p, 1));
	assert_non_null(strstr(json_object_get_string(json_find(top, "functions")), "\"service_name: svc-2\""));
	assert_non_null(strstr(json_object_get_string(json_find(top, "functions")), "\"no_such_label: (none)\""));
}

static void add_window(struct coverage *c, const char *host, int64_t start_s)
{
	struct window_info window = { .start_ns = start_s * INT64_C(1000000000), .duration_ns = 10000000000 };

	snprintf(window.host, sizeof(window.host), "%s", host);
	assert_int_equal(coverage_add_window(c, &window), 0);
}

/* Windows that were not read, since no sample of them was asked for, are time as well. */
static void test_cover(void **state)
{
	_cleanup_(coverage_freep) struct coverage *c = NULL;
	_cleanup_(flame_done) struct flame f = {};

	assert_int_equal(coverage_new(&c), 0);
	add_window(c, "a", 1000);
	add_window(c, "a", 1020);
	add_window(c, "b", 1020);
	coverage_finish(c);
	assert_int_equal(flame_init(&f), 0);
	flame_cover(&f, 0, c);
	assert_int_equal(f.columns[0].span.covered_ns, 20000000000);
	assert_int_equal(f.columns[0].span.start_ns, 1000000000000);
	assert_int_equal(f.columns[0].span.end_ns, 1030000000000);
}

static void test_filter(void **state)
{
	const struct made made = { .n_samples = 50, .depth = 6 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(flame_done) struct flame f = {};
	struct stack_filter filter = { .function = strdup("leaf_7") };
	const struct call_node *nodes;
	size_t n;

	assert_int_equal(flame_init(&f), 0);
	assert_int_equal(flame_add(&f, 0, p, &filter), 0);
	stack_filter_done(&filter);
	assert_int_equal(flame_finish(&f), 0);
	nodes = call_tree_nodes(f.tree, &n);
	assert_int_equal(nodes[0].total[0].n_samples, p->samples[7].values[0]);
}

static void test_other_unit(void **state)
{
	const struct made made = { .n_samples = 1 };
	_cleanup_(profile_freep) struct profile *p = made_profile(&made);
	_cleanup_(flame_done) struct flame f = {};

	assert_int_equal(flame_init(&f), 0);
	assert_int_equal(flame_add(&f, 0, p, NULL), 0);
	p->default_type = 0;
	assert_int_equal(flame_add(&f, 0, p, NULL), FLAME_OTHER_UNIT);
	assert_int_equal(f.columns[0].n_profiles, 1);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void test_picture(void **state)
{
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(buf_done) struct buf svg = {};
	uint32_t root, leaf, small;

	assert_int_equal(flame_init(&f), 0);
	snprintf(f.type, sizeof(f.type), "cpu");
	snprintf(f.unit, sizeof(f.unit), "nanoseconds");
	f.title = "<title>";
	root = add_frame(&f, "std::less<int>", "a&b", FRAME_USER);
	leaf = add_frame(&f, "leaf", "", FRAME_KERNEL);
	small = add_frame(&f, "too_small", "", FRAME_USER);
	add_stack(&f, 0, (uint32_t[]){ leaf, root }, 2, 7500);
	add_stack(&f, 0, (uint32_t[]){ root }, 1, 2499);
	add_stack(&f, 0, (uint32_t[]){ small, small, root }, 3, 1);
	assert_int_equal(flame_finish(&f), 0);
	assert_int_equal(flame_svg_add(&f, &svg), 0);
	assert_non_null(strstr(svg.data, "&lt;title&gt;"));
	assert_non_null(strstr(svg.data, "<title>std::less&lt;int&gt; (a&amp;b)\n0.00 s (100.00 %), self 24.99 %, "
					 "10000 samples</title>"));
	assert_non_null(strstr(svg.data, "<title>leaf\n0.00 s (75.00 %), self 75.00 %, 7500 samples</title>"
					 "<rect x=\"10.00\" y=\"78\" width=\"884.50\""));
	assert_null(strstr(svg.data, "too_small"));
	assert_non_null(strstr(svg.data, "4 frames; 2 narrower than a pixel are not drawn"));
	assert_int_equal(count(svg.data, "<g>"), 2);
}

static void test_picture_of_a_difference(void **state)
{
	_cleanup_(flame_done) struct flame f = {};
	_cleanup_(buf_done) struct buf svg = {};
	uint32_t gone, new, same;

	assert_int_equal(flame_init(&f), 0);
	f.n_columns = 2;
	f.columns[0].name = "before";
	f.columns[1].name = "after";
	gone = add_frame(&f, "gone", "", FRAME_USER);
	new = add_frame(&f, "new", "", FRAME_USER);
	same = add_frame(&f, "same", "", FRAME_USER);
	add_stack(&f, 0, &gone, 1, 5);
	add_stack(&f, 1, &new, 1, 5);
	for (size_t c = 0; c < 2; c++)
		add_stack(&f, c, &same, 1, 5);
	assert_int_equal(flame_finish(&f), 0);
	assert_int_equal(flame_svg_add(&f, &svg), 0);
	assert_non_null(strstr(svg.data, "red: more, blue: less"));
	assert_non_null(
		strstr(svg.data, "width=\"294.50\" height=\"16\" fill=\"#5050ff\"/><text x=\"13.00\" y=\"73\">gone"));
	assert_non_null(strstr(svg.data, "fill=\"#ff5050\"/><text x=\"308.00\" y=\"73\">new"));
	assert_non_null(strstr(svg.data, "fill=\"#ffffff\"/><text x=\"603.00\" y=\"73\">same"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_cover),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_other_unit),
		cmocka_unit_test(test_picture),
		cmocka_unit_test(test_picture_of_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
