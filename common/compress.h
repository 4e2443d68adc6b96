/* SPDX-License-Identifier: Apache-2.0 */
/* compress: whole buffers in gzip and zstd (with content checksum), and back, with a cap on what comes out. */
#pragma once

#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

enum compression compression_of(const void *data, size_t size); /* by its magic */
_must_check_ int compress_add(enum compression c, const void *data, size_t size, struct buf *ret);

/*
 * One zstd frame, piece by piece, for what is never whole in memory. It is complete when zstd_stream_end() has
 * succeeded.
 */
struct zstd_stream;

_must_check_ int zstd_stream_new(struct zstd_stream **ret);
struct zstd_stream *zstd_stream_free(struct zstd_stream *z); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct zstd_stream *, zstd_stream_free);
_must_check_ int zstd_stream_add(struct zstd_stream *z, const void *data, size_t size, struct buf *ret);
_must_check_ int zstd_stream_end(struct zstd_stream *z, struct buf *ret);

/* Appends at most limit_bytes; more is -EFBIG, damaged or cut input -EBADMSG. */
_must_check_ int decompress_add(const void *data, size_t size, size_t limit_bytes, struct buf *ret);
