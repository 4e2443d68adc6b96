// SPDX-License-Identifier: Apache-2.0
#include "report/row-binary.h"

#include <endian.h>
#include <string.h>

static size_t n_left(const struct row_binary *b)
{
	return (size_t)(b->end - b->at);
}

int row_binary_u64(struct row_binary *b, uint64_t *ret)
{
	uint64_t value;

	if (n_left(b) < sizeof(value))
		return -EBADMSG;
	memcpy(&value, b->at, sizeof(value));
	b->at += sizeof(value);
	*ret = le64toh(value);
	return 0;
}

int row_binary_i64(struct row_binary *b, int64_t *ret)
{
	uint64_t value;
	int r = row_binary_u64(b, &value);

	if (r == 0)
		*ret = (int64_t)value;
	return r;
}

/* Seven bits a byte, the lowest first; the last byte has no high bit. No more than there are bytes can follow. */
int row_binary_count(struct row_binary *b, size_t *ret)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 63 && b->at < b->end; shift += 7) {
		uint8_t byte = *b->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (value > n_left(b))
			return -EBADMSG;
		*ret = (size_t)value;
		return 0;
	}
	return -EBADMSG;
}

int row_binary_text(struct row_binary *b, struct row_text *ret)
{
	size_t size;
	int r = row_binary_count(b, &size);

	if (r < 0)
		return r;
	*ret = (struct row_text){ (const char *)b->at, size };
	b->at += size;
	return 0;
}
