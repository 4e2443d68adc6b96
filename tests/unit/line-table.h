/* SPDX-License-Identifier: Apache-2.0 */
/* line table: what tests ask of one: the row at an address, and the paths of its files. */
#pragma once

#include "tests/unit/tool.h"

#include "symbolizer/dwarf-line.h"
#include "symbolizer/index-format.h"

/* The last row at or before an address; NULL: none. */
static inline const struct dwarf_line_row *line_row_at(const struct dwarf_line_table *t, uint64_t address)
{
	size_t low = 0, high = t->n_rows;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->rows[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? &t->rows[low - 1] : NULL;
}

/* The strings of a writer, as it writes them into a file. */
struct index_text {
	struct buf file;
	const char *strings;
};

static inline void index_text_done(struct index_text *t)
{
	buf_done(&t->file);
}

static inline void index_text_read(struct index_writer *w, struct index_text *ret)
{
	_cleanup_close_ int fd = tool_memory_file("", 0);
	const struct index_header *h;
	const struct index_section *s;
	off_t size;

	assert_int_equal(index_writer_finish(w, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	assert_int_equal(buf_reserve(&ret->file, (size_t)size), 0);
	assert_int_equal(pread(fd, ret->file.data, (size_t)size, 0), size);
	h = (const void *)ret->file.data;
	s = (const void *)(h + 1);
	ret->strings = NULL;
	for (uint32_t i = 0; i < h->n_sections; i++) {
		if (s[i].kind == INDEX_STRINGS)
			ret->strings = ret->file.data + s[i].offset;
	}
	assert_non_null(ret->strings);
}

struct line_paths {
	struct index_text text;
	const uint32_t *all;
	size_t n;
};

static inline void line_paths_read(struct index_writer *w, const struct dwarf_files *files, struct line_paths *ret)
{
	*ret = (struct line_paths){};
	index_text_read(w, &ret->text);
	ret->all = dwarf_files_get(files, &ret->n);
}

static inline void line_paths_done(struct line_paths *p)
{
	index_text_done(&p->text);
}

static inline const char *line_path(const struct line_paths *p, uint32_t file)
{
	assert_true(file < p->n);
	return p->text.strings + p->all[file];
}
