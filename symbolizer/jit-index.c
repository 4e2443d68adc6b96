// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/jit-index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"
#include "symbolizer/jit-code.h"
#include "symbolizer/jitdump.h"
#include "symbolizer/perf-map.h"

#define PIECE_BYTES ((size_t)256 << 10)

/* Drops the rest of a line that is longer than a piece: *n bytes are left, from the start. */
static void drop_line(char *text, size_t *n, bool *in_long_line)
{
	const char *newline = memchr(text, '\n', *n);
	size_t dropped = newline ? (size_t)(newline + 1 - text) : *n;

	*in_long_line = !newline;
	*n -= dropped;
	memmove(text, text + dropped, *n);
}

/* What is left of a piece is the start of a line; where it fills the piece, its name is cut. */
static ssize_t parse_piece(struct perf_map *m, char *text, size_t n, bool is_last, bool *ret_in_long_line)
{
	ssize_t used = perf_map_parse(m, text, n, is_last);

	if (used == 0 && n == PIECE_BYTES) {
		*ret_in_long_line = true;
		used = perf_map_parse(m, text, n, true);
	}
	return used;
}

static int parse_text(int fd, struct perf_map *m, bool *ret_is_cut)
{
	_cleanup_free_ char *text = malloc(PIECE_BYTES);
	bool is_end = false, in_long_line = false;
	uint64_t offset = 0;
	size_t n = 0;

	if (!text)
		return -ENOMEM;
	while (!is_end && !m->is_full && offset < PERF_MAP_MAX_BYTES) {
		ssize_t got = fs_pread_all(fd, text + n, PIECE_BYTES - n, offset), used;

		if (got < 0)
			return (int)got;
		is_end = (size_t)got < PIECE_BYTES - n;
		offset += (size_t)got;
		n += (size_t)got;
		if (in_long_line)
			drop_line(text, &n, &in_long_line);
		used = parse_piece(m, text, n, is_end, &in_long_line);
		if (used < 0)
			return (int)used;
		n -= (size_t)used;
		memmove(text, text + used, n);
	}
	*ret_is_cut = !is_end;
	return 0;
}

static void note(char ret[static JIT_INDEX_NOTE_BYTES], const char *text)
{
	snprintf(ret, JIT_INDEX_NOTE_BYTES, "%s", text);
}

static void note_bad(char ret[static JIT_INDEX_NOTE_BYTES], uint64_t n_bad, uint64_t n, const char *what)
{
	if (n_bad)
		snprintf(ret, JIT_INDEX_NOTE_BYTES, "%" PRIu64 " of %" PRIu64 " %s make no sense", n_bad, n, what);
}

static int read_perf_map(int fd, struct jit_code *code, char ret_note[static JIT_INDEX_NOTE_BYTES])
{
	struct perf_map m = { .code = code };
	bool is_cut = false;
	int r;

	r = parse_text(fd, &m, &is_cut);
	if (r < 0)
		return r;
	note_bad(ret_note, m.n_bad, m.n_lines, "lines");
	if (m.is_full)
		snprintf(ret_note, JIT_INDEX_NOTE_BYTES, "cut at %d functions", JIT_CODE_MAX_FUNCTIONS);
	else if (is_cut)
		snprintf(ret_note, JIT_INDEX_NOTE_BYTES, "cut at %" PRIu64 " MiB", PERF_MAP_MAX_BYTES >> 20);
	if (m.n_lines > 0 && jit_code_n(code) == 0) {
		note(ret_note, "no perf map");
		return JIT_INDEX_REFUSED;
	}
	return 0;
}

static int read_jitdump(int fd, struct jit_code *code, char ret_note[static JIT_INDEX_NOTE_BYTES])
{
	struct jitdump_counts counts = {};
	int r;

	r = jitdump_read(fd, code, &counts);
	if (r < 0)
		return r;
	if (r > 0) {
		note(ret_note, r == JITDUMP_FOREIGN ? "jitdump of the other byte order" : "no jitdump");
		return JIT_INDEX_REFUSED;
	}
	note_bad(ret_note, counts.n_bad, counts.n_records, "records");
	if (counts.is_full)
		note(ret_note, "cut: too much in it");
	return 0;
}

int jit_index_build(enum jit_file_kind kind, int fd, int out_fd, char ret_note[static JIT_INDEX_NOTE_BYTES])
{
	_cleanup_(jit_code_done) struct jit_code code = {};
	int r;

	ret_note[0] = 0;
	r = jit_code_init(&code);
	if (r < 0)
		return r;
	r = kind == JIT_PERF_MAP ? read_perf_map(fd, &code, ret_note) : read_jitdump(fd, &code, ret_note);
	return r == 0 ? jit_code_write(&code, out_fd) : r;
}
