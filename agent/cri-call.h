/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRI call: the bytes of one question to the runtime below a kubelet, and where the answer ends. The question is
 * ContainerStatus of runtime.v1 (Kubernetes' CRI): labels, name, and the image as it was asked for, which
 * ListContainers has as a hash only. It is gRPC, so HTTP/2. All that we have to say is said at once, with windows as
 * large as an answer may be, so nothing is owed to the server while it answers. Of an answer only the fixed heads of
 * the frames are looked at here: they tell where it ends. The rest is foreign (symbolizer/grpc-answer.h). Pure.
 *
 * gRPC's own library is 12 MB of C++ beside what it needs, and has threads of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct buf;

#define HTTP2_HEAD_BYTES 9

/* Of an answer; the owner initialises with `= {}`. */
struct cri_call {
	uint8_t head[HTTP2_HEAD_BYTES]; /* of the frame that comes */
	size_t n_head;                  /* bytes of it that are there */
	uint32_t n_left;                /* bytes of the frame behind it */
	bool is_over;
};

/* -ENAMETOOLONG, -ENOMEM. */
_must_check_ int cri_call_ask(struct buf *question, const char *id);

/* The next bytes of the answer, however they are cut: whether it is over. */
bool cri_call_is_over(struct cri_call *call, const uint8_t *data, size_t size);
