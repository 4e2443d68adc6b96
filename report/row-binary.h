/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row binary: ClickHouse's format RowBinary, read value by value (clickhouse.com/docs/interfaces/formats/RowBinary):
 * integers little endian; a String is its length as LEB128 and its bytes; an Array or a Map is the number of its
 * elements, and those; LowCardinality is written as what it is of. The bytes are foreign: -EBADMSG where they end
 * within a value. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

/* What is left to read. */
struct row_binary {
	const uint8_t *at, *end;
};

struct row_text {
	const char *data; /* without a NUL; of the bytes that are read */
	size_t size;
};

_must_check_ int row_binary_u64(struct row_binary *b, uint64_t *ret);
_must_check_ int row_binary_i64(struct row_binary *b, int64_t *ret);
_must_check_ int row_binary_text(struct row_binary *b, struct row_text *ret);

/* How many elements follow: never more than there are bytes. */
_must_check_ int row_binary_count(struct row_binary *b, size_t *ret);
