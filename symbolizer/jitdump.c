// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/jitdump.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "symbolizer/byte-reader.h"

#define MAGIC 0x4a695444u         /* "JiTD" */
#define FOREIGN_MAGIC 0x4454694au /* the same, on a machine with the other byte order */
#define VERSION 1
#define HEADER_BYTES 40
#define PREFIX_BYTES 16 /* of a record: id, size, time */
#define WINDOW_BYTES ((size_t)1 << 20)
#define LINE_MIN_BYTES 17 /* address, line, discriminator, an empty name */
#define ELF_HEADER_BYTES 0x40

enum record_id {
	CODE_LOAD = 0,
	CODE_MOVE = 1,
	CODE_DEBUG_INFO = 2,
	CODE_CLOSE = 3,
};

/* Debug info comes before the code that it is of. */
struct pending_lines {
	uint64_t code_addr;
	uint32_t first, n; /* n 0: none */
};

/* Which function has an index: MOVE speaks of it by that. Open addressing; made when it is asked for first. */
struct by_index {
	uint32_t *slots; /* number of the function + 1; 0: free */
	size_t n_slots, n_known;
};

struct dump {
	int fd;
	struct jit_code *code;
	struct jitdump_counts *counts;
	uint8_t *window;
	uint64_t offset; /* of the window, in the file */
	size_t n_window;
	struct buf indexes; /* uint64_t: the code index of each function */
	struct by_index by_index;
	struct pending_lines pending;
};

static void dump_done(struct dump *d)
{
	free(d->window);
	free(d->by_index.slots);
	buf_done(&d->indexes);
}

/* A reader over n bytes at an offset of the file, or what is left of it there; n is at most WINDOW_BYTES. */
static int read_at(struct dump *d, uint64_t offset, size_t n, struct byte_reader *ret)
{
	ssize_t got;

	if (offset < d->offset || offset + n > d->offset + d->n_window) {
		got = fs_pread_all(d->fd, d->window, WINDOW_BYTES, offset);
		if (got < 0)
			return (int)got;
		d->offset = offset;
		d->n_window = (size_t)got;
	}
	if (n > d->n_window - (size_t)(offset - d->offset))
		n = d->n_window - (size_t)(offset - d->offset);
	*ret = byte_reader_of(d->window + (offset - d->offset), n);
	return 0;
}

/* A string and its NUL, or all that is left. */
static const char *take_name(struct byte_reader *r, size_t *ret_size)
{
	const uint8_t *name = r->at, *end = memchr(name, 0, bytes_left(r));

	*ret_size = end ? (size_t)(end - name) : bytes_left(r);
	bytes_skip(r, end ? *ret_size + 1 : *ret_size);
	return (const char *)name;
}

static int on_load(struct dump *d, struct byte_reader *r)
{
	struct jit_function *f;
	uint64_t addr, size, index;
	const char *name;
	size_t name_bytes;
	int a;

	bytes_skip(r, 16); /* pid, tid, and an address that means nothing to us */
	addr = bytes_fixed(r, 8);
	size = bytes_fixed(r, 8);
	index = bytes_fixed(r, 8);
	name = take_name(r, &name_bytes);
	a = r->failed ? JIT_CODE_NONSENSE : jit_code_add(d->code, addr, size, name, name_bytes);
	d->counts->n_bad += a == JIT_CODE_NONSENSE;
	d->counts->is_full |= a == JIT_CODE_FULL;
	if (a != 0)
		return a < 0 ? a : 0;
	f = jit_code_function(d->code, jit_code_n(d->code) - 1);
	if (d->pending.n > 0 && d->pending.code_addr == addr) {
		f->lines = d->pending.first;
		f->n_lines = d->pending.n;
		d->pending.n = 0;
	}
	return buf_add(&d->indexes, &index, sizeof(index));
}

static uint64_t index_of(const struct dump *d, size_t function)
{
	const uint64_t *indexes = (const void *)d->indexes.data;

	assert(indexes);
	return indexes[function];
}

/* Where an index is, or belongs. Of functions with one index the last counts. */
static uint32_t *find_slot(const struct dump *d, uint64_t index)
{
	size_t mask = d->by_index.n_slots - 1, at = (index * 0x9e3779b97f4a7c15) >> 20 & mask;

	while (d->by_index.slots[at] && index_of(d, d->by_index.slots[at] - 1) != index)
		at = (at + 1) & mask;
	return &d->by_index.slots[at];
}

