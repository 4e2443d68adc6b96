/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: protobuf's wire format, read field by field out of foreign bytes, without memory of its own. For profiles
 * alone, of which one question reads hundreds: to make protobuf-c's tree of one, a malloc() for each message and
 * string, and to free it takes three times as long as to decode the profile with this (`./dev bench hogs` prints both).
 * What is refused is what protobuf-c refuses: tests/fuzz/fuzz-decode.c holds one against the other.
 *
 * Format: https://protobuf.dev/programming-guides/encoding/
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/clean.h"

/* Bytes that are yet to be read, borrowed: a message, a string, or packed numbers. */
struct wire {
	const uint8_t *at, *end;
};

enum wire_type {
	WIRE_VARINT,
	WIRE_FIXED64,
	WIRE_BYTES,
	/* 3 and 4: groups, which no profile has */
	WIRE_FIXED32 = 5,
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;    /* of a varint */
	struct wire bytes; /* of a varint as well: a list of numbers reads the same, packed or not */
};

enum wire_answer {
	WIRE_END = 1, /* nothing is left */
};

#define WIRE_VARINT_BYTES 10
#define WIRE_HEAD_BYTES 5 /* of a tag, and of a length */

/* Inlined by force: by itself the compiler does not, and the calls are a third of the time. */
#define _inlined_ _must_check_ __attribute__((__always_inline__)) static inline

static inline size_t wire_left(const struct wire *w)
{
	return (size_t)(w->end - w->at);
}

/*
 * Where it ends; NULL: it does not. Not by a pointer to a struct wire, which would have to be in memory for that; and
 * what is inlined here sets no struct wire as a whole behind its halves: the processor waits for such a copy a dozen
 * cycles, for each field. Both together were half of the time.
 */
const uint8_t *wire_long_varint(const uint8_t *at, const uint8_t *end, size_t max_bytes, uint64_t *ret);

/* -EBADMSG: it is cut, or longer than this, which is 2 or more. Most are short. What does not fit 64 bits is cut off,
 * as everybody does. */
_inlined_ int wire_varint(struct wire *w, size_t max_bytes, uint64_t *ret)
{
	const uint8_t *end;
	uint64_t value;

	if (w->at < w->end && w->at[0] < 0x80) {
		*ret = *w->at++;
		return 0;
	}
	if (wire_left(w) >= 2 && w->at[1] < 0x80) {
		*ret = (uint64_t)w->at[1] << 7 | (w->at[0] & 0x7f);
		w->at += 2;
		return 0;
	}
	end = wire_long_varint(w->at, w->end, max_bytes, &value);
	if (!end)
		return -EBADMSG;
	w->at = end;
	*ret = value;
	return 0;
}

_inlined_ int wire_take(struct wire *w, uint64_t n_bytes, struct wire *ret)
{
	if (n_bytes > (uint64_t)(w->end - w->at))
		return -EBADMSG;
	ret->at = w->at;
	w->at += n_bytes;
	ret->end = w->at;
	return 0;
}

_inlined_ int wire_take_varint(struct wire *w, struct wire_field *ret)
{
	int r;

	ret->bytes.at = w->at;
	r = wire_varint(w, WIRE_VARINT_BYTES, &ret->value);
	ret->bytes.end = w->at;
	return r;
}

_inlined_ int wire_take_sized(struct wire *w, struct wire_field *ret)
{
	uint64_t n_bytes;
	int r = wire_varint(w, WIRE_HEAD_BYTES, &n_bytes);

	return r < 0 ? r : wire_take(w, n_bytes, &ret->bytes);
}

/* The next field, whether it is known or not. -EBADMSG: not in the format. */
_inlined_ int wire_next(struct wire *w, struct wire_field *ret)
{
	uint64_t tag;
	int r;

	if (w->at == w->end)
		return WIRE_END;
	r = wire_varint(w, WIRE_HEAD_BYTES, &tag);
	if (r < 0)
		return r;
	ret->number = (uint32_t)(tag >> 3);
	ret->type = (enum wire_type)(tag & 7);
	if (ret->number == 0)
		return -EBADMSG;
	switch (ret->type) {
	case WIRE_VARINT:
		return wire_take_varint(w, ret);
	case WIRE_BYTES:
		return wire_take_sized(w, ret);
	case WIRE_FIXED64:
		return wire_take(w, sizeof(uint64_t), &ret->bytes);
	case WIRE_FIXED32:
		return wire_take(w, sizeof(uint32_t), &ret->bytes);
	}
	return -EBADMSG;
}

/* Adds how many numbers a repeated field has, of which it may be a part. -EBADMSG: it holds something else. */
_must_check_ int wire_count(const struct wire_field *f, size_t *n);

/*
 * The value of the next field, where it is the varint of this number and looks as everybody writes it: a look at one
 * byte, which is a third of what wire_next() takes. Else false, and nothing is taken.
 */
__attribute__((__always_inline__)) static inline bool wire_take_number(struct wire *w, uint32_t number, uint64_t *ret)
{
	const uint8_t *begin = w->at;

	if (begin == w->end || *begin != (number << 3 | WIRE_VARINT))
		return false;
	w->at++;
	if (wire_varint(w, WIRE_VARINT_BYTES, ret) == 0)
		return true;
	w->at = begin;
	return false;
}

/* One field of a message that holds more than numbers, as wire_numbers() keeps it. */
_inlined_ int wire_number(const struct wire_field *f, uint64_t *ret, size_t n)
{
	if (f->number >= n)
		return 0;
	if (f->type != WIRE_VARINT)
		return -EBADMSG;
	ret[f->number] = f->value;
	return 0;
}

/*
 * A message of numbers: into ret, by their field numbers; 0 where there is none, the last one where there are several.
 * Fields from n on are unknown, and passed over. -EBADMSG: not in the format, or no number.
 */
_inlined_ int wire_numbers(struct wire message, uint64_t *ret, size_t n)
{
	struct wire_field f;
	int r;

	memset(ret, 0, n * sizeof(*ret));
	for (uint32_t i = 1; i < n; i++)
		wire_take_number(&message, i, &ret[i]);
	while ((r = wire_next(&message, &f)) == 0) {
		r = wire_number(&f, ret, n);
		if (r < 0)
			break;
	}
	return r < 0 ? r : 0;
}
