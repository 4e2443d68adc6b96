/* SPDX-License-Identifier: Apache-2.0 */
/* go reading: what go_lines_read() makes of a file, checked and ready to be asked. */
#pragma once

#include "tests/unit/tool.h"

#include "symbolizer/go-lines.h"
#include "tests/unit/line-table.h"

struct reading {
	int fd;
	struct elffile file;
	struct index_writer *writer;
	struct go_lines *lines;
	struct index_debug debug;
	struct index_text text;
};

/* What index-writer.h asks for. */
static inline void reading_check(const struct reading *r)
{
	const struct index_debug *d = &r->debug;

	for (size_t i = 0; i < d->n_scopes; i++) {
		assert_true(d->scopes[i].function < d->n_functions);
		assert_true(d->scopes[i].call_file < d->n_files);
		assert_true(d->scopes[i].parent == INDEX_NO_SCOPE || d->scopes[i].parent < i);
	}
	for (size_t i = 0; i < d->n_spans; i++) {
		assert_true(d->spans[i].scope < d->n_scopes);
		assert_true(d->spans[i].n_bytes > 0);
		assert_true(i == 0 || d->spans[i].start >= d->spans[i - 1].start + d->spans[i - 1].n_bytes);
	}
	for (size_t i = 0; i < d->n_lines; i++) {
		assert_true(d->lines[i].file < d->n_files);
		assert_true(i == 0 || d->lines[i].start > d->lines[i - 1].start);
	}
}

/* Takes fd. */
static inline void reading_open(int fd, struct reading *ret)
{
	*ret = (struct reading){ .fd = fd };
	assert_int_equal(elffile_open(fd, &ret->file), 0);
	assert_int_equal(index_writer_new(EM_X86_64, &(struct build_id){}, &ret->writer), 0);
	assert_int_equal(go_lines_read(&ret->file, ret->writer, &ret->lines), 0);
	go_lines_get(ret->lines, &ret->debug);
	index_text_read(ret->writer, &ret->text);
	reading_check(ret);
}

static inline void reading_close(struct reading *r)
{
	index_text_done(&r->text);
	go_lines_free(r->lines);
	index_writer_free(r->writer);
	elffile_done(&r->file);
	close(r->fd);
}

static inline const struct index_span *span_at(const struct index_debug *d, uint64_t address)
{
	for (size_t low = 0, high = d->n_spans; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (d->spans[mid].start > address)
			high = mid;
		else if (address - d->spans[mid].start < d->spans[mid].n_bytes)
			return &d->spans[mid];
		else
			low = mid + 1;
	}
	return NULL;
}

static inline const struct index_line *line_at(const struct index_debug *d, uint64_t address)
{
	size_t low = 0, high = d->n_lines;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->lines[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? &d->lines[low - 1] : NULL;
}