static int know_all(struct dump *d)
{
	size_t n = jit_code_n(d->code), n_slots = d->by_index.n_slots ? d->by_index.n_slots : 1024;

	while (n_slots < 2 * n)
		n_slots *= 2;
	if (n_slots > d->by_index.n_slots) {
		free(d->by_index.slots);
		d->by_index = (struct by_index){ .slots = calloc(n_slots, sizeof(*d->by_index.slots)) };
		if (!d->by_index.slots)
			return -ENOMEM;
		d->by_index.n_slots = n_slots;
	}
	for (; d->by_index.n_known < n; d->by_index.n_known++)
		*find_slot(d, index_of(d, d->by_index.n_known)) = (uint32_t)d->by_index.n_known + 1;
	return 0;
}

/* The code is at a new address as well: a sample may be older than the move. */
static int on_move(struct dump *d, struct byte_reader *r)
{
	struct jit_function moved;
	uint64_t index, size;
	uint32_t number;
	int e;

	bytes_skip(r, 24); /* pid, tid, an address, and the old one */
	moved.start = bytes_fixed(r, 8);
	size = bytes_fixed(r, 8);
	index = bytes_fixed(r, 8);
	e = know_all(d);
	if (e < 0)
		return e;
	number = *find_slot(d, index);
	if (r->failed || !number || size == 0 || size > UINT32_MAX || moved.start > JIT_CODE_END - size) {
		d->counts->n_bad++;
		return 0;
	}
	if (jit_code_n(d->code) >= JIT_CODE_MAX_FUNCTIONS) {
		d->counts->is_full = true;
		return 0;
	}
	moved = (struct jit_function){
		.start = moved.start,
		.end = moved.start + size,
		.name = jit_code_function(d->code, number - 1)->name,
		.lines = jit_code_function(d->code, number - 1)->lines,
		.n_lines = jit_code_function(d->code, number - 1)->n_lines,
	};
	e = buf_add(&d->code->functions, &moved, sizeof(moved));
	return e < 0 ? e : buf_add(&d->indexes, &index, sizeof(index));
}

/* A name that no source file has: V8 11 writes memory that it has freed in the place of some. */
static bool is_sane_name(const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	}
	return size > 0;
}

/* "\xff" stands for the name of the entry before. */
static bool is_same_name(const char *name, size_t size)
{
	return size == 1 && (uint8_t)name[0] == 0xff;
}

enum line_answer {
	LINE_NONSENSE = 1,
};

/* One entry of debug info; *line is the one before, of `n` in this record. */
static int take_line(struct dump *d, struct byte_reader *r, uint64_t code_addr, uint32_t n, struct jit_line *line)
{
	uint64_t addr = bytes_fixed(r, 8), offset = addr - code_addr;
	uint32_t number = (uint32_t)bytes_fixed(r, 4);
	const char *name;
	size_t name_bytes;

	bytes_skip(r, 4); /* the discriminator */
	name = take_name(r, &name_bytes);
	if (r->failed || addr < code_addr || offset > UINT32_MAX || (n > 0 && offset < line->offset))
		return LINE_NONSENSE;
	line->offset = (uint32_t)offset;
	line->line = number;
	if (is_same_name(name, name_bytes))
		return n > 0 ? 0 : LINE_NONSENSE;
	if (!is_sane_name(name, name_bytes))
		return LINE_NONSENSE;
	if (name_bytes > JIT_CODE_NAME_BYTES)
		name_bytes = JIT_CODE_NAME_BYTES;
	return index_writer_add_string(d->code->w, name, name_bytes, &line->file);
}

static uint32_t n_lines(const struct dump *d)
{
	return (uint32_t)(d->code->lines.size / sizeof(struct jit_line));
}

/* Of entries for one address the last counts. */
static int put_line(struct dump *d, uint32_t n, const struct jit_line *line)
{
	struct jit_line *lines = (void *)d->code->lines.data;

	if (n > 0 && lines[n_lines(d) - 1].offset == line->offset) {
		lines[n_lines(d) - 1] = *line;
		return 0;
	}
	return buf_add(&d->code->lines, line, sizeof(*line));
}

