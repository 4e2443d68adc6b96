/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: bytes that grow. The owner initialises with `= {}` and ends with buf_done().
 * A buffer never grows past its limit_bytes (0: BUF_LIMIT_BYTES); asking for more is -EFBIG.
 * data is NUL-terminated after every call that succeeded; the NUL is not counted in size.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define BUF_LIMIT_BYTES ((size_t)1 << 30)

struct buf {
	char *data;
	size_t size;
	size_t capacity;
	size_t limit_bytes;
};

void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */

/* Makes room for `more` bytes after size (and the NUL). */
_must_check_ int buf_reserve(struct buf *b, size_t more);
_must_check_ int buf_add(struct buf *b, const void *data, size_t size);
_must_check_ int buf_add_str(struct buf *b, const char *s);
_must_check_ int buf_add_char(struct buf *b, char c);
_must_check_ int buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);
