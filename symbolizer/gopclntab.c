// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/gopclntab.h"

#include <string.h>

#define MAX_FUNCTIONS 4000000 /* as SYMBOLS_MAX: more is no executable of ours */

/* runtime.pcHeader: magic, zero, zero, quantum, pointer size, then words. */
#define HEADER_FIRST_WORD 8
#define HEADER_WORDS 8
_Static_assert(HEADER_FIRST_WORD + HEADER_WORDS * 8 == GOPCLNTAB_HEADER_BYTES, "all of it");

/* Offsets within runtime._func. */
static const struct layout {
	uint32_t magic;
	uint8_t has_text_start;
	uint8_t entry_bytes; /* of a pc in the function table, and of _func.entry */
	uint8_t name, pcsp, flags, n_bytes;
	uint8_t start_line; /* 0: there is none */
	uint8_t tree_bytes; /* of what the function says of its inline tree */
} layouts[] = {
	[GOPCLNTAB_1_16] = { 0xfffffffa, 0, 8, 8, 20, 41, 44, 0, 8 },
	[GOPCLNTAB_1_18] = { 0xfffffff0, 1, 4, 4, 16, 37, 40, 0, 4 },
	[GOPCLNTAB_1_20] = { 0xfffffff1, 1, 4, 4, 16, 41, 44, 36, 4 },
};

/* In every version the fields behind pcsp are the same ones, and the last one is the number of funcdata. */
#define PCFILE_BEHIND_PCSP 4
#define PCLN_BEHIND_PCSP 8
#define N_PCDATA_BEHIND_PCSP 12
#define CU_BEHIND_PCSP 16

#define PCDATA_INL_TREE_INDEX 2
#define FUNCDATA_INL_TREE 3

static uint32_t get_u32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static uint64_t get_u64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static bool has(const struct gopclntab *t, uint64_t offset, uint64_t size)
{
	return offset <= t->n_bytes && size <= t->n_bytes - offset;
}

static uint64_t get_pc(const struct gopclntab *t, uint64_t offset)
{
	return layouts[t->version].entry_bytes == 8 ? get_u64(t->data + offset) : get_u32(t->data + offset);
}

static bool find_version(uint32_t magic, enum gopclntab_version *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].magic == magic) {
			*ret = (enum gopclntab_version)i;
			return true;
		}
	}
	return false;
}

/* Pairs of pc and offset, and behind them the end of the last function. */
static bool is_whole(const struct gopclntab *t)
{
	uint64_t entry = layouts[t->version].entry_bytes;

	return t->n_functions > 0 && t->n_functions <= MAX_FUNCTIONS && t->names < t->pcs && t->pcs < t->functions &&
	       has(t, t->functions, t->n_functions * 2 * entry + entry);
}

int gopclntab_parse(const void *data, size_t size, struct gopclntab *ret)
{
	struct gopclntab t = { .data = data, .n_bytes = size };
	uint64_t words[HEADER_WORDS];
	size_t at;

	if (size < GOPCLNTAB_HEADER_BYTES || !find_version(get_u32(t.data), &t.version))
		return GOPCLNTAB_NONE;
	t.quantum = t.data[6];
	if (t.data[4] != 0 || t.data[5] != 0 || (t.quantum != 1 && t.quantum != 4) || t.data[7] != 8)
		return GOPCLNTAB_NONE;
	memcpy(words, t.data + HEADER_FIRST_WORD, sizeof(words));
	t.n_functions = words[0];
	t.text_start = layouts[t.version].has_text_start ? words[2] : 0;
	at = 2 + layouts[t.version].has_text_start;
	t.names = words[at];
	t.cus = words[at + 1];
	t.files = words[at + 2];
	t.pcs = words[at + 3];
	t.functions = words[at + 4];
	if (!is_whole(&t))
		return GOPCLNTAB_NONE;
	*ret = t;
	return 0;
}

/* Offsets of the i-th entry, and of the function that it leads to. */
static bool locate(const struct gopclntab *t, size_t i, uint64_t *ret_entry, uint64_t *ret_func)
{
	const struct layout *l = &layouts[t->version];
	uint64_t entry = t->functions + (uint64_t)i * 2 * l->entry_bytes, at;

	at = t->functions + get_pc(t, entry + l->entry_bytes);
	if (at < t->functions || !has(t, at, l->n_bytes))
		return false;
	*ret_entry = entry;
	*ret_func = at;
	return true;
}

bool gopclntab_function(const struct gopclntab *t, size_t i, struct gopclntab_function *ret)
{
	const struct layout *l = &layouts[t->version];
	const uint8_t *func;
	uint64_t entry, at;

	if (!locate(t, i, &entry, &at))
		return false;
	func = t->data + at;
	*ret = (struct gopclntab_function){
		.start = get_pc(t, entry),
		.end = get_pc(t, entry + 2 * (uint64_t)l->entry_bytes),
		.flags = func[l->flags],
		.name = get_u32(func + l->name),
		.pcsp = get_u32(func + l->pcsp),
	};
	return ret->start < ret->end;
}

