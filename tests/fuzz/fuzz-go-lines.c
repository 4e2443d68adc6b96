// SPDX-License-Identifier: Apache-2.0
/* go lines: any bytes as a Go binary; what comes of it is in the order that the index asks for. */
#include <stdlib.h>

#include "symbolizer/go-lines.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/go-bytes.h"

#define MAX_BYTES (1 << 20)

static void check_scopes(const struct index_debug *d)
{
	for (size_t i = 0; i < d->n_scopes; i++) {
		const struct index_scope *s = &d->scopes[i];

		if (s->function >= d->n_functions || s->call_file >= d->n_files ||
		    (s->parent != INDEX_NO_SCOPE && s->parent >= i))
			abort();
	}
}

static void check_order(const struct index_debug *d)
{
	for (size_t i = 0; i < d->n_spans; i++) {
		if (d->spans[i].n_bytes == 0 || d->spans[i].scope >= d->n_scopes ||
		    (i > 0 && d->spans[i].start < d->spans[i - 1].start + d->spans[i - 1].n_bytes))
			abort();
	}
	for (size_t i = 0; i < d->n_lines; i++) {
		if (d->lines[i].file >= d->n_files || (i > 0 && d->lines[i].start <= d->lines[i - 1].start))
			abort();
	}
}

static void check(const struct elffile *f)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_(go_lines_freep) struct go_lines *lines = NULL;
	struct index_debug d;
	int r;

	if (index_writer_new(f->ehdr.e_machine, &(struct build_id){}, &w) < 0)
		abort();
	r = go_lines_read(f, w, &lines);
	if (r == GO_LINES_NONE)
		return;
	if (r < 0)
		abort();
	go_lines_get(lines, &d);
	check_scopes(&d);
	check_order(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *copy = malloc(size + 1); /* libelf may write to what it reads */
	struct elffile f;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size > MAX_BYTES || elffile_open_memory(copy, size, &f) < 0)
		return 0;
	check(&f);
	elffile_done(&f);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const uint32_t magics[] = { 0xfffffffa, 0xfffffff0, 0xfffffff1, 0xfffffff1, 0xfffffff1 };
	static struct go_bytes seeds[sizeof(magics) / sizeof(magics[0])];

	if (i >= sizeof(magics) / sizeof(magics[0]))
		return NULL;
	go_bytes_init(&seeds[i], magics[i]);
	if (i == 3) /* as a packer leaves it */
		seeds[i].elf.ehdr.e_shoff = seeds[i].elf.ehdr.e_shnum = seeds[i].elf.ehdr.e_shstrndx = 0;
	if (i == 4) { /* code that is not there is looked for in a segment that does not end */
		memset(seeds[i].elf.text, 0xc3, sizeof(seeds[i].elf.text));
		seeds[i].elf.load.p_filesz = seeds[i].elf.load.p_memsz = (uint64_t)1 << 62;
	}
	*ret_size = sizeof(seeds[i].elf);
	return &seeds[i].elf;
}
