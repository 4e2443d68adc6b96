// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-debug-writer.h"

#include "symbolizer/index-format.h"
#include "symbolizer/index-function-table.h"
#include "symbolizer/index-leaf.h"
#include "symbolizer/index-scope.h"
#include "symbolizer/index-starts.h"

struct index_debug_writer {
	const struct index_debug *debug;
	uint32_t *scopes; /* the offset of each */
	bool *must_ask;   /* of each root: whether a symbol has another name for some of it */
	struct index_function_table functions;
	uint32_t *function_files; /* where the lines of each row are; 0: not known yet */
	uint64_t *starts;         /* of the leaves */
	size_t n_leaves, capacity;
};

struct index_debug_writer *index_debug_writer_free(struct index_debug_writer *w)
{
	if (!w)
		return NULL;
	free(w->scopes);
	free(w->must_ask);
	free(w->function_files);
	index_function_table_done(&w->functions);
	free(w->starts);
	free(w);
	return NULL;
}

static bool are_good_scopes(const struct index_debug *d)
{
	for (size_t i = 0; i < d->n_scopes; i++) {
		const struct index_scope *s = &d->scopes[i];

		if ((s->parent != INDEX_NO_SCOPE && s->parent >= i) || s->function >= d->n_functions ||
		    s->call_file >= d->n_files)
			return false;
	}
	return true;
}

static bool are_good_spans(const struct index_debug *d)
{
	uint64_t floor = 0;

	for (size_t i = 0; i < d->n_spans; i++) {
		const struct index_span *s = &d->spans[i];

		if (s->start < floor || s->n_bytes == 0 || s->scope >= d->n_scopes ||
		    __builtin_add_overflow(s->start, s->n_bytes, &floor))
			return false;
	}
	return true;
}

static bool are_good_lines(const struct index_debug *d)
{
	for (size_t i = 0; i < d->n_lines; i++) {
		if (d->lines[i].file >= d->n_files || (i > 0 && d->lines[i].start <= d->lines[i - 1].start))
			return false;
	}
	return true;
}

/* A piece of code: the innermost scope, INDEX_NO_SCOPE: none; and the line. */
struct piece {
	uint64_t start, end;
	uint32_t scope;
	uint32_t file, line;
};

/* Goes through spans and lines at once, piece by piece. */
struct walk {
	const struct index_debug *debug;
	size_t span, line; /* the next ones */
	uint64_t span_end; /* where there is a scope */
	struct piece now;
};

/* Where the next piece starts; UINT64_MAX: there is none. */
static uint64_t next_start(const struct walk *w)
{
	const struct index_debug *d = w->debug;
	uint64_t start = UINT64_MAX;

	if (w->now.scope != INDEX_NO_SCOPE)
		start = w->span_end;
	if (w->span < d->n_spans && d->spans[w->span].start < start)
		start = d->spans[w->span].start;
	if (w->line < d->n_lines && d->lines[w->line].start < start)
		start = d->lines[w->line].start;
	return start;
}

static struct walk walk_of(const struct index_debug *debug)
{
	struct walk w = { .debug = debug, .now.scope = INDEX_NO_SCOPE };

	w.now.end = next_start(&w);
	return w;
}

static bool walk_next(struct walk *w)
{
	const struct index_debug *d = w->debug;
	uint64_t start = w->now.end;

	if (start == UINT64_MAX)
		return false;
	if (w->now.scope != INDEX_NO_SCOPE && start == w->span_end)
		w->now.scope = INDEX_NO_SCOPE;
	if (w->span < d->n_spans && d->spans[w->span].start == start) {
		w->now.scope = d->spans[w->span].scope;
		w->span_end = start + d->spans[w->span++].n_bytes;
	}
	if (w->line < d->n_lines && d->lines[w->line].start == start) {
		w->now.file = d->lines[w->line].file;
		w->now.line = d->lines[w->line++].line;
	}
	w->now.start = start;
	w->now.end = next_start(w);
	return true;
}

/* A function's file is the first that one of its own lines comes from, or a call in it. */
static void note_file(struct index_debug_writer *w, uint32_t scope, uint32_t file)
{
	uint32_t *known = &w->function_files[w->functions.numbers[w->debug->scopes[scope].function]];

	if (*known == 0)
		*known = file;
}

