// SPDX-License-Identifier: Apache-2.0
/*
 * diff text: the table.
 *
 *	before  2h..1h: 360 profiles of 1 host, 3600 s: 1.204 cores
 *	after   1h..: 360 profiles of 1 host, 3600 s: 1.513 cores
 *	change  +0.309 cores, give or take 0.012
 *
 *	BEFORE  AFTER   DELTA    +/-  TOTAL DELTA    +/-  FUNCTION
 *	 0.101  0.402  +0.301  0.004       +0.301  0.004  inflate_fast  (libz.so.1)
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/diff-print.h"
#include "cli/text.h"
#include "cli/value.h"
#include "common/clock.h"

#define MIN_ROOM 16 /* for a name and its library: lines grow rather than lose them */

enum column {
	BEFORE,
	AFTER,
	DELTA,
	ERROR,
	TOTAL_DELTA,
	TOTAL_ERROR,
	N_COLUMNS,
};

struct table {
	const struct diff_view *view;
	size_t n_columns; /* values of labels have no total of their own */
	size_t widths[N_COLUMNS];
	size_t line_width;
};

static bool is_cores(const struct diff_view *v)
{
	return (v->normalize == NORMALIZE_TIME || v->normalize == NORMALIZE_HOSTS) &&
	       strcmp(v->type.type, "cpu") == 0 && strcmp(v->type.unit, "nanoseconds") == 0;
}

static void format(const struct diff_view *v, int64_t value, char ret[static VALUE_TEXT_SIZE])
{
	if (is_cores(v))
		snprintf(ret, VALUE_TEXT_SIZE, "%.3f", (double)value / NS_PER_S);
	else
		value_format(&v->type, value, ret);
}

static void format_signed(const struct diff_view *v, int64_t value, char ret[static VALUE_TEXT_SIZE])
{
	char text[VALUE_TEXT_SIZE];

	format(v, value, text);
	snprintf(ret, VALUE_TEXT_SIZE, "%s%.*s", value > 0 ? "+" : "", VALUE_TEXT_SIZE - 2, text);
}

/* What is noise is no number. */
static void format_delta(const struct diff_view *v, const struct diff_change *c, char ret[static VALUE_TEXT_SIZE])
{
	if (c->is_noise)
		snprintf(ret, VALUE_TEXT_SIZE, "%s", c->before == c->after ? "0" : "noise");
	else
		format_signed(v, c->delta, ret);
}

static void format_error(const struct diff_view *v, const struct diff_change *c, char ret[static VALUE_TEXT_SIZE])
{
	ret[0] = 0;
	if (v->scale.has_errors)
		format(v, (int64_t)c->error, ret);
}

static void format_row(const struct diff_view *v, const struct diff_row *row, char cells[N_COLUMNS][VALUE_TEXT_SIZE])
{
	struct diff_change self, total;

	diff_change_of(row->self, &v->scale, &self);
	diff_change_of(row->total, &v->scale, &total);
	format(v, self.before, cells[BEFORE]);
	format(v, self.after, cells[AFTER]);
	format_delta(v, &self, cells[DELTA]);
	format_error(v, &self, cells[ERROR]);
	format_delta(v, &total, cells[TOTAL_DELTA]);
	format_error(v, &total, cells[TOTAL_ERROR]);
}

static bool is_noise(const struct diff_view *v, const struct diff_row *row)
{
	struct diff_change self, total;

	diff_change_of(row->self, &v->scale, &self);
	diff_change_of(row->total, &v->scale, &total);
	return self.is_noise && total.is_noise;
}

/* Noise comes last. */
static size_t n_changed(const struct diff_view *v)
{
	size_t n = 0;

	while (n < v->n_rows && !is_noise(v, &v->rows[n]))
		n++;
	return n;
}

static const char *const headings[] = {
	[BEFORE] = "BEFORE",           [AFTER] = "AFTER",     [DELTA] = "DELTA", [ERROR] = "+/-",
	[TOTAL_DELTA] = "TOTAL DELTA", [TOTAL_ERROR] = "+/-",
};

static void table_init(struct table *t, const struct diff_view *v, size_t n_rows, FILE *out)
{
	char cells[N_COLUMNS][VALUE_TEXT_SIZE];

	*t = (struct table){ .view = v,
			     .n_columns = v->by == DIFF_BY_LABELS ? TOTAL_DELTA : N_COLUMNS,
			     .line_width = text_width(out) };
	for (size_t i = 0; i < t->n_columns; i++)
		t->widths[i] = strlen(headings[i]);
	for (size_t row = 0; row < n_rows; row++) {
		format_row(v, &v->rows[row], cells);
		for (size_t i = 0; i < t->n_columns; i++)
			if (strlen(cells[i]) > t->widths[i])
				t->widths[i] = strlen(cells[i]);
	}
}

static size_t name_room(const struct table *t)
{
	size_t taken = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		taken += t->widths[i] + 2;
	return t->line_width > taken + MIN_ROOM ? t->line_width - taken : MIN_ROOM;
}

