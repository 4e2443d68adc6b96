// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-debug.h"

#include "symbolizer/index-leaf.h"
#include "symbolizer/index-scope.h"

static bool are_good_functions(const struct index_debug_view *d, size_t n_string_bytes)
{
	bool bad = false;

	for (size_t i = 0; i < d->n_functions; i++) {
		const struct index_scope_function *f = &d->functions[i];

		bad |= (f->name >= n_string_bytes) | (f->linkage_name >= n_string_bytes) | (f->file >= d->n_files);
	}
	return !bad;
}

static bool are_good_files(const struct index_debug_view *d, size_t n_string_bytes)
{
	bool bad = d->n_files == 0 || d->files[0] != 0;

	for (size_t i = 0; i < d->n_files; i++)
		bad |= d->files[i] >= n_string_bytes;
	return !bad;
}

bool index_debug_is_good(const struct index_debug_view *d, size_t n_string_bytes)
{
	return d->n_leaf_bytes == (d->starts.n * INDEX_LEAF_BYTES) + INDEX_SLACK_BYTES &&
	       are_good_files(d, n_string_bytes) && are_good_functions(d, n_string_bytes);
}

static bool find_piece(const struct index_debug_view *d, uint64_t addr, struct index_piece *ret)
{
	size_t n = index_starts_count(&d->starts, addr);

	if (n == 0)
		return false;
	index_leaf_find(d->leaves + (n - 1) * INDEX_LEAF_BYTES, addr - index_starts_at(&d->starts, n - 1), ret);
	return true;
}

/* The scope at an offset, and its function; false: there is none. */
static bool find_scope(const struct index_debug_view *d, uint32_t scope, struct index_scope_record *ret)
{
	if (scope == 0 || (uint64_t)scope + INDEX_SCOPE_BYTES > d->n_scope_bytes)
		return false;
	index_scope_read(d->scopes + scope, ret);
	return ret->function < d->n_functions && ret->back < scope;
}

static void set_place(const struct index_debug_view *d, const struct index_place *place,
		      const struct index_scope_function *function, struct index_frame *ret)
{
	uint32_t file = place->file - 1;

	if (place->file == INDEX_FILE_OF_FUNCTION)
		file = function ? function->file : 0;
	if (file > 0 && file < d->n_files)
		ret->file = d->strings + d->files[file];
	ret->line = place->line + (function ? function->start_line : 0);
}

size_t index_debug_lookup(const struct index_debug_view *d, uint64_t addr, struct index_frame *ret, size_t max,
			  bool *ret_ask)
{
	struct index_scope_record scope = { .call.file = INDEX_ASK_SYMBOLS };
	struct index_piece piece = {};
	size_t n = 0;

	ret[0] = (struct index_frame){};
	if (find_piece(d, addr, &piece) && piece.scope == 0)
		set_place(d, &piece.place, NULL, &ret[0]);
	while (n < max && find_scope(d, piece.scope, &scope)) {
		const struct index_scope_function *function = &d->functions[scope.function];

		ret[n] = (struct index_frame){
			.function = d->strings + function->name,
			.linkage_name = d->strings + function->linkage_name,
			.start_line = function->start_line,
			.inlined = scope.back != 0,
		};
		set_place(d, &piece.place, function, &ret[n++]);
		if (scope.back == 0)
			break;
		piece.scope -= scope.back;
		piece.place = scope.call;
	}
	*ret_ask = scope.back == 0 && scope.call.file == INDEX_ASK_SYMBOLS;
	return n;
}
