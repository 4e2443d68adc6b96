/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index sink: bytes that are written to a file in order, buffered, and summed (CRC-32) on the way. The writer of index
 * files owns one while it writes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct index_sink {
	int fd;
	uint64_t offset; /* in the file, of what is pending */
	uint32_t crc;
	size_t n_pending;
	char pending[1 << 16];
};

static inline uint64_t index_sink_offset(const struct index_sink *s)
{
	return s->offset + s->n_pending;
}

/* -EFBIG: the file would grow beyond INDEX_LIMIT_BYTES. */
_must_check_ int index_sink_add(struct index_sink *s, const void *data, size_t size);
/* And a NUL. */
_must_check_ int index_sink_add_string(struct index_sink *s, const char *data, size_t size);
/* Zeros up to the next multiple of INDEX_ALIGN. */
_must_check_ int index_sink_align(struct index_sink *s);
_must_check_ int index_sink_flush(struct index_sink *s);

_must_check_ int index_sink_write_at(int fd, const void *data, size_t size, uint64_t offset);
