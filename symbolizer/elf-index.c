// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-index.h"

#include "symbolizer/cfi.h"
#include "symbolizer/elf-symbols.h"
#include "symbolizer/elffile.h"
#include "symbolizer/go-unwind.h"
#include "symbolizer/index-writer.h"
#include "symbolizer/unwind-builder.h"

int elf_index_identify(int fd, struct build_id *ret)
{
	_cleanup_(elffile_done) struct elffile f = {};
	int r;

	r = elffile_open(fd, &f);
	if (r < 0)
		return r;
	elffile_build_id(&f, ret);
	return 0;
}

/* What one binary is read from. */
struct sources {
	struct elffile file;
	struct elf_symbols symbols;
	struct buf rows; /* a section of the index */
};

static void sources_done(struct sources *s)
{
	elf_symbols_done(&s->symbols);
	elffile_done(&s->file);
	buf_done(&s->rows);
}

/* A file with more rows than we make room for keeps its names. */
static int gather_rows(struct sources *s)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	int r;

	if (s->file.ehdr.e_type == ET_REL)
		return 0; /* its CFI waits for relocation, and nobody runs it from here */
	r = unwind_builder_new(&b);
	if (r < 0)
		return r;
	r = go_unwind_add(&s->file, b); /* first: where Go has CFI too, that knows less */
	if (r == 0)
		r = cfi_add(&s->file, b);
	if (r == 0)
		r = unwind_builder_finish(b, &s->rows);
	return r == -EFBIG ? 0 : r;
}

static int write_index(const struct sources *s, const struct build_id *id, const char *path, int out_fd)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	const struct index_origin origin = { .path = path };
	int r;

	r = index_writer_new(s->file.ehdr.e_machine, id, &w);
	for (size_t i = 0; i < s->file.n_segments && r == 0; i++)
		r = index_writer_add_segment(w, &s->file.segments[i]);
	if (r < 0)
		return r;
	index_writer_keep_names_apart(w);
	r = symbols_write(&s->symbols.all, w);
	if (r == 0 && path)
		r = index_writer_set_origin(w, &origin);
	if (r < 0)
		return r;
	index_writer_set_unwind(w, s->rows.data, s->rows.size);
	return index_writer_finish(w, out_fd);
}

int elf_index_build(int fd, int out_fd, const char *path, struct build_id *ret)
{
	_cleanup_(sources_done) struct sources s = {};
	struct build_id id;
	int r;

	r = elffile_open(fd, &s.file);
	if (r < 0)
		return r;
	elffile_build_id(&s.file, &id);
	r = gather_rows(&s); /* first: what it needs in between is free again when the names come */
	if (r < 0)
		return r;
	r = elf_symbols_gather(&s.file, NULL, &s.symbols);
	if (r < 0)
		return r;
	r = write_index(&s, &id, path, out_fd);
	if (r < 0)
		return r;
	*ret = id;
	return 0;
}