static void note_call_files(struct index_debug_writer *w)
{
	for (size_t i = 0; i < w->debug->n_scopes; i++) {
		const struct index_scope *s = &w->debug->scopes[i];

		if (s->parent != INDEX_NO_SCOPE)
			note_file(w, s->parent, s->call_file);
	}
}

static bool is_named(const struct index_writer_symbol *symbol, const struct index_function *function)
{
	return symbol->name.name == function->name.name && symbol->name.linkage_name == function->name.linkage_name;
}

/* Looks at the symbols in a piece of code; the next piece begins with the one that is returned. */
static size_t note_symbols(struct index_debug_writer *w, const struct piece *piece, uint32_t root,
			   const struct index_writer_symbol *symbols, size_t n_symbols, size_t i)
{
	const struct index_function *function = &w->debug->functions[w->debug->scopes[root].function];

	for (; i < n_symbols && symbols[i].start < piece->end; i++) {
		if (symbols[i].start + symbols[i].n_bytes <= piece->start)
			continue;
		w->must_ask[root] |= !is_named(&symbols[i], function);
		if (symbols[i].start + symbols[i].n_bytes > piece->end)
			break;
	}
	return i;
}

/* What must be known of all code before any of it is written. */
static int look_ahead(struct index_debug_writer *w, const struct index_writer_symbol *symbols, size_t n_symbols)
{
	const struct index_debug *d = w->debug;
	_cleanup_free_ uint32_t *roots = calloc(d->n_scopes + 1, sizeof(*roots));
	struct walk walk = walk_of(d);
	size_t symbol = 0;

	if (!roots)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_scopes; i++)
		roots[i] = d->scopes[i].parent == INDEX_NO_SCOPE ? i : roots[d->scopes[i].parent];
	while (walk_next(&walk)) {
		if (walk.now.scope == INDEX_NO_SCOPE)
			continue;
		note_file(w, walk.now.scope, walk.now.file);
		symbol = note_symbols(w, &walk.now, roots[walk.now.scope], symbols, n_symbols, symbol);
	}
	note_call_files(w);
	return 0;
}

int index_debug_writer_new(const struct index_debug *debug, const struct index_writer_symbol *symbols, size_t n_symbols,
			   struct index_debug_writer **ret)
{
	_cleanup_(index_debug_writer_freep) struct index_debug_writer *w = NULL;
	int r;

	if (debug->n_files == 0 || debug->files[0] != 0)
		return -EINVAL;
	if (!are_good_scopes(debug) || !are_good_spans(debug) || !are_good_lines(debug))
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->debug = debug;
	w->scopes = calloc(debug->n_scopes + 1, sizeof(*w->scopes));
	w->must_ask = calloc(debug->n_scopes + 1, sizeof(*w->must_ask));
	r = index_function_table_init(&w->functions, debug);
	if (r < 0)
		return r;
	w->function_files = calloc(w->functions.n_rows + 1, sizeof(*w->function_files));
	if (!w->scopes || !w->must_ask || !w->function_files)
		return -ENOMEM;
	r = look_ahead(w, symbols, n_symbols);
	if (r < 0)
		return r;
	*ret = take_ptr(w);
	return 0;
}

/* A place as it is written: relative to the function that the scope is of. */
static struct index_place place_in(const struct index_debug_writer *w, uint32_t scope, uint32_t file, uint32_t line)
{
	uint32_t function;

	if (scope == INDEX_NO_SCOPE)
		return (struct index_place){ .file = file ? file + 1 : INDEX_FILE_OF_FUNCTION, .line = line };
	function = w->debug->scopes[scope].function;
	return (struct index_place){
		.file = file == w->function_files[w->functions.numbers[function]] ? INDEX_FILE_OF_FUNCTION : file + 1,
		.line = line - w->debug->functions[function].start_line,
	};
}

/* What is read behind the last number. */
static int write_slack(struct index_sink *sink)
{
	static const uint8_t zeros[INDEX_SLACK_BYTES];

	return index_sink_add(sink, zeros, sizeof(zeros));
}

