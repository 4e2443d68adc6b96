// SPDX-License-Identifier: Apache-2.0
/* Tables in lines of any width. */
#include "cli/grid.h"

#include <string.h>

#include "tests/unit/cmocka-all.h"

static void add(struct grid *g, const char *const *cells)
{
	assert_int_equal(grid_add_row(g), 0);
	for (size_t i = 0; i < g->n_columns; i++)
		assert_int_equal(buf_add_str(grid_cell(g, i), cells[i]), 0);
}

static const char *printed(size_t width)
{
	static char texts[2][4096];
	static int n;
	char *text = texts[n++ % 2]; /* two at a time */
	FILE *out = fmemopen(text, sizeof(texts[0]), "w");
	struct grid g = {};

	grid_add_column(&g, "NAME", GRID_TEXT, 0);
	grid_add_column(&g, "CORES", GRID_NUMBER, 0);
	grid_add_column(&g, "HOSTS", GRID_NUMBER, 2);
	grid_add_column(&g, "TOP", GRID_FUNCTION, 1);
	add(&g, (const char *const[]){ "api", "1.250", "12", "inflate(unsigned int, unsigned char*, unsigned long)" });
	add(&g, (const char *const[]){ "a-name-that-is-longer-than-any-column-can-be", "0.1", "", "" });
	assert_int_equal(grid_print(&g, out, width), 0);
	fclose(out);
	grid_done(&g);
	return text;
}

static void test_widths(void **state)
{
	assert_string_equal(printed(200), "NAME                                          CORES  HOSTS  TOP\n"
					  "api                                           1.250     12  "
					  "inflate(unsigned int, unsigned char*, unsigned "
					  "long)\n"
					  "a-name-that-is-longer-than-any-column-can-be    0.1\n");
	/* 32 characters for each of the two long columns. */
	assert_string_equal(printed(80), "NAME                              CORES  HOSTS  TOP\n"
					 "api                               1.250     12  inflate(\xe2\x80\xa6"
					 ")\n"
					 "a-name-that-is-l\xe2\x80\xa6"
					 "y-column-can-be    0.1\n");
	assert_string_equal(printed(10), printed(31)); /* what is always there is */
	assert_string_equal(printed(40), "NAME                               CORES\n"
					 "api                                1.250\n"
					 "a-name-that-is-l\xe2\x80\xa6"
					 "ny-column-can-be    0.1\n"
					 "left out, for want of width: HOSTS, TOP\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
