// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/jit-code.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

int jit_code_init(struct jit_code *code)
{
	static const struct build_id none;

	*code = (struct jit_code){};
	return index_writer_new(EM_NONE, &none, &code->w);
}

void jit_code_done(struct jit_code *code)
{
	code->w = index_writer_free(code->w);
	buf_done(&code->functions);
	buf_done(&code->lines);
}

int jit_code_add(struct jit_code *code, uint64_t start, uint64_t size, const char *name, size_t name_bytes)
{
	struct jit_function f = { .start = start };
	int r;

	if (jit_code_n(code) >= JIT_CODE_MAX_FUNCTIONS)
		return JIT_CODE_FULL;
	if (size == 0 || __builtin_add_overflow(start, size, &f.end) || f.end > JIT_CODE_END || size > UINT32_MAX)
		return JIT_CODE_NONSENSE;
	if (name_bytes > JIT_CODE_NAME_BYTES)
		name_bytes = JIT_CODE_NAME_BYTES;
	if (strnlen(name, name_bytes) == 0)
		return JIT_CODE_NONSENSE;
	r = index_writer_add_name(code->w, name, name_bytes, &f.name);
	if (r < 0)
		return r;
	return buf_add(&code->functions, &f, sizeof(f));
}

/* Functions in the order of their starts; and a heap of those that hold an address, the latest on top. */
struct sweep {
	const struct jit_code *code;
	uint32_t *by_start;
	uint32_t *heap;
	size_t n, n_heap;
};

static int compare_starts(const void *a, const void *b, void *context)
{
	const struct jit_function *functions = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (functions[x].start != functions[y].start)
		return functions[x].start < functions[y].start ? -1 : 1;
	return (x > y) - (x < y);
}

static int sweep_init(struct sweep *s, const struct jit_code *code)
{
	*s = (struct sweep){ .code = code, .n = jit_code_n(code) };
	s->by_start = reallocarray(NULL, s->n + 1, sizeof(*s->by_start));
	s->heap = reallocarray(NULL, s->n + 1, sizeof(*s->heap));
	if (!s->by_start || !s->heap)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		s->by_start[i] = (uint32_t)i;
	qsort_r(s->by_start, s->n, sizeof(*s->by_start), compare_starts, code->functions.data);
	return 0;
}

static void sweep_done(struct sweep *s)
{
	free(s->by_start);
	free(s->heap);
}

static void push(struct sweep *s, uint32_t function)
{
	size_t at = s->n_heap++;

	for (; at > 0 && s->heap[(at - 1) / 2] < function; at = (at - 1) / 2)
		s->heap[at] = s->heap[(at - 1) / 2];
	s->heap[at] = function;
}

static void pop(struct sweep *s)
{
	uint32_t last = s->heap[--s->n_heap];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < s->n_heap) {
		if (child + 1 < s->n_heap && s->heap[child + 1] > s->heap[child])
			child++;
		if (s->heap[child] <= last)
			break;
		s->heap[at] = s->heap[child];
		at = child;
	}
	s->heap[at] = last;
}

static const struct jit_function *function_at(const struct sweep *s, uint32_t i)
{
	return jit_code_function(s->code, i);
}

/* The latest function that reaches beyond the address; NULL: none of those met so far. */
static const struct jit_function *latest_at(struct sweep *s, uint64_t addr)
{
	while (s->n_heap > 0) {
		const struct jit_function *f = function_at(s, s->heap[0]);

		if (f->end > addr)
			return f;
		pop(s);
	}
	return NULL;
}

/* What is written beside the functions: the lines of those that have some. */
struct line_tables {
	struct buf files, functions, scopes, spans, lines;
	uint32_t last_path, last_file;
	uint64_t end; /* of the last piece */
};

static void line_tables_done(struct line_tables *t)
{
	buf_done(&t->files);
	buf_done(&t->functions);
	buf_done(&t->scopes);
	buf_done(&t->spans);
	buf_done(&t->lines);
}

static size_t count(const struct buf *b, size_t item_bytes)
{
	return b->size / item_bytes;
}

/* The lines of a function mostly come from one file; that another one is listed twice does no harm. */
static int number_file(struct line_tables *t, uint32_t path, uint32_t *ret)
{
	int r = 0;

	if (path != 0 && path != t->last_path) {
		t->last_file = (uint32_t)count(&t->files, sizeof(path));
		t->last_path = path;
		r = buf_add(&t->files, &path, sizeof(path));
	}
	*ret = path != 0 ? t->last_file : 0;
	return r;
}

static int add_line(struct line_tables *t, uint64_t start, const struct jit_line *l)
{
	struct index_line line = { .start = start, .line = l->line };
	int r = number_file(t, l->file, &line.file);

	return r < 0 ? r : buf_add(&t->lines, &line, sizeof(line));
}

