// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-lines.h"

#include <string.h>

#include "symbolizer/dwarf-array.h"
#include "symbolizer/dwarf-line.h"
#include "symbolizer/dwarf-map.h"
#include "symbolizer/go-binary.h"
#include "symbolizer/go-inline.h"

/* Of a binary; the largest known has 700k functions and 5 M lines. */
#define MAX_FUNCTIONS ((size_t)4 << 20)
#define MAX_SCOPES ((size_t)8 << 20)
#define MAX_ROWS ((size_t)16 << 20) /* lines, and spans */
#define MAX_PIECES ((size_t)4 << 20)
#define MAX_DEPTH 256 /* calls inlined in one another */

struct go_lines {
	struct dwarf_files *files;
	struct dwarf_array functions, scopes, spans, lines;
};

struct go_lines *go_lines_free(struct go_lines *g)
{
	if (!g)
		return NULL;
	dwarf_files_free(g->files);
	dwarf_array_done(&g->functions);
	dwarf_array_done(&g->scopes);
	dwarf_array_done(&g->spans);
	dwarf_array_done(&g->lines);
	free(g);
	return NULL;
}

/* -- tables of pcs -- */

/* A value from the end of the piece before, counted from the start of the function, up to here. */
struct piece {
	uint32_t end;
	int32_t value;
};

static const struct piece *piece_of(const struct dwarf_array *pieces, size_t i)
{
	return (const struct piece *)pieces->data + i;
}

/* As much of a table as lies in the function. */
static int read_pieces(const struct gopclntab *t, uint32_t table, uint32_t n_bytes, struct dwarf_array *ret)
{
	struct gopclntab_span span;
	struct gopclntab_pcsp p;
	int r = 0;

	ret->n = 0;
	gopclntab_pcs_init(&p, t, table);
	while (r == 0 && gopclntab_pcsp_next(&p, &span) && span.start < n_bytes) {
		r = dwarf_array_add(ret, sizeof(struct piece), MAX_PIECES);
		if (r == 0)
			*dwarf_array_last(ret, struct piece) = (struct piece){
				.end = span.end < n_bytes ? (uint32_t)span.end : n_bytes,
				.value = span.delta,
			};
	}
	return r;
}

/* -1 where the table says nothing, as in the runtime. */
static int32_t value_at(const struct dwarf_array *pieces, uint32_t pc)
{
	size_t low = 0, high = pieces->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (piece_of(pieces, mid)->end <= pc)
			low = mid + 1;
		else
			high = mid;
	}
	return low < pieces->n ? piece_of(pieces, low)->value : -1;
}

/* -- the function at hand -- */

/* The scope of an entry of the inline tree; of another function, if that is not the one at hand. */
struct call_scope {
	uint32_t root, scope;
};

struct pass {
	struct go_lines *out;
	struct index_writer *writer;
	struct go_binary go;
	bool has_inline;
	struct go_inline inline_trees;
	struct dwarf_map functions; /* numbers, by name and line */
	struct dwarf_map files;     /* numbers, by entry of the table that units share */

	uint64_t start;
	uint32_t n_bytes, root;
	struct gopclntab_source source;
	struct dwarf_array file_pieces, line_pieces, call_pieces;
	struct dwarf_array call_scopes;
};

static void pass_done(struct pass *p)
{
	dwarf_map_done(&p->functions);
	dwarf_map_done(&p->files);
	dwarf_array_done(&p->file_pieces);
	dwarf_array_done(&p->line_pieces);
	dwarf_array_done(&p->call_pieces);
	dwarf_array_done(&p->call_scopes);
}

static int find_file(struct pass *p, int32_t number, uint32_t *ret)
{
	const uint64_t key = (uint64_t)p->source.cu + (uint32_t)number + 1;
	char path[GOPCLNTAB_NAME_BYTES + 1];
	struct gopclntab_name name;
	uint64_t file;
	int r;

	if (number < 0) {
		*ret = 0;
		return 0;
	}
	if (dwarf_map_find(&p->files, key, &file)) {
		*ret = (uint32_t)file;
		return 0;
	}
	name = gopclntab_file(&p->go.table, p->source.cu, (uint32_t)number);
	memcpy(path, name.data, name.n_bytes);
	path[name.n_bytes] = 0;
	r = dwarf_files_add(p->out->files, NULL, NULL, path, ret);
	return r < 0 ? r : dwarf_map_add(&p->files, key, *ret);
}

/* Of a place in the code: a line without a file is none, as in the runtime. */
static int find_line(struct pass *p, int32_t file, int32_t line, uint32_t *ret_file, uint32_t *ret_line)
{
	int r;

	r = find_file(p, line < 0 ? -1 : file, ret_file);
	*ret_line = r == 0 && *ret_file ? (uint32_t)line : 0;
	return r;
}

