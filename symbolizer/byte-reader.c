// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/byte-reader.h"

uint64_t bytes_uleb_long(struct byte_reader *r)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = bytes_u8(r);

		if (shift == 63 && byte > 1)
			break;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return n;
	}
	bytes_fail(r);
	return 0;
}

int64_t bytes_sleb(struct byte_reader *r)
{
	uint64_t n = 0;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		uint8_t byte = bytes_u8(r);

		if (shift == 63 && byte != 0 && byte != 0x7f)
			break;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte >= 0x80)
			continue;
		if (byte & 0x40 && shift + 7 < 64)
			n |= UINT64_MAX << (shift + 7);
		return (int64_t)n;
	}
	bytes_fail(r);
	return 0;
}
