// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-extents.h"

#include "agent/modules.h"
#include "agent/unwind-tables.h"
#include "symbolizer/binary.h"
#include "symbolizer/index.h"
#include "workload/process.h"

#define PAGE_BYTES 4096ULL

/* What is being built, and from what. */
struct builder {
	const struct modules *modules;
	struct unwind_tables *tables;
	uint64_t now_ns;
	struct unwind_extents_list *list;
};

static uint64_t page_floor(uint64_t addr)
{
	return addr & ~(PAGE_BYTES - 1);
}

static uint64_t page_ceil(uint64_t addr)
{
	return page_floor(addr + PAGE_BYTES - 1);
}

/* Code caches consist of hundreds of mappings side by side. The list is not empty. */
static bool continues_last(const struct unwind_extents_list *list, uint64_t start, uint64_t end, uint32_t table)
{
	const struct unwind_extent *last = &list->all[list->n - 1];
	uint64_t last_end = last->start + last->n_pages * PAGE_BYTES;

	return table == MODULE_ANON && last->table == MODULE_ANON && last_end == start &&
	       (end - last->start) / PAGE_BYTES <= UINT32_MAX;
}

static int add(struct unwind_extents_list *list, uint64_t start, uint64_t end, uint64_t vaddr, uint32_t table)
{
	uint64_t n_pages = (end - start) / PAGE_BYTES;

	if (n_pages > UINT32_MAX)
		n_pages = UINT32_MAX; /* 16 TiB of code */
	if (list->n > 0 && continues_last(list, start, end, table)) {
		list->all[list->n - 1].n_pages += (uint32_t)n_pages;
		return 0;
	}
	if (list->n == UNWIND_MAX_EXTENTS)
		return UNWIND_EXTENTS_TOO_MANY;
	list->all[list->n++] = (struct unwind_extent){
		.start = start,
		.vaddr = vaddr,
		.n_pages = (uint32_t)n_pages,
		.table = table,
	};
	return 0;
}

/*
 * The segment that the file's page at offset belongs to, or else the next one behind it; NULL: there is none. Segments
 * begin and end within pages, and whole pages are mapped.
 */
static const struct index_segment *find_segment(const struct index *index, uint64_t offset)
{
	const struct index_segment *segments = index_segments(index), *found = NULL;

	for (size_t i = 0; i < index_n_segments(index); i++) {
		if (page_ceil(segments[i].file_offset + segments[i].file_bytes) <= offset)
			continue;
		if (!found || segments[i].file_offset < found->file_offset)
			found = &segments[i];
	}
	return found;
}

static uint64_t at_least(uint64_t value, uint64_t limit)
{
	return value > limit ? value : limit;
}

/* A binary's mapping, segment by segment. Code between its segments is not described by its rows. */
static int add_segments(struct builder *b, const struct mapping *m, uint32_t module, const struct index *index)
{
	uint64_t offset = m->file_offset, end_offset = m->file_offset + (m->end - m->start);

	while (offset < end_offset) {
		const struct index_segment *s = find_segment(index, offset);
		uint64_t from = s ? at_least(page_floor(s->file_offset), offset) : end_offset;
		uint64_t to = s ? page_ceil(s->file_offset + s->file_bytes) : end_offset;
		int r = 0;

		if (from > end_offset)
			from = end_offset;
		if (to > end_offset)
			to = end_offset;
		if (from > offset)
			r = add(b->list, m->start + (offset - m->file_offset), m->start + (from - m->file_offset), 0,
				MODULE_ANON);
		if (r == 0 && to > from)
			r = add(b->list, m->start + (from - m->file_offset), m->start + (to - m->file_offset),
				s->vaddr + (from - s->file_offset), module);
		if (r != 0)
			return r;
		offset = at_least(to, from);
	}
	return 0;
}

static int add_whole(struct builder *b, const struct mapping *m, uint32_t table)
{
	return add(b->list, m->start, m->end, 0, table);
}

static int add_indexed(struct builder *b, const struct mapping *m, uint32_t module, const struct index *index)
{
	struct index_unwind rows;
	int r;

	if (!index_unwind(index, &rows)) {
		r = unwind_tables_add_without_rows(b->tables, module, UNWIND_TABLE_FRAME_POINTERS);
		return r < 0 ? r : add_whole(b, m, module);
	}
	r = unwind_tables_add(b->tables, module, &rows, b->now_ns);
	return r < 0 ? r : add_segments(b, m, module, index);
}

static int add_unknown(struct builder *b, const struct mapping *m)
{
	b->list->n_unknown++;
	return add_whole(b, m, UNWIND_TABLE_UNKNOWN);
}

static int add_file(struct builder *b, const struct mapping *m)
{
	const struct module *module = modules_get(b->modules, m->file->binary_slot);
	int r;

	if (module && module->binary && module->binary->index) /* also before its names are known */
		return add_indexed(b, m, m->file->binary_slot, module->binary->index);
	if (!module || module->is_waiting || (module->binary && module->binary->state == BINARY_PENDING))
		return add_unknown(b, m);
	if (m->file->wants_opening && m->file->path[0] == '/')
		b->list->n_unknown++; /* another process may show it */
	r = unwind_tables_add_without_rows(b->tables, m->file->binary_slot, UNWIND_TABLE_FRAME_POINTERS);
	return r < 0 ? r : add_whole(b, m, m->file->binary_slot);
}

int unwind_extents_build(const struct live_mappings *live, const struct modules *modules, struct unwind_tables *tables,
			 uint64_t now_ns, struct unwind_extents_list *ret)
{
	struct builder b = { .modules = modules, .tables = tables, .now_ns = now_ns, .list = ret };

	ret->n = ret->n_unknown = 0;
	for (size_t i = 0; i < live->n; i++) {
		const struct mapping *m = &live->all[i];
		int r = mapping_is_own_code(m) ? add_whole(&b, m, MODULE_ANON) : add_file(&b, m);

		if (r != 0)
			return r;
	}
	return 0;
}