static int find_function(struct pass *p, const struct gopclntab_name *name, uint32_t name_offset, uint32_t start_line,
			 uint32_t *ret)
{
	const uint64_t key = ((uint64_t)name_offset << 32 | start_line) + 1;
	struct index_name names;
	uint64_t function;
	int r;

	if (dwarf_map_find(&p->functions, key, &function)) {
		*ret = (uint32_t)function;
		return 0;
	}
	r = index_writer_add_name(p->writer, name->data, name->n_bytes, &names);
	if (r == 0)
		r = dwarf_map_add(&p->functions, key, p->out->functions.n);
	if (r == 0)
		r = dwarf_array_add(&p->out->functions, sizeof(struct index_function), MAX_FUNCTIONS);
	if (r < 0)
		return r;
	*ret = (uint32_t)p->out->functions.n - 1;
	*dwarf_array_last(&p->out->functions, struct index_function) =
		(struct index_function){ .name = names, .start_line = start_line };
	return 0;
}

static int add_scope(struct pass *p, const struct index_scope *scope, uint32_t *ret)
{
	int r;

	r = dwarf_array_add(&p->out->scopes, sizeof(*scope), MAX_SCOPES);
	if (r < 0)
		return r;
	*dwarf_array_last(&p->out->scopes, struct index_scope) = *scope;
	*ret = (uint32_t)p->out->scopes.n - 1;
	return 0;
}

/* -- inlined calls -- */

static int reserve_call_scopes(struct pass *p, size_t n)
{
	while (p->call_scopes.n < n) {
		int r = dwarf_array_add(&p->call_scopes, sizeof(struct call_scope), GO_INLINE_MAX_CALLS);

		if (r < 0)
			return r;
		*dwarf_array_last(&p->call_scopes, struct call_scope) = (struct call_scope){ .root = INDEX_NO_SCOPE };
	}
	return 0;
}

static struct call_scope *call_scope_of(struct pass *p, uint32_t i)
{
	return (struct call_scope *)p->call_scopes.data + i;
}

static int find_scope(struct pass *p, int32_t i, unsigned int depth, uint32_t *ret);

/* The caller is what the instruction that stands for the call belongs to. */
static int make_scope(struct pass *p, const struct go_call *call, unsigned int depth, uint32_t *ret)
{
	struct index_scope scope;
	int r;

	r = find_scope(p, value_at(&p->call_pieces, call->pc), depth + 1, &scope.parent);
	if (r == 0)
		r = find_function(p, &call->name, call->name_offset, call->start_line, &scope.function);
	if (r == 0)
		r = find_line(p, value_at(&p->file_pieces, call->pc), value_at(&p->line_pieces, call->pc),
			      &scope.call_file, &scope.call_line);
	return r < 0 ? r : add_scope(p, &scope, ret);
}

/* The scope of an entry of the inline tree; what makes no sense is taken for the function's own code. */
static int find_scope(struct pass *p, int32_t i, unsigned int depth, uint32_t *ret)
{
	struct go_call call;
	int r;

	*ret = p->root;
	if (!p->has_inline || p->source.inline_tree == GOPCLNTAB_NO_TREE || i < 0 || depth > MAX_DEPTH ||
	    !go_inline_call(&p->inline_trees, p->source.inline_tree, (uint32_t)i, p->n_bytes, &call))
		return 0;
	r = reserve_call_scopes(p, (size_t)i + 1);
	if (r < 0)
		return r;
	if (call_scope_of(p, (uint32_t)i)->root != p->root) {
		/* If it comes to be its own caller, the function is. */
		*call_scope_of(p, (uint32_t)i) = (struct call_scope){ p->root, p->root };
		r = make_scope(p, &call, depth, ret);
		if (r < 0)
			return r;
		call_scope_of(p, (uint32_t)i)->scope = *ret;
	}
	*ret = call_scope_of(p, (uint32_t)i)->scope;
	return 0;
}

static int add_span(struct pass *p, uint32_t from, uint32_t to, uint32_t scope)
{
	struct dwarf_array *spans = &p->out->spans;
	struct index_span *last = spans->n ? dwarf_array_last(spans, struct index_span) : NULL;
	int r;

	if (from == to)
		return 0;
	if (last && last->scope == scope) {
		last->n_bytes += to - from;
		return 0;
	}
	r = dwarf_array_add(spans, sizeof(*last), MAX_ROWS);
	if (r == 0)
		*dwarf_array_last(spans, struct index_span) =
			(struct index_span){ .start = p->start + from, .n_bytes = to - from, .scope = scope };
	return r;
}

/* What no table speaks of is the function's own. */
static int add_spans(struct pass *p)
{
	uint32_t from = 0, scope;
	int r = 0;

	for (size_t i = 0; i < p->call_pieces.n && r == 0; i++) {
		const struct piece piece = *piece_of(&p->call_pieces, i);

		r = find_scope(p, piece.value, 0, &scope);
		if (r == 0)
			r = add_span(p, from, piece.end, scope);
		from = piece.end;
	}
	return r < 0 ? r : add_span(p, from, p->n_bytes, p->root);
}

