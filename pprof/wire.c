// SPDX-License-Identifier: Apache-2.0
#include "pprof/wire.h"

#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

int wire_long_varint(struct wire *w, size_t max_bytes, uint64_t *ret)
{
	size_t n = wire_left(w) < max_bytes ? wire_left(w) : max_bytes;
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		value |= (uint64_t)(w->at[i] & 0x7f) << 7 * i;
		if (!(w->at[i] & 0x80)) {
			w->at += i + 1;
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
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

int wire_number(const struct wire_field *f, uint64_t *ret, size_t n)
{
	if (f->number >= n)
		return 0;
	if (f->type != WIRE_VARINT)
		return -EBADMSG;
	ret[f->number] = f->value;
	return 0;
}

int wire_numbers(struct wire message, uint64_t *ret, size_t n)
{
	struct wire_field f;
	int r;

	memset(ret, 0, n * sizeof(*ret));
	while ((r = wire_next(&message, &f)) == 0) {
		r = wire_number(&f, ret, n);
		if (r < 0)
			break;
	}
	return r < 0 ? r : 0;
}
