// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-names.h"

#include "symbolizer/symbols.h"

#define MAX_FUNCTIONS ((size_t)8 << 20)
#define MAX_STEPS 16 /* from a DIE to what it refers to: compilers need three; a cycle ends here too */

void dwarf_names_init(struct dwarf_names *n, struct index_writer *w)
{
	*n = (struct dwarf_names){ .writer = w };
}

void dwarf_names_done(struct dwarf_names *n)
{
	dwarf_array_done(&n->functions);
	dwarf_map_done(&n->by_die);
	dwarf_map_done(&n->by_string);
}

void dwarf_names_forget_strings(struct dwarf_names *n)
{
	dwarf_map_clear(&n->by_string);
}

/* -- names -- */

/* Demangling takes microseconds, and most names are met in many units: linkers store a string once. */
static int add_name(struct dwarf_names *n, const char *s, struct index_name *ret)
{
	uint64_t key = (uintptr_t)s, found;
	int r;

	if (dwarf_map_find(&n->by_string, key, &found)) {
		*ret = (struct index_name){ .name = (uint32_t)found, .linkage_name = (uint32_t)(found >> 32) };
		return 0;
	}
	r = index_writer_add_name(n->writer, s, SYMBOL_NAME_BYTES, ret);
	if (r < 0)
		return r;
	return dwarf_map_add(&n->by_string, key, (uint64_t)ret->linkage_name << 32 | ret->name);
}

/* What is said of a function along the DIEs that its own one refers to. */
struct facts {
	const char *linkage_name, *name;
	uint64_t line;
	bool has_line;
};

static void note_facts(const struct dwarf_unit *unit, const struct dwarf_die *die, struct facts *f)
{
	if (!f->linkage_name)
		f->linkage_name = dwarf_die_string(unit, die, DWARF_AT_LINKAGE_NAME);
	if (!f->name)
		f->name = dwarf_die_string(unit, die, DWARF_AT_NAME);
	if (!f->has_line)
		f->has_line = dwarf_die_number(die, DWARF_AT_DECL_LINE, &f->line);
}

/* The declaration comes before the origin, as in llvm; DIEs have one of them in practice, both at most. */
static int follow(const struct dwarf_place *place, const struct dwarf_die *first, struct facts *ret)
{
	struct dwarf_place waiting[MAX_STEPS + 2], at = *place;
	struct dwarf_die die = *first;
	size_t n_waiting = 0;
	int r = 0;

	for (size_t n = 0; n < MAX_STEPS; n++) {
		if (r == 0) {
			note_facts(at.unit, &die, ret);
			n_waiting += dwarf_die_reference(at.unit, &die, DWARF_AT_ABSTRACT_ORIGIN, &waiting[n_waiting]);
			n_waiting += dwarf_die_reference(at.unit, &die, DWARF_AT_SPECIFICATION, &waiting[n_waiting]);
		}
		if (n_waiting == 0 || (ret->linkage_name && ret->name && ret->has_line))
			break;
		at = waiting[--n_waiting];
		r = dwarf_die_at(&at, &die);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}

/* -- functions -- */

static int add_function(struct dwarf_names *n, const struct dwarf_place *place, const struct dwarf_die *die,
			uint32_t *ret)
{
	struct index_function f = {};
	struct facts facts = {};
	const char *name;
	int r;

	r = follow(place, die, &facts);
	if (r < 0)
		return r;
	name = facts.linkage_name ? facts.linkage_name : facts.name;
	r = name ? add_name(n, name, &f.name) : 0;
	if (r < 0)
		return r;
	f.start_line = facts.line > UINT32_MAX ? 0 : (uint32_t)facts.line;
	r = dwarf_array_add(&n->functions, sizeof(f), MAX_FUNCTIONS);
	if (r < 0)
		return r;
	*dwarf_array_last(&n->functions, struct index_function) = f;
	*ret = (uint32_t)(n->functions.n - 1);
	return 0;
}

static uint64_t key_of(const struct dwarf_place *place)
{
	return (uint64_t)place->unit->info->number << 40 | place->offset;
}

/* Does the DIE say nothing that the one it refers to does not say? */
static bool is_mere_instance(const struct dwarf_die *die)
{
	static const uint32_t own = 1U << DWARF_AT_NAME | 1U << DWARF_AT_LINKAGE_NAME | 1U << DWARF_AT_DECL_LINE |
				    1U << DWARF_AT_SPECIFICATION;

	return !(die->has & own) && dwarf_die_has(die, DWARF_AT_ABSTRACT_ORIGIN);
}

/* From a DIE that is referred to, on to the one that says something. One that cannot be read says nothing. */
static int find_origin_die(struct dwarf_place *place, struct dwarf_die *ret)
{
	int r;

	for (size_t i = 0; i < MAX_STEPS; i++) {
		r = dwarf_die_at(place, ret);
		if (r < 0 && r != -EBADMSG)
			return r;
		if (r == -EBADMSG)
			break;
		if (!is_mere_instance(ret) || !dwarf_die_reference(place->unit, ret, DWARF_AT_ABSTRACT_ORIGIN, place))
			return 0;
	}
	ret->has = 0;
	return 0;
}

static int find_origin(struct dwarf_names *n, const struct dwarf_place *first, uint32_t *ret)
{
	struct dwarf_place place = *first;
	struct dwarf_die die = {};
	uint64_t found;
	int r;

	if (dwarf_map_find(&n->by_die, key_of(first), &found)) {
		*ret = (uint32_t)found;
		return 0;
	}
	r = find_origin_die(&place, &die);
	if (r < 0)
		return r;
	r = add_function(n, &place, &die, ret);
	return r < 0 ? r : dwarf_map_add(&n->by_die, key_of(first), *ret);
}

int dwarf_names_find(struct dwarf_names *n, const struct dwarf_place *place, const struct dwarf_die *die, uint32_t *ret)
{
	struct dwarf_place origin;

	if (is_mere_instance(die) && dwarf_die_reference(place->unit, die, DWARF_AT_ABSTRACT_ORIGIN, &origin))
		return find_origin(n, &origin, ret);
	return add_function(n, place, die, ret);
}