/* An unnamed function has its library in its name. */
static bool says_library(const struct diff_row *row)
{
	size_t size = strlen(row->library);

	return size == 0 || (strncmp(row->name, row->library, size) == 0 && row->name[size] == '+');
}

/* The library has a third of the room at most. */
static int print_name(const struct table *t, const struct diff_row *row, FILE *out)
{
	_cleanup_(buf_done) struct buf name = {}, library = {};
	size_t room = name_room(t);
	int r = 0;

	if (!says_library(row)) {
		r = text_add(&library, row->library, room / 3);
		room -= r == 0 ? text_n_chars(&library) + strlen("  ()") : 0;
	}
	if (r == 0)
		r = t->view->by == DIFF_BY_FUNCTION ? text_add_function(&name, row->name, room)
						    : text_add(&name, row->name, room);
	if (r < 0)
		return r;
	fprintf(out, "%s", name.size ? name.data : "(no file)");
	if (library.size)
		fprintf(out, "  (%s)", library.data);
	fputc('\n', out);
	return 0;
}

static int print_heading(const struct table *t, FILE *out)
{
	_cleanup_(buf_done) struct buf name = {};
	const struct diff_view *v = t->view;
	int r = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		fprintf(out, "%*s  ", (int)t->widths[i], headings[i]);
	for (size_t i = 0; r == 0 && v->by == DIFF_BY_LABELS && i < v->n_labels; i++) {
		if (i > 0)
			r = buf_add_str(&name, ", ");
		if (r == 0)
			r = text_add(&name, v->labels[i], name_room(t));
	}
	if (r < 0)
		return r;
	fprintf(out, "%s\n", name.size ? name.data : v->by == DIFF_BY_LIBRARY ? "LIBRARY" : "FUNCTION");
	return 0;
}

static int print_rows(const struct table *t, size_t n_rows, FILE *out)
{
	int r = print_heading(t, out);

	for (size_t row = 0; r == 0 && row < n_rows; row++) {
		char cells[N_COLUMNS][VALUE_TEXT_SIZE];

		format_row(t->view, &t->view->rows[row], cells);
		for (size_t i = 0; i < t->n_columns; i++)
			fprintf(out, "%*s  ", (int)t->widths[i], cells[i]);
		r = print_name(t, &t->view->rows[row], out);
	}
	return r;
}

static int print_side(const struct diff_view *v, size_t side, int64_t value, FILE *out)
{
	static const char *const titles[] = { [DIFF_BEFORE] = "before", [DIFF_AFTER] = "after" };
	const struct diff_view_side *s = &v->sides[side];
	_cleanup_(buf_done) struct buf name = {};
	char cell[VALUE_TEXT_SIZE];
	int r = text_add(&name, s->name, text_width(out) / 2);

	if (r < 0)
		return r;
	format(v, value, cell);
	fprintf(out, "%-6s  %s: %" PRIu64 " profile%s of %zu host%s", titles[side], name.data, s->n_profiles,
		s->n_profiles == 1 ? "" : "s", s->n_hosts, s->n_hosts == 1 ? "" : "s");
	if (s->seconds > 0)
		fprintf(out, ", %.1f s", s->seconds);
	fprintf(out, ": %s%s\n", cell, is_cores(v) ? " cores" : "");
	return 0;
}

static int print_head(const struct diff_view *v, FILE *out)
{
	char delta[VALUE_TEXT_SIZE], error[VALUE_TEXT_SIZE];
	struct diff_change sum;
	int r;

	diff_view_sum(v, &sum);
	r = print_side(v, DIFF_BEFORE, sum.before, out);
	if (r == 0)
		r = print_side(v, DIFF_AFTER, sum.after, out);
	if (r < 0)
		return r;
	format_signed(v, sum.delta, delta);
	format_error(v, &sum, error);
	fprintf(out, "%-6s  %s%s", "change", delta, is_cores(v) ? " cores" : "");
	if (error[0])
		fprintf(out, ", give or take %s%s", error, sum.is_noise ? ": noise" : "");
	fputs(v->normalize == NORMALIZE_HOSTS ? "; of one host\n\n" : "\n\n", out);
	return 0;
}

int diff_print(const struct diff_view *v, FILE *out)
{
	size_t n = n_changed(v), n_shown = n < v->max_rows ? n : v->max_rows;
	struct table t;
	int r = print_head(v, out);

	if (r < 0)
		return r;
	table_init(&t, v, n_shown, out);
	r = n_shown ? print_rows(&t, n_shown, out) : 0;
	if (r < 0)
		return r;
	if (n > n_shown)
		fprintf(out, "%zu more changed\n", n - n_shown);
	if (v->n_rows > n)
		fprintf(out, "%zu %s not changed, or by no more than chance does\n", v->n_rows - n,
			v->n_rows - n == 1 ? "has" : "have");
	return 0;
}
