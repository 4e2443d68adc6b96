// SPDX-License-Identifier: Apache-2.0
#include "pprof/message.h"

static int add_varint(struct buf *b, uint64_t value)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[n++] = (uint8_t)(value | 0x80);
	bytes[n++] = (uint8_t)value;
	return buf_add(b, bytes, n);
}

/* The tag and length in front of a field of bytes (wire type 2). */
static int add_head(struct buf *b, unsigned int field, size_t size)
{
	int r = add_varint(b, field << 3 | 2);

	return r < 0 ? r : add_varint(b, size);
}

static int add_sized(struct buf *b, const ProtobufCMessage *m, size_t size)
{
	int r = buf_reserve(b, size);

	if (r < 0)
		return r;
	b->size += protobuf_c_message_pack(m, (uint8_t *)b->data + b->size);
	b->data[b->size] = 0;
	return 0;
}

int message_add(struct buf *b, const ProtobufCMessage *m)
{
	return add_sized(b, m, protobuf_c_message_get_packed_size(m));
}

int message_add_field(struct buf *b, unsigned int field, const ProtobufCMessage *m)
{
	size_t size = protobuf_c_message_get_packed_size(m);
	int r = add_head(b, field, size);

	return r < 0 ? r : add_sized(b, m, size);
}

int message_add_bytes(struct buf *b, unsigned int field, const void *data, size_t size)
{
	int r = add_head(b, field, size);

	return r < 0 || size == 0 ? r : buf_add(b, data, size);
}
