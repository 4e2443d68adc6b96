// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-inline.h"

#include <string.h>

#include "symbolizer/go-module.h"

#define N_SAMPLES 64 /* trees that a base must fit */

/* Offsets within runtime.inlinedCall; 0: it has no such field. */
static const struct layout {
	uint8_t name, pc, start_line, n_bytes;
} layouts[] = {
	[GOPCLNTAB_1_16] = { 12, 16, 0, 20 },
	[GOPCLNTAB_1_18] = { 12, 16, 0, 20 },
	[GOPCLNTAB_1_20] = { 4, 8, 12, 16 },
};

#define MAX_ENTRY_BYTES 20

static bool read_entry(struct go_inline *x, uint64_t vaddr, size_t size, uint8_t *ret)
{
	if (vaddr < x->window_start || vaddr - x->window_start > x->window_bytes ||
	    size > x->window_bytes - (vaddr - x->window_start)) {
		x->window_start = vaddr;
		x->window_bytes = elffile_copy(x->file, vaddr, x->window, sizeof(x->window));
	}
	if (size > x->window_bytes - (vaddr - x->window_start))
		return false;
	memcpy(ret, x->window + (vaddr - x->window_start), size);
	return true;
}

static uint32_t field(const uint8_t *entry, uint8_t offset)
{
	uint32_t v = 0;

	if (offset)
		memcpy(&v, entry + offset, sizeof(v));
	return v;
}

bool go_inline_call(struct go_inline *x, uint64_t tree, uint32_t i, uint64_t n_bytes, struct go_call *ret)
{
	const struct layout *l = &layouts[x->table->version];
	uint8_t entry[MAX_ENTRY_BYTES];

	if (i >= GO_INLINE_MAX_CALLS || !read_entry(x, x->base + tree + (uint64_t)i * l->n_bytes, l->n_bytes, entry))
		return false;
	*ret = (struct go_call){
		.name_offset = field(entry, l->name),
		.start_line = field(entry, l->start_line),
		.pc = field(entry, l->pc),
	};
	ret->name = gopclntab_name_at(x->table, ret->name_offset);
	return ret->name.n_bytes > 0 && ret->pc < n_bytes;
}

/* -- where funcdata begins: the word of the module with which the inline trees of some functions make sense -- */

static bool fits_function(struct go_inline *x, const struct gopclntab_function *f, const struct gopclntab_source *s)
{
	const uint64_t n_bytes = f->end - f->start;
	struct gopclntab_span span;
	struct gopclntab_pcsp p;
	struct go_call call;

	gopclntab_pcs_init(&p, x->table, s->calls);
	while (gopclntab_pcsp_next(&p, &span) && span.start < n_bytes) {
		if (span.delta >= 0 && !go_inline_call(x, s->inline_tree, (uint32_t)span.delta, n_bytes, &call))
			return false;
	}
	return true;
}

static bool fits(struct go_inline *x, uint64_t base)
{
	struct gopclntab_function f;
	struct gopclntab_source s;
	size_t n = 0;

	x->base = base;
	for (size_t i = 0; i < x->table->n_functions && n < N_SAMPLES; i++) {
		if (!gopclntab_function(x->table, i, &f) || !gopclntab_source(x->table, i, &s))
			continue;
		if (s.inline_tree == GOPCLNTAB_NO_TREE || s.calls == 0)
			continue;
		if (!fits_function(x, &f, &s))
			return false;
		n++;
	}
	return true;
}

int go_inline_open(const struct elffile *f, const struct go_binary *go, struct go_inline *ret)
{
	struct go_module m;
	int r;

	ret->file = f;
	ret->table = &go->table;
	ret->base = 0;
	ret->window_start = 0;
	ret->window_bytes = 0;
	if (go->table.version == GOPCLNTAB_1_16)
		return 0;
	r = go_module_find(f, go, &m);
	if (r != 0)
		return r < 0 ? r : GO_INLINE_NONE;
	for (size_t i = GO_MODULE_FIXED_WORDS; i < GO_MODULE_WORDS; i++) {
		if (elffile_bytes_at(f, m.words[i]) > 0 && fits(ret, m.words[i]))
			return 0;
	}
	return GO_INLINE_NONE;
}
