// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-scopes.h"

#include <dwarf.h>

#include "symbolizer/dwarf-ranges.h"

#define MAX_SCOPES ((size_t)8 << 20) /* 128 MiB each; 118 MB of Rust have two million */
#define MAX_COVERS ((size_t)8 << 20) /* of one unit */
#define MAX_LEVELS 256               /* functions in functions: what lies deeper counts for the one around it */

void dwarf_scopes_init(struct dwarf_scopes *s, struct dwarf_names *names)
{
	*s = (struct dwarf_scopes){ .names = names };
}

void dwarf_scopes_done(struct dwarf_scopes *s)
{
	dwarf_array_done(&s->all);
	dwarf_array_done(&s->covers);
	dwarf_array_done(&s->ranges);
}

/* A function or inlined call whose children are being read. */
struct level {
	uint64_t offset; /* of its DIE */
	uint32_t depth;  /* of its children */
	uint32_t scope;  /* INDEX_NO_SCOPE: it has no code, so no scope unless a child needs it */
	bool is_function;
};

struct walk {
	struct dwarf_scopes *scopes;
	struct dwarf_unit *unit;
	const struct dwarf_line_table *files;
	const struct dwarf_abbrevs *abbrevs;
	struct byte_reader r;
	uint32_t depth; /* of the next DIE; that of the unit is 0 */
	size_t n_levels;
	struct level levels[MAX_LEVELS];
};

/* -- scopes -- */

static uint32_t call_line(const struct dwarf_die *die)
{
	uint64_t n;

	return dwarf_die_number(die, DWARF_AT_CALL_LINE, &n) && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static int add_scope(struct walk *w, uint64_t offset, const struct dwarf_die *die, uint32_t parent, uint32_t *ret)
{
	const bool is_call = die->tag == DW_TAG_inlined_subroutine;
	struct index_scope scope = { .parent = parent };
	uint64_t file;
	int r = 0;

	if (is_call)
		scope.call_line = call_line(die);
	if (is_call && w->files->names && dwarf_die_number(die, DWARF_AT_CALL_FILE, &file))
		r = dwarf_line_table_file(w->files, file, &scope.call_file);
	if (r < 0)
		return r;
	r = dwarf_names_find(w->scopes->names, &(struct dwarf_place){ .unit = w->unit, .offset = offset }, die,
			     &scope.function);
	if (r == 0)
		r = dwarf_array_add(&w->scopes->all, sizeof(scope), MAX_SCOPES);
	if (r < 0)
		return r;
	*dwarf_array_last(&w->scopes->all, struct index_scope) = scope;
	*ret = (uint32_t)(w->scopes->all.n - 1);
	return 0;
}

/* One without code of its own, but with a call in it that has some. */
static int add_level_scope(struct walk *w, struct level *l, uint32_t parent)
{
	struct dwarf_die die;
	int r;

	r = dwarf_die_at(&(struct dwarf_place){ .unit = w->unit, .offset = l->offset }, &die);
	return r < 0 ? r : add_scope(w, l->offset, &die, parent, &l->scope);
}

/* The scope that a call belongs to, with all those around it up to the function. */
static int parent_scope(struct walk *w, uint32_t *ret)
{
	uint32_t parent = INDEX_NO_SCOPE;
	size_t from = w->n_levels;
	int r;

	while (from > 0 && w->levels[from - 1].scope == INDEX_NO_SCOPE && !w->levels[from - 1].is_function)
		from--;
	for (size_t i = from > 0 ? from - 1 : 0; i < w->n_levels; i++) {
		if (w->levels[i].scope == INDEX_NO_SCOPE) {
			r = add_level_scope(w, &w->levels[i], parent);
			if (r < 0)
				return r;
		}
		parent = w->levels[i].scope;
	}
	*ret = parent;
	return 0;
}

static int add_covers(struct walk *w, uint32_t scope)
{
	const struct dwarf_range *all = w->scopes->ranges.data;
	int r;

	for (size_t i = 0; i < w->scopes->ranges.n; i++) {
		uint64_t n_bytes = all[i].to - all[i].from;

		r = dwarf_array_add(&w->scopes->covers, sizeof(struct index_span), MAX_COVERS);
		if (r < 0)
			return r;
		*dwarf_array_last(&w->scopes->covers, struct index_span) =
			(struct index_span){ .start = all[i].from,
					     .n_bytes = n_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)n_bytes,
					     .scope = scope };
	}
	return 0;
}

