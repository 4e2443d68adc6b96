/* SPDX-License-Identifier: Apache-2.0 */
/* row bytes: rows in ClickHouse's format RowBinary, for who reads them. */
#pragma once

#include <endian.h>
#include <string.h>

#include "common/buf.h"
#include "tests/unit/cmocka-all.h"

static inline void row_number(struct buf *b, int64_t value)
{
	uint64_t bytes = htole64((uint64_t)value);

	assert_int_equal(buf_add(b, &bytes, sizeof(bytes)), 0);
}

static inline void row_count(struct buf *b, size_t n)
{
	for (; n > 127; n >>= 7)
		assert_int_equal(buf_add_char(b, (char)(n | 0x80)), 0);
	assert_int_equal(buf_add_char(b, (char)n), 0);
}

static inline void row_text(struct buf *b, const char *text)
{
	row_count(b, strlen(text));
	assert_int_equal(buf_add_str(b, text), 0);
}
