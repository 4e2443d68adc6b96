/* SPDX-License-Identifier: Apache-2.0 */
/*
 * byte reader: numbers out of foreign bytes, one after the other: little-endian ones and LEB128 (DWARF 5, section
 * 7.6). What does not fit gives 0 and leaves `failed` set for good, so it is asked for once, at the end of a piece.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct byte_reader {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct byte_reader byte_reader_of(const uint8_t *data, size_t size)
{
	return (struct byte_reader){ .at = data, .end = data + size };
}

static inline size_t bytes_left(const struct byte_reader *r)
{
	return (size_t)(r->end - r->at);
}

static inline void bytes_fail(struct byte_reader *r)
{
	r->failed = true;
	r->at = r->end;
}

static inline void bytes_skip(struct byte_reader *r, uint64_t n)
{
	if (n > bytes_left(r))
		bytes_fail(r);
	else
		r->at += n;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t bytes_fixed(struct byte_reader *r, size_t size)
{
	uint64_t n = 0;

	if (size > bytes_left(r)) {
		bytes_fail(r);
		return 0;
	}
	memcpy(&n, r->at, size);
	r->at += size;
	return n;
}

static inline int64_t bytes_signed(struct byte_reader *r, size_t size)
{
	const unsigned int unused = 64 - 8 * (unsigned int)size;

	return (int64_t)(bytes_fixed(r, size) << unused) >> unused;
}

static inline uint8_t bytes_u8(struct byte_reader *r)
{
	if (r->at == r->end) {
		bytes_fail(r);
		return 0;
	}
	return *r->at++;
}

uint64_t bytes_uleb_long(struct byte_reader *r);
int64_t bytes_sleb(struct byte_reader *r);

/* LEB128; what exceeds 64 bits fails. */
static inline uint64_t bytes_uleb(struct byte_reader *r)
{
	if (r->at < r->end && *r->at < 0x80)
		return *r->at++;
	return bytes_uleb_long(r);
}

/* n bytes, as a reader of their own. */
static inline struct byte_reader bytes_take(struct byte_reader *r, uint64_t n)
{
	const uint8_t *from = r->at;

	bytes_skip(r, n);
	return (struct byte_reader){ .at = from, .end = r->failed ? from : r->at, .failed = r->failed };
}