static int add_scope(struct line_tables *t, const struct jit_function *f, uint32_t start_line, uint32_t *ret)
{
	const struct index_function function = { .name = f->name, .start_line = start_line };
	const struct index_scope scope = {
		.parent = INDEX_NO_SCOPE,
		.function = (uint32_t)count(&t->functions, sizeof(function)),
	};
	int r;

	r = buf_add(&t->functions, &function, sizeof(function));
	if (r < 0)
		return r;
	*ret = (uint32_t)count(&t->scopes, sizeof(scope));
	return buf_add(&t->scopes, &scope, sizeof(scope));
}

/* The line where the last piece ended is not that of what follows. */
static int end_lines(struct line_tables *t)
{
	static const struct jit_line none;

	return t->lines.size ? add_line(t, t->end, &none) : 0;
}

/* The line that the code at an offset comes from; before the first one: that. */
static uint32_t find_line(const struct jit_line *lines, uint32_t n, uint64_t offset)
{
	uint32_t low = 0, high = n;

	while (low + 1 < high) {
		uint32_t mid = low + (high - low) / 2;

		if (lines[mid].offset <= offset)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* The lines of the piece [start, end) of a function. */
static int add_lines(struct line_tables *t, const struct jit_code *code, const struct jit_function *f, uint64_t start,
		     uint64_t end)
{
	const struct jit_line *lines = (const struct jit_line *)(void *)code->lines.data + f->lines;
	struct index_span span = { .start = start, .n_bytes = (uint32_t)(end - start) };
	int r = t->end == start ? 0 : end_lines(t);

	if (r == 0)
		r = add_scope(t, f, lines[0].line, &span.scope);
	if (r == 0)
		r = buf_add(&t->spans, &span, sizeof(span));
	for (uint32_t i = find_line(lines, f->n_lines, start - f->start); r == 0 && i < f->n_lines; i++) {
		uint64_t from = f->start + lines[i].offset;

		if (from >= end)
			break;
		r = add_line(t, from > start ? from : start, &lines[i]);
	}
	t->end = end;
	return r;
}

/* A piece of a function that nothing later lies on. */
static int add_piece(struct line_tables *t, const struct jit_code *code, const struct jit_function *f, uint64_t start,
		     uint64_t end)
{
	int r;

	r = index_writer_add_named_function(code->w, start, end - start, &f->name);
	if (r == 0 && f->n_lines > 0)
		r = add_lines(t, code, f, start, end);
	return r;
}

/* From one start to the next: between them only ends lie, where an earlier function shows again. */
static int add_pieces(struct sweep *s, struct line_tables *t)
{
	uint64_t at = 0;
	int r = 0;

	for (size_t i = 0; i < s->n && r == 0; i++) {
		uint64_t next = i + 1 < s->n ? function_at(s, s->by_start[i + 1])->start : UINT64_MAX;
		const struct jit_function *f;

		at = function_at(s, s->by_start[i])->start;
		push(s, s->by_start[i]);
		while (r == 0 && at < next && (f = latest_at(s, at))) {
			uint64_t end = f->end < next ? f->end : next;

			r = add_piece(t, s->code, f, at, end);
			at = end;
		}
	}
	return r;
}

static int write_all(struct jit_code *code, const struct line_tables *t, int fd)
{
	const struct index_debug debug = {
		.files = (const void *)t->files.data,
		.functions = (const void *)t->functions.data,
		.scopes = (const void *)t->scopes.data,
		.spans = (const void *)t->spans.data,
		.lines = (const void *)t->lines.data,
		.n_files = count(&t->files, sizeof(*debug.files)),
		.n_functions = count(&t->functions, sizeof(*debug.functions)),
		.n_scopes = count(&t->scopes, sizeof(*debug.scopes)),
		.n_spans = count(&t->spans, sizeof(*debug.spans)),
		.n_lines = count(&t->lines, sizeof(*debug.lines)),
	};

	if (t->spans.size)
		index_writer_set_debug(code->w, &debug);
	return index_writer_finish(code->w, fd);
}

int jit_code_write(struct jit_code *code, int fd)
{
	_cleanup_(line_tables_done) struct line_tables tables = {};
	_cleanup_(sweep_done) struct sweep sweep = {};
	static const uint32_t unknown;
	int r;

	r = sweep_init(&sweep, code);
	if (r == 0)
		r = buf_add(&tables.files, &unknown, sizeof(unknown)); /* number 0 is "" */
	if (r == 0)
		r = add_pieces(&sweep, &tables);
	if (r == 0)
		r = end_lines(&tables);
	return r < 0 ? r : write_all(code, &tables, fd);
}
