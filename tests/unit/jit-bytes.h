/* SPDX-License-Identifier: Apache-2.0 */
/* jit bytes: jitdump files made by hand, after tools/perf/Documentation/jitdump-specification.txt. */
#pragma once

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"

static inline void jit_put(struct buf *b, uint64_t value, size_t size)
{
	if (buf_add(b, &value, size) < 0)
		abort();
}

static inline void jit_put_text(struct buf *b, const char *text)
{
	if (buf_add(b, text, strlen(text) + 1) < 0)
		abort();
}

static inline void jit_put_header(struct buf *b)
{
	jit_put(b, 0x4a695444, 4); /* magic */
	jit_put(b, 1, 4);          /* version */
	jit_put(b, 40, 4);         /* of this header */
	jit_put(b, 62, 4);         /* EM_X86_64 */
	jit_put(b, 0, 4);
	jit_put(b, 4242, 4);      /* pid */
	jit_put(b, 123456789, 8); /* time */
	jit_put(b, 0, 8);         /* flags */
}

/* The id, size and time of a record, whose size jit_end_record() fills in. Returns where it began. */
static inline size_t jit_begin_record(struct buf *b, uint32_t id)
{
	size_t at = b->size;

	jit_put(b, id, 4);
	jit_put(b, 0, 4);
	jit_put(b, 1000 + at, 8);
	return at;
}

static inline void jit_end_record(struct buf *b, size_t at)
{
	uint32_t size = (uint32_t)(b->size - at);

	memcpy(b->data + at + 4, &size, sizeof(size));
}

static inline void jit_put_load(struct buf *b, uint64_t addr, uint64_t size, uint64_t index, const char *name)
{
	size_t at = jit_begin_record(b, 0);

	jit_put(b, 4242, 4);
	jit_put(b, 4243, 4);
	jit_put(b, addr, 8);
	jit_put(b, addr, 8);
	jit_put(b, size, 8);
	jit_put(b, index, 8);
	jit_put_text(b, name);
	for (uint64_t i = 0; i < size && i < 4096; i++)
		jit_put(b, 0xcc, 1); /* the code */
	jit_end_record(b, at);
}

static inline void jit_put_move(struct buf *b, uint64_t from, uint64_t to, uint64_t size, uint64_t index)
{
	size_t at = jit_begin_record(b, 1);

	jit_put(b, 4242, 4);
	jit_put(b, 4243, 4);
	jit_put(b, to, 8);
	jit_put(b, from, 8);
	jit_put(b, to, 8);
	jit_put(b, size, 8);
	jit_put(b, index, 8);
	jit_end_record(b, at);
}

struct jit_bytes_line {
	uint64_t addr;
	uint32_t line;
	const char *file;
};

static inline void jit_put_lines(struct buf *b, uint64_t code_addr, const struct jit_bytes_line *lines, size_t n)
{
	size_t at = jit_begin_record(b, 2);

	jit_put(b, code_addr, 8);
	jit_put(b, n, 8);
	for (size_t i = 0; i < n; i++) {
		jit_put(b, lines[i].addr, 8);
		jit_put(b, lines[i].line, 4);
		jit_put(b, 7, 4);
		jit_put_text(b, lines[i].file);
	}
	jit_end_record(b, at);
}

static inline void jit_put_close(struct buf *b)
{
	jit_end_record(b, jit_begin_record(b, 3));
}
