/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build id: the identity that a linker wrote into a binary (ELF note NT_GNU_BUILD_ID; of a Go binary without one a hash
 * of what Go's linker wrote). Any user can forge one: it names a file, it never proves which. n_bytes 0: none known.
 * Longer ids are cut to 20 bytes, as the kernel does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BUILD_ID_MAX_BYTES 20
#define BUILD_ID_HEX_SIZE (2 * BUILD_ID_MAX_BYTES + 1)

struct build_id {
	uint8_t n_bytes;
	uint8_t bytes[BUILD_ID_MAX_BYTES];
};

static inline bool build_id_equal(const struct build_id *a, const struct build_id *b)
{
	return a->n_bytes == b->n_bytes && memcmp(a->bytes, b->bytes, a->n_bytes) == 0;
}

/* Writes hex and a NUL to ret; an unknown id gives "". */
static inline void build_id_to_hex(const struct build_id *id, char ret[static BUILD_ID_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned int i = 0; i < id->n_bytes; i++) {
		*ret++ = digits[id->bytes[i] >> 4];
		*ret++ = digits[id->bytes[i] & 15];
	}
	*ret = 0;
}
