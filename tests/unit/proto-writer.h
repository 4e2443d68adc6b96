/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto writer: protobuf's wire format by hand, so that tests of the profile code do not trust the library that the
 * code uses. Memory is the caller's struct buf; running out of it ends the test.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>

#include "common/buf.h"

static inline void proto_bytes(struct buf *b, const void *data, size_t size)
{
	if (buf_add(b, data, size) < 0)
		abort();
}

static inline void proto_varint(struct buf *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		proto_bytes(b, &(uint8_t){ (uint8_t)(value | 0x80) }, 1);
	proto_bytes(b, &(uint8_t){ (uint8_t)value }, 1);
}

/* A field of wire type 0. */
static inline void proto_number(struct buf *b, unsigned int field, uint64_t value)
{
	proto_varint(b, field << 3);
	proto_varint(b, value);
}

/* A field of wire type 2: a string, a message or a packed list. */
static inline void proto_field(struct buf *b, unsigned int field, const void *data, size_t size)
{
	proto_varint(b, field << 3 | 2);
	proto_varint(b, size);
	proto_bytes(b, data, size);
}

/* A message whose fields are all numbers: pairs of {field, value}. */
struct proto_pair {
	unsigned int field;
	uint64_t value;
};

static inline void proto_message(struct buf *b, unsigned int field, const struct proto_pair *pairs, size_t n)
{
	struct buf m = {};

	for (size_t i = 0; i < n; i++)
		proto_number(&m, pairs[i].field, pairs[i].value);
	proto_field(b, field, m.data, m.size);
	buf_done(&m);
}

#define PROTO_MESSAGE(b, field, ...)                                                                                   \
	proto_message(b, field, (const struct proto_pair[]){ __VA_ARGS__ },                                            \
		      sizeof((const struct proto_pair[]){ __VA_ARGS__ }) / sizeof(struct proto_pair))
