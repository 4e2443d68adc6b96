// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-line.h"

#include "symbolizer/dwarf-line-header.h"
#include "symbolizer/dwarf-line-program.h"

/*
 * The program is run twice: to find its sequences, which come in any order, and once more over each of them in the
 * order of their addresses. So rows are written where they stay, and no memory is taken for those of dropped code.
 */
#define MAX_SEQUENCES ((size_t)1 << 20) /* 40 MiB */
#define MAX_ROWS ((size_t)1 << 24)      /* 256 MiB, all that a child may have; no unit of a browser has a tenth */

struct sequence {
	const uint8_t *at; /* in the program */
	uint64_t start, end;
	size_t n_rows; /* its end, too */
};

struct sequences {
	struct sequence *all;
	size_t n, capacity;
	size_t n_rows;
};

static void sequences_done(struct sequences *s)
{
	free(s->all);
}

static int add_sequence(struct sequences *s, const struct sequence *sequence)
{
	struct sequence *more;

	s->n_rows += sequence->n_rows;
	if (s->n == MAX_SEQUENCES || s->n_rows > MAX_ROWS)
		return -EFBIG;
	if (s->n == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 64;

		more = reallocarray(s->all, capacity, sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->all = more;
		s->capacity = capacity;
	}
	s->all[s->n++] = *sequence;
	return 0;
}

/* Linkers write 0 or -1 where they dropped the code; lld -2 in some sections. */
static bool is_live(const struct sequence *s, uint8_t address_bytes)
{
	const uint64_t last = address_bytes == 4 ? UINT32_MAX : UINT64_MAX;

	return s->start > 0 && s->start < last - 1 && s->start < s->end;
}

static int find_sequences(struct dwarf_line_names *names, struct sequences *ret)
{
	const struct dwarf_line_header *h = &names->header;
	struct dwarf_line_program p = dwarf_line_program_of(h, h->program.at);
	struct sequence s = { .at = p.reader.at };
	enum dwarf_line_event event;
	int r = 0;

	p.names = names;
	while (r == 0 && (event = dwarf_line_program_next(&p)) != DWARF_LINE_STOP) {
		if (s.n_rows++ == 0)
			s.start = p.address;
		if (event != DWARF_LINE_END)
			continue;
		s.end = p.address;
		if (is_live(&s, h->address_bytes))
			r = add_sequence(ret, &s);
		s = (struct sequence){ .at = p.reader.at };
	}
	return r < 0 ? r : p.error;
}

static int compare_sequences(const void *va, const void *vb)
{
	const struct sequence *a = va, *b = vb;

	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Rows in the making, with the number that was asked for last. */
struct rows {
	struct dwarf_line_names *names;
	struct dwarf_line_row *all;
	size_t n, capacity;
	uint64_t number;
	uint32_t file;
};

static int find_file(struct rows *rows, uint64_t number)
{
	uint32_t file;
	int r;

	if (number == rows->number)
		return 0;
	r = dwarf_line_names_find(rows->names, number, &file);
	if (r < 0)
		return r;
	rows->number = number;
	rows->file = file;
	return 0;
}

/*
 * What the sequence before has is its own: what of this one lies there begins where that ends. Of rows at one address
 * the last one counts. There is room for all, but who owns the file may change it between the runs.
 */
static void add_row(struct rows *rows, uint64_t address, uint32_t file, uint32_t line)
{
	struct dwarf_line_row *last = rows->n ? &rows->all[rows->n - 1] : NULL;

	if (last && address <= last->address) {
		last->file = file;
		last->line = line;
	} else if (rows->n < rows->capacity && (!last || last->file != file || last->line != line)) {
		rows->all[rows->n++] = (struct dwarf_line_row){ address, file, line };
	}
}

/* A line of an unknown file is none, as LLVM has it. */
static int add_rows(struct rows *rows, const struct sequence *s)
{
	struct dwarf_line_program p = dwarf_line_program_of(&rows->names->header, s->at);
	int r = 0;

	while (r == 0 && dwarf_line_program_next(&p) == DWARF_LINE_ROW) {
		if (p.address >= s->end)
			continue;
		r = find_file(rows, p.file);
		if (r == 0)
			add_row(rows, p.address, rows->file, rows->file ? p.line : 0);
	}
	add_row(rows, s->end, 0, 0);
	return r;
}

static int add_sequences(struct rows *rows, const struct sequences *s)
{
	int r = 0;

	for (size_t i = 0; i < s->n && r == 0; i++)
		r = add_rows(rows, &s->all[i]);
	return r;
}

static int make_rows(struct dwarf_line_names *names, struct dwarf_line_table *ret)
{
	_cleanup_(sequences_done) struct sequences sequences = {};
	struct rows rows = { .names = names, .number = UINT64_MAX };
	int r;

	r = find_sequences(names, &sequences);
	if (r < 0)
		return r;
	if (sequences.n == 0)
		return 0;
	qsort(sequences.all, sequences.n, sizeof(sequences.all[0]), compare_sequences);
	rows.capacity = sequences.n_rows;
	rows.all = reallocarray(NULL, rows.capacity, sizeof(*rows.all));
	if (!rows.all)
		return -ENOMEM;
	ret->rows = rows.all;
	r = add_sequences(&rows, &sequences);
	ret->n_rows = rows.n;
	return r;
}

int dwarf_line_table_read(const struct dwarf_line_unit *unit, struct dwarf_files *files, struct dwarf_line_table *ret)
{
	struct dwarf_line_table t = {};
	int r;

	r = dwarf_line_names_new(unit, files, &t.names);
	if (r == 0 && !unit->is_dwo)
		r = make_rows(t.names, &t);
	if (r < 0) {
		dwarf_line_table_done(&t);
		return r;
	}
	*ret = t;
	return 0;
}

int dwarf_line_table_file(const struct dwarf_line_table *t, uint64_t number, uint32_t *ret)
{
	return dwarf_line_names_find(t->names, number, ret);
}

void dwarf_line_table_done(struct dwarf_line_table *t)
{
	dwarf_line_names_free(t->names);
	free(t->rows);
	*t = (struct dwarf_line_table){};
}
