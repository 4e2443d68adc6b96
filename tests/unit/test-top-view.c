// SPDX-License-Identifier: Apache-2.0
#include "cli/top-view.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/top-keys.h"
#include "tests/unit/top-fixture.h"

/* A: 60 in 2 processes; B: 30; C: 10, in the kernel. */
static struct top_interval make(uint64_t n_of_b)
{
	const struct built_stack stacks[] = {
		top_stack("A", 1, "one", "alpha", false, 40),
		top_stack("A", 2, "two", "beta", false, 20),
		top_stack("B", 3, "three", "alpha", false, n_of_b),
		top_stack("C", 4, "four", "gamma", true, 10),
	};

	return top_made(stacks, ARRAY_SIZE(stacks), NULL);
}

/* "A 1 B*": the names of the rows that are shown, that with the cursor marked. */
static void assert_shown(struct top_view *v, struct top_interval *i, const char *expected)
{
	char text[512] = "";
	size_t n;
	const struct activity_row *rows;

	assert_int_equal(top_view_update(v, i->activity), 0);
	rows = activity_rows(i->activity, &n);
	for (size_t k = 0; k < top_view_n(v); k++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s%s", k ? " " : "",
			 rows[top_view_row(v, k)].name, k == v->cursor ? "*" : "");
	assert_string_equal(text, expected);
}

static void press(struct top_view *v, struct top_interval *i, int key)
{
	assert_int_equal(top_keys_press(v, i->activity, key), 0);
	assert_int_equal(top_view_update(v, i->activity), 0);
}

static void test_levels(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30);

	top_view_init(&v, 1);
	assert_shown(&v, &i, "A* B C");
	press(&v, &i, '2');
	assert_shown(&v, &i, "A* 1 2 B 3 C 4");
	press(&v, &i, '3');
	assert_shown(&v, &i, "A* 1 alpha 2 beta B 3 alpha C 4 gamma");
	press(&v, &i, '4'); /* there is no such level */
	assert_shown(&v, &i, "A* 1 alpha 2 beta B 3 alpha C 4 gamma");
	press(&v, &i, '1');
	assert_shown(&v, &i, "A* B C");
}

static void test_open(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30), later = make(300);

	top_view_init(&v, 1);
	assert_shown(&v, &i, "A* B C");
	press(&v, &i, TOP_KEY_DOWN);
	press(&v, &i, TOP_KEY_ENTER);
	assert_shown(&v, &i, "A B* 3 C");
	press(&v, &i, TOP_KEY_RIGHT); /* it is open */
	assert_shown(&v, &i, "A B* 3 C");
	/* The cursor and what is open stay with their row, wherever it goes. */
	assert_shown(&v, &later, "B* 3 A C");
	press(&v, &later, TOP_KEY_LEFT);
	assert_shown(&v, &later, "B* A C");
	press(&v, &later, TOP_KEY_ENTER);
	press(&v, &later, '2'); /* and so it is forgotten */
	assert_shown(&v, &later, "B* 3 A 1 2 C 4");
}

static void test_moves(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30), later = make(300);

	top_view_init(&v, 1);
	assert_shown(&v, &i, "A* B C");
	press(&v, &i, TOP_KEY_UP);
	assert_shown(&v, &i, "A* B C");
	/* At the top it shows who comes there. */
	assert_shown(&v, &later, "B* A C");
	press(&v, &i, TOP_KEY_END);
	assert_shown(&v, &i, "A B C*");
	press(&v, &i, TOP_KEY_DOWN);
	assert_shown(&v, &i, "A B C*");
	press(&v, &i, TOP_KEY_HOME);
	press(&v, &i, 'j');
	assert_shown(&v, &i, "A B* C");
	press(&v, &i, 'k');
	assert_shown(&v, &i, "A* B C");
}

static void test_order(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(70);

	top_view_init(&v, 1);
	assert_shown(&v, &i, "B* A C");
	press(&v, &i, 's');
	assert_string_equal(top_view_order_to_string(v.order), "kernel");
	assert_shown(&v, &i, "C* B A");
	press(&v, &i, 's');
	assert_string_equal(top_view_order_to_string(v.order), "name");
	assert_shown(&v, &i, "A* B C");
	press(&v, &i, 's');
	assert_shown(&v, &i, "B* A C");
}

static void type(struct top_view *v, struct top_interval *i, const char *text)
{
	press(v, i, '/');
	for (; *text; text++)
		press(v, i, *text);
}

