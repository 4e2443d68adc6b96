// SPDX-License-Identifier: Apache-2.0
/* index: any bytes as an index file. The CRCs are mended first, else nothing but them would be tested. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "symbolizer/index-format.h"
#include "symbolizer/index-writer.h"
#include "symbolizer/index.h"
#include "symbolizer/unwind-builder.h"
#include "tests/fuzz/fuzz.h"

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

static void mend_sections(uint8_t *data, size_t size, uint32_t n)
{
	for (size_t at = sizeof(struct index_header); n-- > 0 && at + sizeof(struct index_section) <= size;
	     at += sizeof(struct index_section)) {
		struct index_section s;

		memcpy(&s, data + at, sizeof(s));
		if (s.offset > size || s.size > size - s.offset)
			continue;
		s.crc = (uint32_t)crc32_z(0, data + s.offset, s.size);
		memcpy(data + at, &s, sizeof(s));
	}
}

static void mend(uint8_t *data, size_t size)
{
	struct index_header h;

	memcpy(&h, data, sizeof(h));
	if (h.file_bytes >= sizeof(h) && h.file_bytes <= size + 8)
		h.file_bytes = size;
	memcpy(data, &h, sizeof(h));
	mend_sections(data, size, h.n_sections < INDEX_MAX_SECTIONS ? h.n_sections : INDEX_MAX_SECTIONS);
	h.crc = (uint32_t)crc32_z(0, data + INDEX_CRC_FROM, size - INDEX_CRC_FROM);
	memcpy(data + offsetof(struct index_header, crc), &h.crc, sizeof(h.crc));
}

static int open_mended(const uint8_t *data, size_t size, struct index **ret)
{
	_cleanup_free_ uint8_t *copy = malloc(size + 1);
	_cleanup_close_ int fd = -1;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (size >= sizeof(struct index_header))
		mend(copy, size);
	fd = memory_file(copy, size);
	return index_open_rows(fd, ret);
}

/* Reads what index_open_rows() lets pass, as the agent and the walker do. */
static uint64_t sum_rows(const struct index *index)
{
	struct index_unwind u;
	uint64_t sum = 0;

	if (!index_unwind(index, &u))
		return 0;
	for (size_t page = 0; page < u.n_pages; page++) {
		const struct unwind_page *p = &u.pages[page];
		const struct unwind_row *rows = (const void *)(u.words + p->words);

		if (p->n_rows)
			rows += UNWIND_SUBINDEX_WORDS(p->block_shift);
		for (size_t i = 0; i < p->n_rows; i++)
			sum += (uint64_t)u.rules[rows[i].rule].cfa_offset + u.base;
	}
	return sum;
}

/* Reads all that a look-up hands out. */
static size_t read_frames(const struct index *index, uint64_t addr)
{
	struct index_frame frames[INDEX_MAX_INLINED + 1];
	size_t n = index_lookup(index, addr, frames, INDEX_MAX_INLINED + 1), total = 0;

	if (n > INDEX_MAX_INLINED)
		abort();
	for (size_t i = 0; i < n; i++) {
		total += strlen(frames[i].function) + strlen(frames[i].linkage_name) + frames[i].line;
		total += frames[i].file ? strlen(frames[i].file) : 0;
		if (i + 1 < n && !frames[i].inlined)
			abort();
	}
	return total;
}

static size_t read_origin(const struct index *index)
{
	struct index_origin o;

	index_origin(index, &o);
	return (o.path ? strlen(o.path) : 0) + (o.debug_source ? strlen(o.debug_source) : 0) +
	       (o.failure ? strlen(o.failure) : 0) + (o.maker ? strlen(o.maker) : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(index_freep) struct index *index = NULL;
	volatile size_t total;

	if (open_mended(data, size, &index) < 0)
		return 0;
	total = sum_rows(index); /* good before anything else is known */
	if (index_check(index, size) != 0)
		return 0;
	total += read_origin(index);
	for (uint64_t addr = 0; addr < 1024; addr += 3)
		total += read_frames(index, addr) + (index_find_segment(index, addr) != NULL);
	total += read_frames(index, UINT64_MAX);
	return 0;
}

static void make_rows(struct buf *ret)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	struct unwind_rule rule = { .cfa = UNWIND_CFA_REGISTER, .reg = 7, .cfa_offset = 8, .ra_offset = -8 };

	if (unwind_builder_new(&b) < 0 || unwind_builder_begin(b, 0x100, 0x20020) < 0)
		abort();
	for (uint64_t pc = 0x100; pc < 0x200; pc += 8) {
		rule.cfa_offset ^= 16;
		if (unwind_builder_add(b, pc, &rule) < 0)
			abort();
	}
	if (unwind_builder_finish(b, ret) < 0)
		abort();
}

