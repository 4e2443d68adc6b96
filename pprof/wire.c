// SPDX-License-Identifier: Apache-2.0
#include "pprof/wire.h"

#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

const uint8_t *wire_long_varint(const uint8_t *at, const uint8_t *end, size_t max_bytes, uint64_t *ret)
{
	size_t n = (size_t)(end - at) < max_bytes ? (size_t)(end - at) : max_bytes;
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		value |= (uint64_t)(at[i] & 0x7f) << 7 * i;
		if (!(at[i] & 0x80)) {
			*ret = value;
			return at + i + 1;
		}
	}
	return NULL;
}

/* Every number ends with a byte that has no successor. */
int wire_count(const struct wire_field *f, size_t *n)
{
	const uint8_t *at = f->bytes.at;

	if (f->type != WIRE_VARINT && f->type != WIRE_BYTES)
		return -EBADMSG;
	for (; f->bytes.end - at >= 8; at += 8) { /* a bit for each, which the product sums up in its highest byte */
		uint64_t bytes;

		memcpy(&bytes, at, sizeof(bytes));
		*n += (~bytes >> 7 & EACH_BYTE) * EACH_BYTE >> 56;
	}
	for (; at < f->bytes.end; at++)
		*n += !(*at & 0x80);
	return 0;
}