static void test_search(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30);

	top_view_init(&v, 1);
	type(&v, &i, "ALPH"); /* a function, with what it is in */
	assert_shown(&v, &i, "A* 1 alpha B 3 alpha");
	press(&v, &i, TOP_KEY_ENTER);
	assert_false(v.is_searching);
	assert_shown(&v, &i, "A* 1 alpha B 3 alpha");
	press(&v, &i, TOP_KEY_ESCAPE);
	assert_shown(&v, &i, "A* B C");
	type(&v, &i, "three"); /* the thread of a process */
	assert_shown(&v, &i, "B* 3");
	press(&v, &i, TOP_KEY_BACKSPACE);
	assert_string_equal(v.search, "thre");
	press(&v, &i, TOP_KEY_ESCAPE);
	type(&v, &i, "q/s"); /* no keys now */
	assert_string_equal(v.search, "q/s");
	assert_shown(&v, &i, "");
	press(&v, &i, TOP_KEY_ESCAPE);
	for (size_t k = 0; k < 2 * TOP_VIEW_MAX_SEARCH; k++)
		type(&v, &i, "x");
	assert_int_equal(strlen(v.search), TOP_VIEW_MAX_SEARCH);
}

/* What is found is shown with what is below it as far as that is open. */
static void test_search_of_a_row_above(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30);

	top_view_init(&v, 2);
	top_view_search(&v, "c");
	assert_shown(&v, &i, "C* 4");
	press(&v, &i, '3');
	assert_shown(&v, &i, "C* 4 gamma");
}

static void test_wide_search(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30);

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	top_view_init(&v, 1);
	press(&v, &i, '/');
	press(&v, &i, 0x4e16);
	assert_string_equal(v.search, "\xe4\xb8\x96");
	press(&v, &i, TOP_KEY_BACKSPACE);
	assert_string_equal(v.search, "");
}

static void test_pause_and_quit(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30);

	top_view_init(&v, 1);
	press(&v, &i, 'p');
	assert_true(v.is_paused);
	press(&v, &i, ' ');
	assert_false(v.is_paused);
	press(&v, &i, TOP_KEY_OTHER);
	assert_int_equal(top_keys_press(&v, i.activity, 'q'), TOP_KEYS_QUIT);
}

static void test_scroll(void **state)
{
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = make(30);

	top_view_init(&v, 3); /* 11 rows */
	assert_int_equal(top_view_update(&v, i.activity), 0);
	top_view_scroll(&v, 4);
	assert_int_equal(v.first, 0);
	press(&v, &i, TOP_KEY_PAGE_DOWN);
	top_view_scroll(&v, 4);
	assert_int_equal(v.cursor, 4);
	assert_int_equal(v.first, 1);
	press(&v, &i, TOP_KEY_END);
	top_view_scroll(&v, 4);
	assert_int_equal(v.first, 7);
	top_view_scroll(&v, 20); /* a larger screen */
	assert_int_equal(v.first, 0);
	top_view_scroll(&v, 0);
	press(&v, &i, TOP_KEY_HOME);
	top_view_scroll(&v, 1);
	assert_int_equal(v.first, 0);
}

/* As many rows as anybody wants may be opened; the oldest are forgotten. */
static void test_many_open(void **state)
{
	enum {
		N = TOP_VIEW_MAX_TOGGLED + 10
	};
	static struct built_stack stacks[N];
	static char names[N][16];
	_cleanup_(top_view_done) struct top_view v;
	_cleanup_(top_interval_done) struct top_interval i = {};
	size_t n;

	for (size_t k = 0; k < N; k++) {
		snprintf(names[k], sizeof(names[k]), "s%04zu", k);
		stacks[k] = top_stack(names[k], 1, "x", "f", false, 10 + N - k);
	}
	i = top_made(stacks, N, NULL);
	top_view_init(&v, 1);
	assert_int_equal(top_view_update(&v, i.activity), 0);
	for (size_t k = 0; k < N; k++) {
		press(&v, &i, TOP_KEY_ENTER);
		press(&v, &i, TOP_KEY_DOWN);
		press(&v, &i, TOP_KEY_DOWN); /* past what was opened */
	}
	assert_int_equal(v.n_toggled, TOP_VIEW_MAX_TOGGLED);
	assert_int_equal(top_view_n(&v), N + TOP_VIEW_MAX_TOGGLED);
	assert_int_equal(activity_rows(i.activity, &n)[top_view_row(&v, 1)].depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),      cmocka_unit_test(test_open),
		cmocka_unit_test(test_moves),       cmocka_unit_test(test_order),
		cmocka_unit_test(test_search),      cmocka_unit_test(test_search_of_a_row_above),
		cmocka_unit_test(test_wide_search), cmocka_unit_test(test_pause_and_quit),
		cmocka_unit_test(test_scroll),      cmocka_unit_test(test_many_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
