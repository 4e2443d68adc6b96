// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-spans.h"

#define MAX_SPANS ((size_t)12 << 20) /* 192 MiB */
#define MAX_LINES ((size_t)12 << 20)

void dwarf_spans_done(struct dwarf_spans *s)
{
	dwarf_array_done(&s->spans);
	dwarf_array_done(&s->lines);
	dwarf_array_done(&s->open);
}

/* -- spans -- */

/* Covers laid over one another, from the lowest address on. */
struct layer {
	struct dwarf_spans *spans;
	const struct dwarf_owned *owned, *owned_end; /* what still lies ahead */
	uint64_t at;                                 /* up to here all is said */
};

/* A cover that holds the address at hand. */
struct open_cover {
	uint64_t to;
	uint32_t scope;
};

static int add_span(struct dwarf_spans *s, uint64_t from, uint64_t to, uint32_t scope)
{
	struct index_span *last = s->spans.n ? dwarf_array_last(&s->spans, struct index_span) : NULL;
	int r;

	if (last && last->scope == scope && last->start + last->n_bytes == from && to - last->start <= UINT32_MAX) {
		last->n_bytes = (uint32_t)(to - last->start);
		return 0;
	}
	r = dwarf_array_add(&s->spans, sizeof(*last), MAX_SPANS);
	if (r == 0)
		*dwarf_array_last(&s->spans, struct index_span) =
			(struct index_span){ .start = from, .n_bytes = (uint32_t)(to - from), .scope = scope };
	return r;
}

/* What the unit owns of a piece. Pieces come in ascending order. */
static int add_owned(struct layer *l, uint64_t from, uint64_t to, uint32_t scope)
{
	int r = 0;

	while (l->owned < l->owned_end && l->owned->to <= from)
		l->owned++;
	for (const struct dwarf_owned *o = l->owned; o < l->owned_end && o->from < to && r == 0; o++)
		r = add_span(l->spans, o->from > from ? o->from : from, o->to < to ? o->to : to, scope);
	return r;
}

static int say_until(struct layer *l, uint64_t to, uint32_t scope)
{
	int r;

	if (to <= l->at)
		return 0;
	r = add_owned(l, l->at, to, scope);
	l->at = to;
	return r;
}

/* Ends the covers that end before an address; what lies in between belongs to those around them. */
static int close_until(struct layer *l, uint64_t to)
{
	struct dwarf_array *open = &l->spans->open;
	int r = 0;

	for (; open->n > 0 && r == 0; open->n--) {
		const struct open_cover *top = dwarf_array_last(open, struct open_cover);

		if (top->to > to)
			return say_until(l, to, top->scope);
		r = say_until(l, top->to, top->scope);
	}
	return r;
}

static int open_cover(struct layer *l, const struct index_span *cover)
{
	struct dwarf_array *open = &l->spans->open;
	int r;

	r = close_until(l, cover->start);
	if (r == 0)
		r = dwarf_array_add(open, sizeof(struct open_cover), SIZE_MAX);
	if (r < 0)
		return r;
	*dwarf_array_last(open, struct open_cover) =
		(struct open_cover){ .to = cover->start + cover->n_bytes, .scope = cover->scope };
	l->at = cover->start;
	return 0;
}

int dwarf_spans_add(struct dwarf_spans *s, struct dwarf_array *covers, const struct dwarf_owned *owned, size_t n_owned)
{
	struct layer l = { .spans = s, .owned = owned, .owned_end = owned + n_owned };
	const struct index_span *all = covers->data;
	int r = 0;

	dwarf_array_sort(covers->data, covers->n);
	s->open.n = 0;
	for (size_t i = 0; i < covers->n && r == 0; i++)
		r = open_cover(&l, &all[i]);
	return r < 0 ? r : close_until(&l, UINT64_MAX);
}

/* -- lines -- */

static int add_line(struct dwarf_spans *s, uint64_t start, uint32_t file, uint32_t line)
{
	int r;

	r = dwarf_array_add(&s->lines, sizeof(struct index_line), MAX_LINES);
	if (r == 0)
		*dwarf_array_last(&s->lines, struct index_line) =
			(struct index_line){ .start = start, .file = file, .line = line };
	return r;
}

/* The row that holds an address, searched from one that lies before it on. */
static size_t row_at(const struct dwarf_line_table *t, size_t from, uint64_t address)
{
	size_t to = t->n_rows;

	while (from + 1 < to) {
		size_t mid = from + (to - from) / 2;

		if (t->rows[mid].address <= address)
			from = mid;
		else
			to = mid;
	}
	return from;
}

/* Rows from number *at on, of one piece; behind it nothing is known, until another piece says more. */
static int add_piece(struct dwarf_spans *s, const struct dwarf_line_table *t, const struct dwarf_owned *o, size_t *at)
{
	const struct dwarf_line_row *last = NULL;
	int r = 0;

	*at = row_at(t, *at, o->from);
	for (; *at < t->n_rows && t->rows[*at].address < o->to && r == 0; ++*at) {
		const struct dwarf_line_row *row = &t->rows[*at];

		if (last && last->file == row->file && last->line == row->line)
			continue;
		last = row;
		r = add_line(s, row->address > o->from ? row->address : o->from, row->file, row->line);
	}
	if (*at > 0)
		--*at; /* it may hold what follows too */
	if (!last || r < 0)
		return r;
	return add_line(s, o->to, 0, 0);
}

int dwarf_spans_add_lines(struct dwarf_spans *s, const struct dwarf_line_table *table, const struct dwarf_owned *owned,
			  size_t n_owned)
{
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < n_owned && r == 0 && at < table->n_rows; i++)
		r = add_piece(s, table, &owned[i], &at);
	return r;
}

/* -- all of it -- */

/* Of those with the same start the last one counts: what ends a piece has no file and line, so it comes first. */
static void join_lines(struct dwarf_array *lines)
{
	struct index_line *all = lines->data;
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++) {
		const struct index_line line = all[i];

		if (n > 0 && all[n - 1].start == line.start)
			n--;
		if (n > 0 && all[n - 1].file == line.file && all[n - 1].line == line.line)
			continue;
		if (n == 0 && line.file == 0 && line.line == 0)
			continue;
		all[n++] = line;
	}
	lines->n = n;
}

void dwarf_spans_finish(struct dwarf_spans *s)
{
	dwarf_array_sort(s->spans.data, s->spans.n);
	dwarf_array_sort(s->lines.data, s->lines.n);
	join_lines(&s->lines);
}
