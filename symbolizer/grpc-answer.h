/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC answer: the message in what a server has said on a connection on which one question was asked: gRPC over HTTP/2,
 * which libnghttp2 takes apart. Foreign bytes: read by the indexer. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct buf;

#define GRPC_ANSWER_BYTES (1 << 20) /* the windows that who asks must show to the server */

/* 0 and the message's bytes, added to ret. -EBADMSG: no such answer, or not whole; -ENODATA: the call was refused. */
_must_check_ int grpc_answer_read(const uint8_t *data, size_t size, struct buf *ret);