/* Behind the function come n_pcdata tables of pcs, and then, aligned, what it says of its funcdata. */
static void find_calls(const struct gopclntab *t, uint64_t at, uint32_t n_pcdata, uint8_t n_funcdata,
		       struct gopclntab_source *ret)
{
	const uint8_t size = layouts[t->version].tree_bytes;
	uint64_t tree = (at + 4 * (uint64_t)n_pcdata + size - 1) / size * size + FUNCDATA_INL_TREE * size;

	if (n_pcdata <= PCDATA_INL_TREE_INDEX || n_funcdata <= FUNCDATA_INL_TREE || !has(t, tree, size))
		return;
	ret->calls = get_u32(t->data + at + 4 * (size_t)PCDATA_INL_TREE_INDEX);
	if (size == 8)
		ret->inline_tree = get_u64(t->data + tree) ? get_u64(t->data + tree) : GOPCLNTAB_NO_TREE;
	else if (get_u32(t->data + tree) != UINT32_MAX)
		ret->inline_tree = get_u32(t->data + tree);
}

bool gopclntab_source(const struct gopclntab *t, size_t i, struct gopclntab_source *ret)
{
	const struct layout *l = &layouts[t->version];
	const uint8_t *func, *pcsp;
	uint64_t entry, at;

	if (!locate(t, i, &entry, &at))
		return false;
	func = t->data + at;
	pcsp = func + l->pcsp;
	*ret = (struct gopclntab_source){
		.files = get_u32(pcsp + PCFILE_BEHIND_PCSP),
		.lines = get_u32(pcsp + PCLN_BEHIND_PCSP),
		.cu = get_u32(pcsp + CU_BEHIND_PCSP),
		.start_line = l->start_line ? get_u32(func + l->start_line) : 0,
		.inline_tree = GOPCLNTAB_NO_TREE,
	};
	find_calls(t, at + l->n_bytes, get_u32(pcsp + N_PCDATA_BEHIND_PCSP), func[l->n_bytes - 1], ret);
	return true;
}

static struct gopclntab_name string_at(const struct gopclntab *t, uint64_t at)
{
	struct gopclntab_name name = { .data = "" };
	uint64_t room;

	if (!has(t, at, 1))
		return name;
	room = t->n_bytes - at;
	name.data = (const char *)t->data + at;
	name.n_bytes = (uint16_t)strnlen(name.data, room < GOPCLNTAB_NAME_BYTES ? room : GOPCLNTAB_NAME_BYTES);
	return name;
}

struct gopclntab_name gopclntab_name(const struct gopclntab *t, const struct gopclntab_function *f)
{
	return string_at(t, t->names + f->name);
}

struct gopclntab_name gopclntab_name_at(const struct gopclntab *t, uint32_t offset)
{
	uint64_t at = t->names + offset;

	if (at >= t->pcs || at == 0 || (offset > 0 && t->data[at - 1] != 0))
		return (struct gopclntab_name){ .data = "" };
	return string_at(t, at);
}

struct gopclntab_name gopclntab_file(const struct gopclntab *t, uint32_t cu, uint32_t number)
{
	uint64_t at = t->cus + 4 * ((uint64_t)cu + number);
	uint32_t offset;

	if (at >= t->pcs || !has(t, at, 4))
		return (struct gopclntab_name){ .data = "" };
	offset = get_u32(t->data + at);
	return string_at(t, t->files + offset);
}

void gopclntab_pcs_init(struct gopclntab_pcsp *p, const struct gopclntab *t, uint32_t table)
{
	uint64_t at = t->pcs + table;

	*p = (struct gopclntab_pcsp){
		.table = t,
		.at = table && has(t, at, 1) ? at : t->n_bytes,
		.delta = -1,
	};
}

void gopclntab_pcsp_init(struct gopclntab_pcsp *p, const struct gopclntab *t, const struct gopclntab_function *f)
{
	gopclntab_pcs_init(p, t, f->pcsp);
}

static bool read_uvarint(struct gopclntab_pcsp *p, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned int shift = 0; shift < 32 && p->at < p->table->n_bytes; shift += 7) {
		uint8_t byte = p->table->data[p->at++];

		v |= (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/* Pairs of a change of the value, zigzag, and of the pc up to which it holds; a change of 0 ends it. */
bool gopclntab_pcsp_next(struct gopclntab_pcsp *p, struct gopclntab_span *ret)
{
	uint32_t change, pcs;

	if (!read_uvarint(p, &change) || (change == 0 && p->started) || !read_uvarint(p, &pcs) || pcs == 0)
		return false;
	p->started = true;
	p->delta = (int32_t)((uint32_t)p->delta + ((change >> 1) ^ -(change & 1)));
	ret->start = p->pc;
	p->pc += (uint64_t)pcs * p->table->quantum;
	ret->end = p->pc;
	ret->delta = p->delta;
	return true;
}
