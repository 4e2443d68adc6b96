// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-sink.h"

#include <libdeflate.h>
#include <string.h>

#include "symbolizer/index-format.h"

int index_sink_write_at(int fd, const void *data, size_t size, uint64_t offset)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, p, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		offset += (size_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int write_out(struct index_sink *s, const char *data, size_t size)
{
	int r;

	if (s->offset + size > INDEX_LIMIT_BYTES)
		return -EFBIG;
	r = index_sink_write_at(s->fd, data, size, s->offset);
	if (r < 0)
		return r;
	s->crc = libdeflate_crc32(s->crc, data, size);
	s->offset += size;
	return 0;
}

int index_sink_flush(struct index_sink *s)
{
	int r;

	r = write_out(s, s->pending, s->n_pending);
	if (r == 0)
		s->n_pending = 0;
	return r;
}

int index_sink_add(struct index_sink *s, const void *data, size_t size)
{
	const char *p = data;
	int r;

	while (size > 0) {
		size_t n = sizeof(s->pending) - s->n_pending;

		if (s->n_pending == 0 && size >= n) /* the strings: not once more through the buffer */
			return write_out(s, p, size);
		if (n > size)
			n = size;
		memcpy(s->pending + s->n_pending, p, n);
		s->n_pending += n;
		p += n;
		size -= n;
		if (s->n_pending < sizeof(s->pending))
			continue;
		r = index_sink_flush(s);
		if (r < 0)
			return r;
	}
	return 0;
}

int index_sink_add_string(struct index_sink *s, const char *data, size_t size)
{
	int r;

	r = index_sink_add(s, data, size);
	return r < 0 ? r : index_sink_add(s, "", 1);
}

int index_sink_align(struct index_sink *s)
{
	static const char zeros[INDEX_ALIGN];
	size_t over = index_sink_offset(s) % INDEX_ALIGN;

	return over ? index_sink_add(s, zeros, INDEX_ALIGN - over) : 0;
}
