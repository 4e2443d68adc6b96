/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf unpack: a compressed section (gABI ELFCOMPRESS_ZLIB and _ZSTD, and the older .zdebug_*) unpacked. What the
 * header says it unpacks to is bounded, absolutely and by how far debug info can be compressed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

enum dwarf_packing {
	DWARF_PACKED_NOT,
	DWARF_PACKED_GABI32, /* Elf32_Chdr */
	DWARF_PACKED_GABI64,
	DWARF_PACKED_GNU, /* "ZLIB" and the size */
};

/* How many bytes it says it unpacks to. -EBADMSG: no header, or of no kind that we know; -EFBIG: more than can be true.
 */
_must_check_ int dwarf_unpack_size(enum dwarf_packing packing, const uint8_t *head, size_t n_head_bytes,
				   uint64_t n_packed_bytes, uint64_t *ret);

/* As many bytes as dwarf_unpack_size() said, in memory of their own. -EBADMSG: it unpacks to something else. */
_must_check_ int dwarf_unpack(enum dwarf_packing packing, const uint8_t *data, size_t size, uint64_t n_unpacked_bytes,
			      uint8_t **ret);

/* Its first n bytes, unpacked. -EBADMSG: there are not as many. */
_must_check_ int dwarf_unpack_head(enum dwarf_packing packing, const uint8_t *data, size_t size, uint8_t *ret,
				   size_t n);

#define DWARF_UNPACK_HEAD_BYTES 24