int index_debug_writer_scopes(struct index_debug_writer *w, struct index_sink *sink)
{
	uint64_t offset = 1;
	int r;

	r = index_sink_add(sink, "", 1); /* no scope has offset 0 */
	for (size_t i = 0; i < w->debug->n_scopes && r == 0; i++) {
		const struct index_scope *s = &w->debug->scopes[i];
		struct index_scope_record record = { .function = w->functions.numbers[s->function],
						     .call.file = w->must_ask[i] };
		uint8_t bytes[INDEX_SCOPE_BYTES];
		size_t n;

		if (offset > INDEX_LIMIT_BYTES)
			return -EFBIG;
		w->scopes[i] = (uint32_t)offset;
		if (s->parent != INDEX_NO_SCOPE) {
			record.back = (uint32_t)offset - w->scopes[s->parent];
			record.call = place_in(w, s->parent, s->call_file, s->call_line);
		}
		n = index_scope_pack(&record, bytes);
		r = index_sink_add(sink, bytes, n);
		offset += n;
	}
	return r < 0 ? r : write_slack(sink);
}

int index_debug_writer_functions(const struct index_debug_writer *w, struct index_sink *sink)
{
	for (size_t i = 0; i < w->functions.n_rows; i++) {
		const struct index_function *f = &w->debug->functions[w->functions.rows[i]];
		const struct index_scope_function row = {
			.name = f->name.name,
			.linkage_name = f->name.linkage_name,
			.start_line = f->start_line,
			.file = w->function_files[i],
		};
		int r;

		r = index_sink_add(sink, &row, sizeof(row));
		if (r < 0)
			return r;
	}
	return 0;
}

int index_debug_writer_files(const struct index_debug_writer *w, struct index_sink *sink)
{
	return index_sink_add(sink, w->debug->files, w->debug->n_files * sizeof(w->debug->files[0]));
}

static int write_leaf(struct index_debug_writer *w, struct index_sink *sink, const struct index_leaf *leaf)
{
	if (w->n_leaves == w->capacity) {
		size_t capacity = w->capacity ? w->capacity * 2 : 1024;
		uint64_t *more = reallocarray(w->starts, capacity, sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->starts = more;
		w->capacity = capacity;
	}
	w->starts[w->n_leaves++] = leaf->start;
	return index_sink_add(sink, leaf->bytes, sizeof(leaf->bytes));
}

static int add_piece(struct index_debug_writer *w, struct index_sink *sink, struct index_leaf *leaf,
		     const struct index_piece *piece)
{
	int r;

	if (index_leaf_add(leaf, piece))
		return 0;
	r = write_leaf(w, sink, leaf);
	if (r < 0)
		return r;
	*leaf = (struct index_leaf){};
	(void)index_leaf_add(leaf, piece); /* one fits */
	return 0;
}

static bool is_news(const struct index_leaf *leaf, const struct index_piece *piece)
{
	return leaf->n == 0 || piece->scope != leaf->last.scope || piece->place.file != leaf->last.place.file ||
	       piece->place.line != leaf->last.place.line;
}

int index_debug_writer_leaves(struct index_debug_writer *w, struct index_sink *sink)
{
	struct walk walk = walk_of(w->debug);
	struct index_leaf leaf = {};
	int r;

	while (walk_next(&walk)) {
		const struct piece *now = &walk.now;
		const struct index_piece piece = {
			.start = now->start,
			.scope = now->scope == INDEX_NO_SCOPE ? 0 : w->scopes[now->scope],
			.place = place_in(w, now->scope, now->file, now->line),
		};

		if (!is_news(&leaf, &piece))
			continue;
		r = add_piece(w, sink, &leaf, &piece);
		if (r < 0)
			return r;
	}
	r = leaf.n ? write_leaf(w, sink, &leaf) : 0;
	return r < 0 ? r : write_slack(sink);
}

int index_debug_writer_starts(const struct index_debug_writer *w, struct index_sink *sink)
{
	return index_starts_write(sink, w->starts, sizeof(w->starts[0]), w->n_leaves);
}
