// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-unpack.h"

#include <elf.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

/* Debug info shrinks to a third or a fifth, tables of equal entries to a hundredth; small sections may be all alike. */
#define MAX_RATIO 200
#define FREE_BYTES ((uint64_t)1 << 20)

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

struct head {
	uint32_t type;
	uint64_t n_bytes;
	size_t n_head_bytes;
};

static int parse_gabi(enum dwarf_packing packing, const uint8_t *data, size_t size, struct head *ret)
{
	Elf64_Chdr h64;
	Elf32_Chdr h32;

	if (packing == DWARF_PACKED_GABI64) {
		if (size < sizeof(h64))
			return -EBADMSG;
		memcpy(&h64, data, sizeof(h64));
		*ret = (struct head){ .type = h64.ch_type, .n_bytes = h64.ch_size, .n_head_bytes = sizeof(h64) };
		return 0;
	}
	if (size < sizeof(h32))
		return -EBADMSG;
	memcpy(&h32, data, sizeof(h32));
	*ret = (struct head){ .type = h32.ch_type, .n_bytes = h32.ch_size, .n_head_bytes = sizeof(h32) };
	return 0;
}

static int parse_gnu(const uint8_t *data, size_t size, struct head *ret)
{
	uint64_t n_bytes;

	if (size < 12 || memcmp(data, "ZLIB", 4) != 0)
		return -EBADMSG;
	memcpy(&n_bytes, data + 4, sizeof(n_bytes));
	*ret = (struct head){ .type = ELFCOMPRESS_ZLIB, .n_bytes = __builtin_bswap64(n_bytes), .n_head_bytes = 12 };
	return 0;
}

static int parse_head(enum dwarf_packing packing, const uint8_t *data, size_t size, uint64_t n_packed_bytes,
		      struct head *ret)
{
	struct head h;
	int r;

	r = packing == DWARF_PACKED_GNU ? parse_gnu(data, size, &h) : parse_gabi(packing, data, size, &h);
	if (r < 0)
		return r;
	if (h.type != ELFCOMPRESS_ZLIB && h.type != ELFCOMPRESS_ZSTD)
		return -EBADMSG;
	if (h.n_bytes == 0)
		return -EBADMSG;
	if (h.n_bytes > FREE_BYTES && h.n_bytes / MAX_RATIO > n_packed_bytes)
		return -EFBIG;
	*ret = h;
	return 0;
}

int dwarf_unpack_size(enum dwarf_packing packing, const uint8_t *head, size_t n_head_bytes, uint64_t n_packed_bytes,
		      uint64_t *ret)
{
	struct head h;
	int r;

	r = parse_head(packing, head, n_head_bytes, n_packed_bytes, &h);
	if (r == 0)
		*ret = h.n_bytes;
	return r;
}

static bool inflate_all(const uint8_t *from, size_t n_from, uint8_t *to, size_t n_to)
{
	uLongf n_out = n_to;

	return uncompress(to, &n_out, from, n_from) == Z_OK && n_out == n_to;
}

static bool inflate_head(const uint8_t *from, size_t n_from, uint8_t *to, size_t n_to)
{
	z_stream z = {
		.next_in = (z_const Bytef *)from,
		.avail_in = n_from < UINT_MAX ? (uInt)n_from : UINT_MAX,
		.next_out = to,
		.avail_out = (uInt)n_to,
	};

	if (inflateInit(&z) != Z_OK)
		return false;
	inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return z.avail_out == 0;
}

static bool unzstd_head(const uint8_t *from, size_t n_from, uint8_t *to, size_t n_to)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = { .src = from, .size = n_from };
	ZSTD_outBuffer out = { .dst = to, .size = n_to };
	size_t left, before;

	if (!z)
		return false;
	do {
		before = in.pos;
		left = ZSTD_decompressStream(z, &out, &in);
	} while (!ZSTD_isError(left) && out.pos < n_to && in.pos > before);
	ZSTD_freeDStream(z);
	return out.pos == n_to;
}

int dwarf_unpack_head(enum dwarf_packing packing, const uint8_t *data, size_t size, uint8_t *ret, size_t n)
{
	struct head h;
	bool is_good;
	int r;

	r = parse_head(packing, data, size, size, &h);
	if (r < 0)
		return r;
	if (h.type == ELFCOMPRESS_ZLIB)
		is_good = inflate_head(data + h.n_head_bytes, size - h.n_head_bytes, ret, n);
	else
		is_good = unzstd_head(data + h.n_head_bytes, size - h.n_head_bytes, ret, n);
	return is_good ? 0 : -EBADMSG;
}

int dwarf_unpack(enum dwarf_packing packing, const uint8_t *data, size_t size, uint64_t n_unpacked_bytes, uint8_t **ret)
{
	_cleanup_free_ uint8_t *to = NULL;
	const uint8_t *from;
	struct head h;
	size_t n_from;
	bool is_good;
	int r;

	r = parse_head(packing, data, size, size, &h);
	if (r < 0)
		return r;
	if (h.n_bytes != n_unpacked_bytes)
		return -EBADMSG;
	to = malloc(h.n_bytes);
	if (!to)
		return -ENOMEM;
	from = data + h.n_head_bytes;
	n_from = size - h.n_head_bytes;
	if (h.type == ELFCOMPRESS_ZLIB)
		is_good = inflate_all(from, n_from, to, h.n_bytes);
	else
		is_good = ZSTD_decompress(to, h.n_bytes, from, n_from) == h.n_bytes;
	if (!is_good)
		return -EBADMSG;
	*ret = take_ptr(to);
	return 0;
}
