// SPDX-License-Identifier: Apache-2.0
#include "cli/grid.h"

#include <assert.h>
#include <string.h>

#include "cli/text.h"

#define GAP 2
#define MIN_TEXT 12 /* of a long name: with less room another column goes */
#define MIN_KEY 24  /* of one in a column that is always there */

struct layout {
	size_t widths[GRID_MAX_COLUMNS];
	bool is_out[GRID_MAX_COLUMNS];
};

void grid_done(struct grid *g)
{
	for (size_t i = 0; i < g->n_rows * g->n_columns; i++)
		buf_done(&g->cells[i]);
	free(g->cells);
	*g = (struct grid){};
}

void grid_add_column(struct grid *g, const char *heading, enum grid_kind kind, unsigned int rank)
{
	assert(g->n_rows == 0 && g->n_columns < GRID_MAX_COLUMNS);
	g->columns[g->n_columns++] = (struct grid_column){ heading, kind, rank };
}

int grid_add_row(struct grid *g)
{
	struct buf *cells = reallocarray(g->cells, (g->n_rows + 1) * g->n_columns, sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	g->cells = cells;
	for (size_t i = 0; i < g->n_columns; i++)
		cells[g->n_rows * g->n_columns + i] = (struct buf){};
	g->n_rows++;
	return 0;
}

struct buf *grid_cell(struct grid *g, size_t column)
{
	return &g->cells[(g->n_rows - 1) * g->n_columns + column];
}

static int add_text(const struct grid_column *column, const struct buf *cell, size_t room, struct buf *ret)
{
	if (!cell->size)
		return buf_reserve(ret, 1);
	return column->kind == GRID_FUNCTION ? text_add_function(ret, cell->data, room)
					     : text_add(ret, cell->data, room);
}

static int widen(const struct grid *g, size_t column, struct layout *l)
{
	_cleanup_(buf_done) struct buf heading = {};
	int r = buf_add_str(&heading, g->columns[column].heading);

	l->widths[column] = text_n_chars(&heading);
	for (size_t i = 0; r == 0 && i < g->n_rows; i++) {
		_cleanup_(buf_done) struct buf text = {};

		r = add_text(&g->columns[column], &g->cells[i * g->n_columns + column], TEXT_MAX_CHARS, &text);
		if (r == 0 && text_n_chars(&text) > l->widths[column])
			l->widths[column] = text_n_chars(&text);
	}
	return r;
}

static bool is_long(const struct grid *g, size_t column)
{
	return g->columns[column].kind != GRID_NUMBER;
}

/* What a column needs at least. */
static size_t min_of(const struct grid *g, const struct layout *l, size_t column)
{
	size_t min = g->columns[column].rank ? MIN_TEXT : MIN_KEY;

	return is_long(g, column) && l->widths[column] > min ? min : l->widths[column];
}

/* What a line is at least. */
static size_t min_width(const struct grid *g, const struct layout *l)
{
	size_t width = 0;

	for (size_t i = 0; i < g->n_columns; i++)
		if (!l->is_out[i])
			width += GAP + min_of(g, l, i);
	return width ? width - GAP : 0;
}

/* Whether there was one that may go. */
static bool leave_out(const struct grid *g, struct layout *l)
{
	size_t least = g->n_columns;

	for (size_t i = 0; i < g->n_columns; i++)
		if (!l->is_out[i] && g->columns[i].rank > (least < g->n_columns ? g->columns[least].rank : 0))
			least = i;
	if (least == g->n_columns)
		return false;
	l->is_out[least] = true;
	return true;
}

/* Long columns that do not fit get the same room each, the others what they need; a key at least its least. */
static void share_room(const struct grid *g, struct layout *l, size_t width)
{
	bool is_set[GRID_MAX_COLUMNS] = {};
	size_t n = 0, room = width + GAP;

	for (size_t i = 0; i < g->n_columns; i++) {
		size_t taken = l->is_out[i] ? 0 : GAP + (is_long(g, i) ? 0 : l->widths[i]);

		is_set[i] = l->is_out[i] || !is_long(g, i);
		n += !is_set[i];
		room -= taken < room ? taken : room;
	}
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < g->n_columns; i++) {
			size_t least = min_of(g, l, i), fair = n ? room / n : 0;

			if (is_set[i] || (l->widths[i] > fair && least <= fair))
				continue;
			l->widths[i] = l->widths[i] > fair ? least : l->widths[i];
			is_set[i] = again = true;
			room -= l->widths[i] < room ? l->widths[i] : room;
			n--;
		}
	}
	for (size_t i = 0; i < g->n_columns; i++)
		if (!is_set[i])
			l->widths[i] = room / n;
}

static int lay_out(const struct grid *g, size_t width, struct layout *l)
{
	for (size_t i = 0; i < g->n_columns; i++) {
		int r = widen(g, i, l);

		if (r < 0)
			return r;
	}
	while (min_width(g, l) > width && leave_out(g, l))
		;
	share_room(g, l, width);
	return 0;
}

/* A cell of the last column has no blanks behind it. */
static void print_cell(FILE *out, const struct grid_column *column, const struct buf *text, size_t width, bool is_last)
{
	size_t n = text_n_chars(text);
	int blanks = width > n ? (int)(width - n) : 0;

	if (column->kind == GRID_NUMBER)
		fprintf(out, "%*s%s", blanks, "", text->data);
	else
		fprintf(out, "%s%*s", text->data, is_last ? 0 : blanks, "");
}

/* cells: NULL: the headings. */
static int print_line(const struct grid *g, const struct layout *l, FILE *out, const struct buf *cells)
{
	size_t last = 0;

	for (size_t i = 0; i < g->n_columns; i++)
		if (!l->is_out[i] && (!cells || cells[i].size))
			last = i;
	for (size_t i = 0; i <= last; i++) {
		_cleanup_(buf_done) struct buf text = {};
		int r;

		if (l->is_out[i])
			continue;
		r = cells ? add_text(&g->columns[i], &cells[i], l->widths[i], &text)
			  : buf_add_str(&text, g->columns[i].heading);
		if (r < 0)
			return r;
		print_cell(out, &g->columns[i], &text, l->widths[i], i == last);
		if (i < last)
			fprintf(out, "%*s", GAP, "");
	}
	fputc('\n', out);
	return 0;
}

static void tell_left_out(const struct grid *g, const struct layout *l, FILE *out)
{
	const char *before = "left out, for want of width: ";

	for (size_t i = 0; i < g->n_columns; i++) {
		if (!l->is_out[i])
			continue;
		fprintf(out, "%s%s", before, g->columns[i].heading);
		before = ", ";
	}
	if (before[0] == ',')
		fputc('\n', out);
}

int grid_print(const struct grid *g, FILE *out, size_t width)
{
	struct layout l = {};
	int r = lay_out(g, width, &l);

	if (r == 0)
		r = print_line(g, &l, out, NULL);
	for (size_t i = 0; r == 0 && i < g->n_rows; i++)
		r = print_line(g, &l, out, &g->cells[i * g->n_columns]);
	if (r == 0)
		tell_left_out(g, &l, out);
	return r;
}