/* All of a function's lines make sense, or none is taken. */
static int on_debug_info(struct dump *d, struct byte_reader *r)
{
	uint64_t code_addr = bytes_fixed(r, 8), n_entries = bytes_fixed(r, 8);
	struct pending_lines lines = { .code_addr = code_addr, .first = n_lines(d) };
	struct jit_line line = {};
	int e = r->failed || n_entries > bytes_left(r) / LINE_MIN_BYTES ? LINE_NONSENSE : 0;

	d->pending.n = 0;
	if (e == 0 && n_entries > JIT_CODE_MAX_LINES - lines.first) {
		d->counts->is_full = true;
		return 0;
	}
	for (uint64_t i = 0; i < n_entries && e == 0; i++) {
		e = take_line(d, r, code_addr, lines.n, &line);
		if (e == 0)
			e = put_line(d, lines.n, &line);
		lines.n = n_lines(d) - lines.first;
	}
	if (e == LINE_NONSENSE) {
		d->code->lines.size = lines.first * sizeof(line);
		d->counts->n_bad++;
		return 0;
	}
	d->pending = lines;
	return e;
}

/*
 * V8 tells all addresses in debug info as if an ELF header lay before the code, as it once did after perf inject:
 * nothing then begins where its function does.
 */
static void shift_lines(struct dump *d)
{
	struct jit_line *lines = (void *)d->code->lines.data;
	uint32_t n = n_lines(d), lowest = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++) {
		if (lines[i].offset < lowest)
			lowest = lines[i].offset;
	}
	for (uint32_t i = 0; i < n && lowest == ELF_HEADER_BYTES; i++)
		lines[i].offset -= ELF_HEADER_BYTES;
}

static int on_record(struct dump *d, uint32_t id, struct byte_reader *r)
{
	d->counts->n_records++;
	switch (id) {
	case CODE_LOAD:
		return on_load(d, r);
	case CODE_MOVE:
		return on_move(d, r);
	case CODE_DEBUG_INFO:
		return on_debug_info(d, r);
	default:
		return 0;
	}
}

/* Where the records begin. */
static int read_header(struct dump *d, uint64_t *ret)
{
	struct byte_reader r;
	uint32_t magic, version;
	int e;

	e = read_at(d, 0, HEADER_BYTES, &r);
	if (e < 0)
		return e;
	magic = (uint32_t)bytes_fixed(&r, 4);
	version = (uint32_t)bytes_fixed(&r, 4);
	*ret = bytes_fixed(&r, 4);
	if (magic == FOREIGN_MAGIC)
		return JITDUMP_FOREIGN;
	return magic == MAGIC && version == VERSION && *ret >= HEADER_BYTES ? 0 : JITDUMP_NONE;
}

/* The next record, as far as it is looked at; *offset moves behind it. False: the end, or what is there so far. */
static int next_record(struct dump *d, uint64_t end, uint64_t *offset, uint32_t *ret_id, struct byte_reader *ret)
{
	struct byte_reader r;
	uint64_t size;
	int e;

	e = read_at(d, *offset, PREFIX_BYTES, &r);
	if (e < 0)
		return e;
	*ret_id = (uint32_t)bytes_fixed(&r, 4);
	size = bytes_fixed(&r, 4);
	if (r.failed || size < PREFIX_BYTES || size > end - *offset)
		return 0;
	e = read_at(d, *offset, size < WINDOW_BYTES ? size : WINDOW_BYTES, ret);
	if (e < 0)
		return e;
	bytes_skip(ret, PREFIX_BYTES);
	*offset += size;
	return !ret->failed;
}

static int read_records(struct dump *d, uint64_t offset, uint64_t end)
{
	struct byte_reader r;
	uint32_t id = CODE_LOAD;
	int e;

	while (offset < end && id != CODE_CLOSE && !d->counts->is_full) {
		e = next_record(d, end, &offset, &id, &r);
		if (e <= 0)
			return e;
		e = on_record(d, id, &r);
		if (e < 0)
			return e;
	}
	return 0;
}

int jitdump_read(int fd, struct jit_code *code, struct jitdump_counts *ret)
{
	struct jitdump_counts counts = {};
	_cleanup_(dump_done) struct dump d = { .fd = fd, .code = code, .counts = &counts };
	uint64_t offset, end;
	struct stat st;
	int e;

	d.window = malloc(WINDOW_BYTES);
	if (!d.window)
		return -ENOMEM;
	if (fstat(fd, &st) < 0)
		return -errno;
	end = (uint64_t)st.st_size < JITDUMP_MAX_BYTES ? (uint64_t)st.st_size : JITDUMP_MAX_BYTES;
	counts.is_full = end < (uint64_t)st.st_size;
	e = read_header(&d, &offset);
	if (e == 0)
		e = read_records(&d, offset, end);
	if (e != 0)
		return e;
	shift_lines(&d);
	*ret = counts;
	return 0;
}
