// SPDX-License-Identifier: Apache-2.0
/* Stacks added up to a tree, and the same sums taken from the stacks themselves. */
#include <stdio.h>
#include <string.h>

#include "report/call-tree.h"
#include "report/stack-reader.h"
#include "tests/unit/cmocka-all.h"

static uint32_t frame(struct frame_table *t, const char *function, const char *library, const char *build_id)
{
	const struct frame_info f = {
		.function = function, .library = library, .build_id = build_id, .kind = FRAME_USER, .is_named = 1
	};
	uint32_t number;

	assert_int_equal(frame_table_add(t, &f, &number), 0);
	return number;
}

static void add(struct call_tree *t, size_t column, const uint32_t *frames, size_t n, int64_t n_samples)
{
	const struct stack s = { .frames = frames, .n_frames = n, .n_samples = n_samples, .value = n_samples * 10 };

	assert_int_equal(call_tree_add(t, column, NULL, 0, &s), 0);
}

static const char *name_of(const struct frame_table *frames, const struct call_node *node)
{
	return frame_table_get(frames, node->frame)->function;
}

/* "a(b c(d))" with the samples of both columns: name=total/self, in the order of the children. */
static void draw(struct buf *ret, const struct frame_table *frames, const struct call_node *nodes, uint32_t i)
{
	const struct call_node *node = &nodes[i];

	assert_int_equal(buf_printf(ret, "%s=%ld/%ld,%ld/%ld", i ? name_of(frames, node) : "root",
				    (long)node->total[0].n_samples, (long)node->self[0].n_samples,
				    (long)node->total[1].n_samples, (long)node->self[1].n_samples),
			 0);
	if (node->first_child == CALL_TREE_NONE)
		return;
	assert_int_equal(buf_add_str(ret, " ("), 0);
	for (uint32_t c = node->first_child; c != CALL_TREE_NONE; c = nodes[c].next_sibling) {
		assert_int_equal(nodes[c].parent, i);
		assert_int_equal(nodes[c].total[0].value, nodes[c].total[0].n_samples * 10);
		assert_int_equal(nodes[c].self[1].value, nodes[c].self[1].n_samples * 10);
		draw(ret, frames, nodes, c);
		assert_int_equal(buf_add_str(ret, nodes[c].next_sibling == CALL_TREE_NONE ? ")" : " "), 0);
	}
}

static void assert_drawn(struct call_tree *t, const struct frame_table *frames, const char *expected)
{
	_cleanup_(buf_done) struct buf drawn = {};
	size_t n;

	assert_int_equal(call_tree_finish(t), 0);
	draw(&drawn, frames, call_tree_nodes(t, &n), 0);
	assert_string_equal(drawn.data, expected);
	assert_int_equal(call_tree_n_beyond(t), 0);
}