/* A function or call; its scope is INDEX_NO_SCOPE where it has no code. */
static int take_die(struct walk *w, uint64_t offset, const struct dwarf_die *die, uint32_t *ret_scope)
{
	uint32_t parent = INDEX_NO_SCOPE, scope;
	int r;

	w->scopes->ranges.n = 0;
	r = dwarf_ranges_read(w->unit, die, &w->scopes->ranges);
	if (r < 0)
		return r;
	if (w->scopes->ranges.n == 0) {
		*ret_scope = INDEX_NO_SCOPE;
		return 0;
	}
	if (die->tag == DW_TAG_inlined_subroutine)
		r = parent_scope(w, &parent);
	if (r == 0)
		r = add_scope(w, offset, die, parent, &scope);
	if (r == 0)
		r = add_covers(w, scope);
	if (r == 0)
		*ret_scope = scope;
	return r;
}

/* -- DIEs -- */

static void push_level(struct walk *w, uint64_t offset, const struct dwarf_die *die, uint32_t scope)
{
	if (w->n_levels == MAX_LEVELS)
		return;
	w->levels[w->n_levels++] = (struct level){
		.offset = offset, .depth = w->depth + 1, .scope = scope, .is_function = die->tag == DW_TAG_subprogram
	};
}

static int read_wanted(struct walk *w, uint64_t offset, const struct dwarf_abbrev *a)
{
	struct dwarf_die die;
	uint32_t scope;
	int r;

	dwarf_die_read(w->unit, w->abbrevs, a, &w->r, &die);
	if (w->r.failed)
		return -EBADMSG;
	r = take_die(w, offset, &die, &scope);
	if (r == 0 && a->has_children)
		push_level(w, offset, &die, scope);
	return r;
}

/* The last of a DIE's children was read. */
static void end_children(struct walk *w)
{
	w->depth--;
	while (w->n_levels > 0 && w->levels[w->n_levels - 1].depth > w->depth)
		w->n_levels--;
}

static int read_die(struct walk *w)
{
	const uint8_t *base = w->unit->info->sections.all[DWARF_INFO].data;
	uint64_t offset = (uint64_t)(w->r.at - base), code = bytes_uleb(&w->r);
	const struct dwarf_abbrev *a;
	int r = 0;

	if (code == 0) {
		end_children(w);
		return w->r.failed ? -EBADMSG : 0;
	}
	a = dwarf_abbrevs_find(w->abbrevs, code);
	if (!a)
		return -EBADMSG;
	if (a->is_plain)
		dwarf_die_skip(w->unit, w->abbrevs, a, &w->r);
	else
		r = read_wanted(w, offset, a);
	w->depth += a->has_children;
	return r < 0 || !w->r.failed ? r : -EBADMSG;
}

static int walk_unit(struct walk *w)
{
	int r;

	do {
		r = read_die(w);
	} while (r == 0 && w->depth > 0 && bytes_left(&w->r) > 0);
	return r;
}

int dwarf_scopes_read(struct dwarf_scopes *s, struct dwarf_unit *unit, const struct dwarf_line_table *files)
{
	struct walk w = { .scopes = s, .unit = unit, .files = files };
	int r;

	s->covers.n = 0;
	if (!dwarf_work_spend(unit->info->work, unit->end - unit->offset))
		return -EFBIG;
	r = dwarf_abbrev_cache_take(&unit->info->abbrevs, unit->abbrev, &unit->encoding, &w.abbrevs);
	if (r < 0)
		return r;
	w.r = byte_reader_of(unit->info->sections.all[DWARF_INFO].data + unit->first_die, unit->end - unit->first_die);
	r = walk_unit(&w);
	dwarf_abbrev_cache_let_go(&unit->info->abbrevs, w.abbrevs);
	return r;
}