static int add_functions(struct index_writer *w, uint64_t far)
{
	const struct index_segment segment = {
		.vaddr = 0x100, .mem_bytes = 0x200, .file_offset = 0x80, .file_bytes = 0x200
	};

	return index_writer_add_segment(w, &segment) < 0 ||
	       index_writer_add_function(w, 0x100, 16, "alpha", NULL) < 0 ||
	       index_writer_add_function(w, 0x110, 32, "beta()", "_Z4betav") < 0 ||
	       index_writer_add_function(w, 0x140 + far, 8, "alpha", NULL) < 0;
}

#define N_SCOPES 24
#define N_SPANS 60

struct debug {
	uint32_t files[4];
	struct index_function functions[2];
	struct index_scope scopes[N_SCOPES];
	struct index_span spans[N_SPANS];
	struct index_line lines[N_SPANS];
};

/* Calls in calls, a piece of code every few bytes: several leaves, numbers of all sizes. */
static int add_debug(struct index_writer *w, uint64_t far, struct debug *d)
{
	const struct index_debug debug = { d->files, d->functions, d->scopes, d->spans, d->lines, 4,
					   2,        N_SCOPES,     N_SPANS,   N_SPANS };

	for (uint32_t i = 1; i < 4; i++) {
		if (index_writer_add_string(w, "/src/file.c" + i, 8 + i, &d->files[i]) < 0)
			return -1;
	}
	if (index_writer_add_name(w, "_Z5gammav", 9, &d->functions[0].name) < 0 ||
	    index_writer_add_name(w, "delta", 5, &d->functions[1].name) < 0)
		return -1;
	d->functions[0].start_line = 70000;
	for (uint32_t i = 0; i < N_SCOPES; i++)
		d->scopes[i] =
			(struct index_scope){ i % 9 == 0 ? INDEX_NO_SCOPE : i - 1 - i % 2, i & 1, i & 3, i << i % 20 };
	for (uint32_t i = 0; i < N_SPANS; i++) {
		d->spans[i] = (struct index_span){ 0x100 + 4 * i + (i > 50 ? far : 0), 3, i * 7 % N_SCOPES };
		d->lines[i] = (struct index_line){ 0x101 + 4 * i + (i > 40 ? far : 0), i & 3, i << i % 24 };
	}
	index_writer_set_debug(w, &debug);
	return index_writer_set_origin(w, &(struct index_origin){ .path = "/bin/x", .failure = "no", .maker = "1" });
}

static int make_seed(uint64_t far, bool has_debug)
{
	_cleanup_(buf_done) struct buf rows = {};
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	const struct build_id id = { .n_bytes = 4, .bytes = { 1, 2, 3, 4 } };
	struct debug debug = {};
	int fd = memory_file("", 0);

	make_rows(&rows);
	if (index_writer_new(62, &id, &w) < 0 || add_functions(w, far) || (has_debug && add_debug(w, far, &debug) < 0))
		abort();
	if (!has_debug)
		index_writer_set_unwind(w, rows.data, rows.size);
	if (index_writer_finish(w, fd) < 0)
		abort();
	return fd;
}

#define N_SEEDS 4

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static uint8_t seeds[N_SEEDS][8192];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	if (i >= N_SEEDS)
		return NULL;
	fd = make_seed(i & 1 ? 1ULL << 40 : 0, i & 2);
	n = pread(fd, seeds[i], sizeof(seeds[i]), 0);
	if (n <= 0 || n == sizeof(seeds[i]))
		abort();
	*ret_size = (size_t)n;
	return seeds[i];
}
