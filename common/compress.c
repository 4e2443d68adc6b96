// SPDX-License-Identifier: Apache-2.0
#include "common/compress.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#define GZIP_LEVEL 6
#define GZIP_WINDOW_BITS (15 + 16) /* + 16: gzip framing, not zlib's */
#define ZSTD_LEVEL 3
#define ZSTD_DENSE_LEVEL 19
#define CHUNK_BYTES ((size_t)256 << 10)
#define ZSTD_LIKELY_RATIO 64 /* of what a frame holds to what it takes */

DEFINE_CLEANUP(ZSTD_CCtx *, ZSTD_freeCCtx);
DEFINE_CLEANUP(ZSTD_DCtx *, ZSTD_freeDCtx);

enum compression compression_of(const void *data, size_t size)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };

	if (size >= sizeof(gzip) && memcmp(data, gzip, sizeof(gzip)) == 0)
		return COMPRESSION_GZIP;
	if (size >= sizeof(zstd) && memcmp(data, zstd, sizeof(zstd)) == 0)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

static uint8_t *buf_end(struct buf *b)
{
	return (uint8_t *)b->data + b->size;
}

static void buf_grown_to(struct buf *b, size_t size)
{
	b->size = size;
	if (b->data)
		b->data[size] = 0;
}

static int gzip_add(const void *data, size_t size, struct buf *ret)
{
	z_stream z = { .next_in = data, .avail_in = (uInt)size };
	size_t room;
	int r;

	if (size > UINT_MAX / 2) /* deflateBound() must fit zlib's counters too */
		return -EFBIG;
	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	room = deflateBound(&z, size);
	r = buf_reserve(ret, room);
	if (r == 0) {
		z.next_out = buf_end(ret);
		z.avail_out = (uInt)room;
		if (deflate(&z, Z_FINISH) == Z_STREAM_END)
			buf_grown_to(ret, ret->size + room - z.avail_out);
		else
			r = -EIO;
	}
	deflateEnd(&z);
	return r;
}

static ZSTD_CCtx *new_zstd_context(int level)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();

	if (context) {
		ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
		ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	}
	return context;
}

static int zstd_add(const void *data, size_t size, int level, struct buf *ret)
{
	_cleanup_(ZSTD_freeCCtxp) ZSTD_CCtx *context = new_zstd_context(level);
	size_t room = ZSTD_compressBound(size), n;
	int r;

	if (!context)
		return -ENOMEM;
	r = buf_reserve(ret, room);
	if (r < 0)
		return r;
	n = ZSTD_compress2(context, buf_end(ret), room, data, size);
	if (ZSTD_isError(n))
		return -ENOMEM; /* the output fits: only memory can be short */
	buf_grown_to(ret, ret->size + n);
	return 0;
}

int compress_add(enum compression c, const void *data, size_t size, struct buf *ret)
{
	switch (c) {
	case COMPRESSION_GZIP:
		return gzip_add(data, size, ret);
	case COMPRESSION_ZSTD:
		return zstd_add(data, size, ZSTD_LEVEL, ret);
	case COMPRESSION_NONE:
		break;
	}
	return buf_add(ret, data, size);
}

int compress_add_dense(const void *data, size_t size, struct buf *ret)
{
	return zstd_add(data, size, ZSTD_DENSE_LEVEL, ret);
}

/* It is the library's context. */
static ZSTD_CCtx *context_of(struct zstd_stream *z)
{
	return (ZSTD_CCtx *)(void *)z;
}

int zstd_stream_new(struct zstd_stream **ret)
{
	ZSTD_CCtx *context = new_zstd_context(ZSTD_LEVEL);

	if (!context)
		return -ENOMEM;
	*ret = (struct zstd_stream *)(void *)context;
	return 0;
}

struct zstd_stream *zstd_stream_free(struct zstd_stream *z)
{
	ZSTD_freeCCtx(context_of(z));
	return NULL;
}

/* Until all of it is in the context, or, at the end, all is out of it. */
static int zstd_stream_step(struct zstd_stream *z, ZSTD_inBuffer *in, ZSTD_EndDirective end, struct buf *b)
{
	ZSTD_outBuffer out;
	size_t left;
	int r;

	do {
		r = buf_reserve(b, CHUNK_BYTES);
		if (r < 0)
			return r;
		out = (ZSTD_outBuffer){ .dst = buf_end(b), .size = CHUNK_BYTES };
		left = ZSTD_compressStream2(context_of(z), &out, in, end);
		if (ZSTD_isError(left))
			return -ENOMEM;
		buf_grown_to(b, b->size + out.pos);
	} while (end == ZSTD_e_end ? left > 0 : in->pos < in->size);
	return 0;
}