struct fixture {
	struct frame_table *frames;
	struct call_tree *tree;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(frame_table_new(&f->frames), 0);
	assert_int_equal(call_tree_new(f->frames, &f->tree), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	call_tree_free(f->tree);
	frame_table_free(f->frames);
	free(f);
	return 0;
}

static void test_columns_and_order(void **state)
{
	struct fixture *f = *state;
	uint32_t start = frame(f->frames, "start", "app", "aa"), zlib = frame(f->frames, "inflate", "libz.so", "bb");
	uint32_t own = frame(f->frames, "inflate", "app", "aa"), idle = frame(f->frames, "Idle", "app", "aa");

	add(f->tree, 0, (uint32_t[]){ zlib, start }, 2, 3);
	add(f->tree, 1, (uint32_t[]){ own, start }, 2, 5);
	add(f->tree, 0, (uint32_t[]){ start }, 1, 2);
	add(f->tree, 1, (uint32_t[]){ idle, zlib, start }, 3, 7);
	add(f->tree, 0, (uint32_t[]){ zlib, start }, 2, 1);
	/* The same function of two libraries is two nodes, in the order of the libraries; others go by name. */
	assert_drawn(f->tree, f->frames,
		     "root=6/0,12/0 (start=6/2,12/0 (inflate=0/0,5/5 inflate=4/4,7/0 (Idle=0/0,7/7)))");
}

static void test_builds_of_one_library_are_one(void **state)
{
	struct fixture *f = *state;
	uint32_t before = frame(f->frames, "f", "lib.so", "aa"), after = frame(f->frames, "f", "lib.so", "bb");

	assert_int_not_equal(before, after);
	add(f->tree, 0, &before, 1, 1);
	add(f->tree, 1, &after, 1, 2);
	assert_drawn(f->tree, f->frames, "root=1/0,2/0 (f=1/1,2/2)");
}

static void test_recursion_is_nodes_of_its_own(void **state)
{
	struct fixture *f = *state;
	uint32_t walk = frame(f->frames, "walk", "app", "");

	add(f->tree, 0, (uint32_t[]){ walk, walk, walk }, 3, 1);
	add(f->tree, 0, (uint32_t[]){ walk }, 1, 4);
	assert_drawn(f->tree, f->frames, "root=5/0,0/0 (walk=5/4,0/0 (walk=1/0,0/0 (walk=1/1,0/0)))");
}

/* The way down, whatever the order in which nodes came. */
static void test_walk(void **state)
{
	struct fixture *f = *state;
	uint32_t a = frame(f->frames, "a", "", ""), b = frame(f->frames, "b", "", ""),
		 c = frame(f->frames, "c", "", "");
	_cleanup_(buf_done) struct buf walked = {};
	const struct call_node *nodes;
	uint32_t depth = 0;
	size_t n;

	add(f->tree, 0, (uint32_t[]){ c, b }, 2, 1);
	add(f->tree, 0, (uint32_t[]){ c, b, a }, 3, 1);
	add(f->tree, 0, (uint32_t[]){ a }, 1, 1);
	add(f->tree, 0, (uint32_t[]){ a, b }, 2, 1);
	assert_int_equal(call_tree_finish(f->tree), 0);
	nodes = call_tree_nodes(f->tree, &n);
	for (uint32_t i = call_tree_next(nodes, 0, &depth); i != CALL_TREE_NONE; i = call_tree_next(nodes, i, &depth))
		assert_int_equal(buf_printf(&walked, "%u%s ", depth, name_of(f->frames, &nodes[i])), 0);
	assert_string_equal(walked.data, "1a 2b 3c 1b 2a 2c ");
}

static void test_roots(void **state)
{
	struct fixture *f = *state;
	uint32_t roots[2], leaf = frame(f->frames, "leaf", "app", "");
	const struct stack s = { .frames = &leaf, .n_frames = 1, .n_samples = 2, .value = 20 };

	assert_int_equal(call_tree_root(f->frames, "service_name", "api", &roots[0]), 0);
	assert_int_equal(call_tree_root(f->frames, "host", "", &roots[1]), 0);
	assert_int_equal(frame_table_get(f->frames, roots[0])->kind, FRAME_MARKER);
	assert_int_equal(call_tree_add(f->tree, 0, roots, 2, &s), 0);
	assert_drawn(f->tree, f->frames,
		     "root=2/0,0/0 (service_name: api=2/0,0/0 (host: (none)=2/0,0/0 (leaf=2/2,0/0)))");
}

static void test_empty(void **state)
{
	struct fixture *f = *state;

	assert_drawn(f->tree, f->frames, "root=0/0,0/0");
}

static void test_sums_that_do_not_fit(void **state)
{
	struct fixture *f = *state;
	uint32_t leaf = frame(f->frames, "leaf", "app", ""), other = frame(f->frames, "other", "app", "");
	struct stack s = { .frames = &leaf, .n_frames = 1, .n_samples = 1, .value = INT64_MAX };

	assert_int_equal(call_tree_add(f->tree, 0, NULL, 0, &s), 0);
	assert_int_equal(call_tree_add(f->tree, 0, NULL, 0, &s), -ERANGE);
	s.frames = &other;
	assert_int_equal(call_tree_add(f->tree, 0, NULL, 0, &s), 0);
	assert_int_equal(call_tree_finish(f->tree), -ERANGE); /* the root's total */
}

/* Nodes by the million, each sample a new path of four: what has no room is added up, and counted. */
static void test_limit(void **state)
{
	struct fixture *f = *state;
	const int64_t n_stacks = CALL_TREE_MAX_NODES / 4 + 100000;
	const struct call_node *nodes;
	int64_t n_other = 0;
	uint32_t names[128];
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = frame(f->frames, (char[]){ (char)('!' + i / 12), (char)('!' + i % 12), 0 }, "app", "");
	add(f->tree, 0, (uint32_t[]){ 0, names[0] }, 2, 1); /* names[0] has an "(other)" of its own */
	for (int64_t i = 0; i < n_stacks; i++)
		add(f->tree, 0,
		    (uint32_t[]){ names[i & 127], names[(i >> 7) & 127], names[(i >> 14) & 127],
				  names[(i >> 21) & 127] },
		    4, 1);
	assert_true(call_tree_n_beyond(f->tree) == 0); /* shared callers: they still fit */
	for (int64_t i = 0; i < n_stacks; i++)
		add(f->tree, 0,
		    (uint32_t[]){ names[1], names[2], names[i & 127], names[(i >> 7) & 127], names[(i >> 14) & 127],
				  names[i % 3] },
		    6, 1);
	assert_int_equal(call_tree_finish(f->tree), 0);
	nodes = call_tree_nodes(f->tree, &n);
	assert_int_equal(n, CALL_TREE_MAX_NODES);
	assert_int_equal(nodes[0].total[0].n_samples, 1 + 2 * n_stacks);
	for (size_t i = 1; i < n; i++)
		if (nodes[i].frame == 0)
			n_other += nodes[i].self[0].n_samples;
	assert_true(call_tree_n_beyond(f->tree) > 0);
	assert_int_equal(n_other, 1 + (int64_t)call_tree_n_beyond(f->tree));
}

/* What is small becomes one (other) of its parent, in its place; sums stay, and what has gone is counted. */
static void test_prune(void **state)
{
	struct fixture *f = *state;
	uint32_t a = frame(f->frames, "a", "", ""), b = frame(f->frames, "b", "", ""),
		 z = frame(f->frames, "!", "", "");
	_cleanup_(buf_done) struct buf drawn = {};
	char name[16];
	size_t n;

	add(f->tree, 0, (const uint32_t[]){ a }, 1, 5000);
	add(f->tree, 0, (const uint32_t[]){ b, a }, 2, 4000);
	add(f->tree, 1, (const uint32_t[]){ z, a }, 2, 3000);
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		add(f->tree, 0, (const uint32_t[]){ frame(f->frames, name, "", ""), b, a }, 3, 2);
		add(f->tree, 1, (const uint32_t[]){ frame(f->frames, name, "", ""), a }, 2, 1);
	}
	assert_int_equal(call_tree_finish(f->tree), 0);
	assert_int_equal(call_tree_prune(f->tree, 3000), 0); /* there are not so many */
	assert_int_equal(call_tree_n_beyond(f->tree), 0);
	assert_int_equal(call_tree_prune(f->tree, 4), 0);
	draw(&drawn, f->frames, call_tree_nodes(f->tree, &n), 0);
	assert_string_equal(drawn.data, "root=11000/0,4000/0 (a=11000/5000,4000/0 (!=0/0,3000/3000 "
					"(other)=0/0,1000/1000 b=6000/4000,0/0 ((other)=2000/2000,0/0)))");
	assert_int_equal(call_tree_n_beyond(f->tree), 3000);
	assert_int_equal(call_tree_prune(f->tree, 4), 0); /* again: the same */
	buf_clear(&drawn);
	draw(&drawn, f->frames, call_tree_nodes(f->tree, &n), 0);
	assert_non_null(strstr(drawn.data, "(other)=0/0,1000/1000"));
	assert_int_equal(call_tree_n_beyond(f->tree), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_columns_and_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_builds_of_one_library_are_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_recursion_is_nodes_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_walk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_roots, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sums_that_do_not_fit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prune, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