/* -- lines -- */

static int add_line(struct pass *p, uint32_t pc, uint32_t file, uint32_t line)
{
	struct dwarf_array *lines = &p->out->lines;
	struct index_line *last = lines->n ? dwarf_array_last(lines, struct index_line) : NULL;
	const uint64_t start = p->start + pc;
	int r;

	if (last && last->file == file && last->line == line)
		return 0;
	if (!last || last->start != start) {
		r = dwarf_array_add(lines, sizeof(*last), MAX_ROWS);
		if (r < 0)
			return r;
	}
	*dwarf_array_last(lines, struct index_line) = (struct index_line){ .start = start, .file = file, .line = line };
	return 0;
}

/* Both tables side by side; where one of them ends, there are no lines any more. */
static int add_lines(struct pass *p)
{
	uint32_t pc = 0, file, line;
	size_t i = 0, k = 0;
	int r = 0;

	while (i < p->file_pieces.n && k < p->line_pieces.n && r == 0) {
		const struct piece *f = piece_of(&p->file_pieces, i), *l = piece_of(&p->line_pieces, k);

		r = find_line(p, f->value, l->value, &file, &line);
		if (r == 0)
			r = add_line(p, pc, file, line);
		pc = f->end < l->end ? f->end : l->end;
		i += f->end == pc;
		k += l->end == pc;
	}
	return r < 0 ? r : add_line(p, pc, 0, 0);
}

/* -- functions -- */

static int read_tables(struct pass *p)
{
	const struct gopclntab *t = &p->go.table;
	int r;

	r = read_pieces(t, p->source.files, p->n_bytes, &p->file_pieces);
	if (r == 0)
		r = read_pieces(t, p->source.lines, p->n_bytes, &p->line_pieces);
	return r < 0 ? r : read_pieces(t, p->source.calls, p->n_bytes, &p->call_pieces);
}

static int add_function(struct pass *p, const struct gopclntab_function *f)
{
	const struct gopclntab_name name = gopclntab_name(&p->go.table, f);
	struct index_scope root = { .parent = INDEX_NO_SCOPE };
	int r;

	p->start = f->start;
	p->n_bytes = (uint32_t)(f->end - f->start);
	r = read_tables(p);
	if (r == 0)
		r = find_function(p, &name, f->name, p->source.start_line, &root.function);
	if (r == 0)
		r = add_scope(p, &root, &p->root);
	if (r == 0)
		r = add_spans(p);
	return r < 0 ? r : add_lines(p);
}

/* In ascending order; a name is what C code has none of. */
static int add_functions(struct pass *p, const struct elffile *f)
{
	struct gopclntab_function function;
	uint64_t end = 0;
	int r = 0;

	for (size_t i = 0; i < p->go.table.n_functions && r == 0; i++) {
		if (!go_binary_function(&p->go, f, i, &function) || function.start < end ||
		    function.end - function.start > UINT32_MAX)
			continue;
		if (gopclntab_name(&p->go.table, &function).n_bytes == 0 ||
		    !gopclntab_source(&p->go.table, i, &p->source))
			continue;
		r = add_function(p, &function);
		end = function.end;
	}
	return r;
}

static int run(struct pass *p, const struct elffile *f)
{
	int r;

	r = go_binary_open(f, &p->go);
	if (r != 0)
		return r < 0 ? r : GO_LINES_NONE;
	r = go_inline_open(f, &p->go, &p->inline_trees);
	if (r < 0)
		return r;
	p->has_inline = r == 0;
	r = dwarf_files_new(p->writer, &p->out->files);
	return r < 0 ? r : add_functions(p, f);
}

int go_lines_read(const struct elffile *f, struct index_writer *w, struct go_lines **ret)
{
	_cleanup_(go_lines_freep) struct go_lines *g = calloc(1, sizeof(*g));
	_cleanup_free_ struct pass *p = calloc(1, sizeof(*p));
	int r;

	if (!g || !p)
		return -ENOMEM;
	p->out = g;
	p->writer = w;
	r = run(p, f);
	pass_done(p);
	if (r != 0)
		return r;
	if (g->functions.n == 0)
		return GO_LINES_NONE;
	*ret = take_ptr(g);
	return 0;
}

void go_lines_get(const struct go_lines *g, struct index_debug *ret)
{
	*ret = (struct index_debug){
		.functions = g->functions.data,
		.scopes = g->scopes.data,
		.spans = g->spans.data,
		.lines = g->lines.data,
		.n_functions = g->functions.n,
		.n_scopes = g->scopes.n,
		.n_spans = g->spans.n,
		.n_lines = g->lines.n,
	};
	ret->files = dwarf_files_get(g->files, &ret->n_files);
}