int zstd_stream_add(struct zstd_stream *z, const void *data, size_t size, struct buf *ret)
{
	ZSTD_inBuffer in = { .src = data, .size = size };

	return zstd_stream_step(z, &in, ZSTD_e_continue, ret);
}

int zstd_stream_end(struct zstd_stream *z, struct buf *ret)
{
	ZSTD_inBuffer in = {};

	return zstd_stream_step(z, &in, ZSTD_e_end, ret);
}

/* Room for the next piece of output: one byte more than is allowed, so that one too many shows. */
static int reserve_piece(struct buf *b, size_t piece_bytes, size_t limit_size, size_t *ret)
{
	size_t left = limit_size - b->size;
	size_t n = left < piece_bytes ? left + 1 : piece_bytes;
	int r;

	r = buf_reserve(b, n);
	if (r < 0)
		return r;
	*ret = n;
	return 0;
}

/* One step of output; 1 at the end of a member, which need not be the end of the input. */
static int inflate_chunk(z_stream *z, size_t limit_size, struct buf *b)
{
	size_t room;
	int r, zr;

	r = reserve_piece(b, CHUNK_BYTES, limit_size, &room);
	if (r < 0)
		return r;
	z->next_out = buf_end(b);
	z->avail_out = (uInt)room;
	zr = inflate(z, Z_NO_FLUSH);
	if (zr == Z_MEM_ERROR)
		return -ENOMEM;
	if (zr != Z_OK && zr != Z_STREAM_END)
		return -EBADMSG; /* Z_BUF_ERROR with room left: the input is cut */
	buf_grown_to(b, b->size + room - z->avail_out);
	if (b->size > limit_size)
		return -EFBIG;
	return zr == Z_STREAM_END;
}

/* RFC 1952: a file is a series of members, and their contents follow each other. */
static int gunzip_members(z_stream *z, size_t limit_size, struct buf *b)
{
	int r;

	do {
		do {
			r = inflate_chunk(z, limit_size, b);
		} while (r == 0);
		if (r < 0)
			return r;
		if (inflateReset(z) != Z_OK)
			return -EBADMSG;
	} while (z->avail_in > 0);
	return 0;
}

static int gunzip_add(const void *data, size_t size, size_t limit_size, struct buf *b)
{
	z_stream z = { .next_in = data, .avail_in = (uInt)size };
	int r;

	if (size > UINT_MAX)
		return -EFBIG;
	if (inflateInit2(&z, GZIP_WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	r = gunzip_members(&z, limit_size, b);
	inflateEnd(&z);
	return r;
}

/*
 * Room for all that the frame says that it holds, where that is likely, makes the library write it where it belongs,
 * not into a window of its own and from there here piece by piece.
 */
static size_t zstd_piece_bytes(const void *data, size_t size)
{
	unsigned long long n = ZSTD_getFrameContentSize(data, size); /* the largest numbers: it does not say */

	return n > CHUNK_BYTES && n / ZSTD_LIKELY_RATIO <= size ? n : CHUNK_BYTES;
}

static int unzstd_add(const void *data, size_t size, size_t limit_size, struct buf *b)
{
	_cleanup_(ZSTD_freeDCtxp) ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer in = { .src = data, .size = size };
	ZSTD_outBuffer out;
	size_t piece_bytes = zstd_piece_bytes(data, size), hint, room;
	int r;

	if (!context)
		return -ENOMEM;
	do {
		r = reserve_piece(b, piece_bytes, limit_size, &room);
		if (r < 0)
			return r;
		out = (ZSTD_outBuffer){ .dst = buf_end(b), .size = room };
		hint = ZSTD_decompressStream(context, &out, &in);
		if (ZSTD_isError(hint))
			return -EBADMSG;
		buf_grown_to(b, b->size + out.pos);
		if (b->size > limit_size)
			return -EFBIG;
	} while (in.pos < in.size || (hint != 0 && out.pos == out.size));
	return hint == 0 ? 0 : -EBADMSG; /* 0: the last frame is complete */
}

static int plain_add(const void *data, size_t size, size_t limit_size, struct buf *b)
{
	return size > limit_size - b->size ? -EFBIG : buf_add(b, data, size);
}

int decompress_add(const void *data, size_t size, size_t limit_bytes, struct buf *ret)
{
	size_t start = ret->size, limit_size;
	int r = 0;

	if (__builtin_add_overflow(start, limit_bytes, &limit_size))
		limit_size = SIZE_MAX;
	switch (compression_of(data, size)) {
	case COMPRESSION_GZIP:
		r = gunzip_add(data, size, limit_size, ret);
		break;
	case COMPRESSION_ZSTD:
		r = unzstd_add(data, size, limit_size, ret);
		break;
	case COMPRESSION_NONE:
		r = plain_add(data, size, limit_size, ret);
		break;
	}
	if (r < 0)
		buf_grown_to(ret, start);
	return r;
}
