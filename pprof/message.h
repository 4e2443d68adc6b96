/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: protobuf's wire format, appended to a buffer field by field, so that what has ten thousand fields need not
 * exist as a tree of them.
 */
#pragma once

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "common/buf.h"
#include "common/clean.h"

/* The fields of m: messages one behind the other are one message. */
_must_check_ int message_add(struct buf *b, const ProtobufCMessage *m);

/* m, or bytes, as one field: a message or a string within the message that b holds. */
_must_check_ int message_add_field(struct buf *b, unsigned int field, const ProtobufCMessage *m);
_must_check_ int message_add_bytes(struct buf *b, unsigned int field, const void *data, size_t size);
