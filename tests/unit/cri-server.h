/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cri server: the other end of a CRI call, in memory: libnghttp2's server reads the question and writes what a gRPC
 * server says. Memory is the caller's struct buf; what goes wrong ends the test.
 */
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "tests/unit/proto-writer.h"

struct cri_server {
	const void *body; /* of the answer: prefix and message; borrowed */
	size_t size, n_sent;
	const char *status;       /* grpc-status */
	char fields[512];         /* of the question: "name: value\n", as they came */
	struct buf asked, answer; /* the question's body; all that the server has said */
};

static inline nghttp2_nv cri_field(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value),
			     NGHTTP2_NV_FLAG_NONE };
}

static inline void cri_must(bool holds)
{
	if (!holds)
		abort();
}

static inline ssize_t cri_send_body(nghttp2_session *session, int32_t stream, uint8_t *to, size_t size, uint32_t *flags,
				    nghttp2_data_source *source, void *server)
{
	struct cri_server *s = server;
	const nghttp2_nv trailer = cri_field("grpc-status", s->status);
	size_t n = s->size - s->n_sent < size ? s->size - s->n_sent : size;

	memcpy(to, (const uint8_t *)s->body + s->n_sent, n);
	s->n_sent += n;
	if (s->n_sent == s->size) {
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		cri_must(nghttp2_submit_trailer(session, stream, &trailer, 1) == 0);
	}
	return (ssize_t)n;
}

static inline int cri_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
				size_t name_size, const uint8_t *value, size_t size, uint8_t flags, void *server)
{
	struct cri_server *s = server;
	size_t at = strlen(s->fields);

	snprintf(s->fields + at, sizeof(s->fields) - at, "%.*s: %.*s\n", (int)name_size, name, (int)size, value);
	return 0;
}

static inline int cri_on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t size,
			      void *server)
{
	proto_bytes(&((struct cri_server *)server)->asked, data, size);
	return 0;
}

/* As grpc-go: where there is nothing to tell, the status comes with the first header. */
static inline int cri_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *server)
{
	struct cri_server *s = server;
	const nghttp2_nv head[] = { cri_field(":status", "200"), cri_field("content-type", "application/grpc"),
				    cri_field("grpc-status", s->status) };
	const nghttp2_data_provider body = { .read_callback = cri_send_body };

	if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || frame->hd.stream_id != 1)
		return 0;
	cri_must(nghttp2_submit_response(session, 1, head, s->body ? 2 : 3, s->body ? &body : NULL) == 0);
	return 0;
}

/* False: it is no question. */
static inline bool cri_server_run(struct cri_server *s, const struct buf *question)
{
	const nghttp2_settings_entry setting = { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100 };
	nghttp2_session_callbacks *callbacks;
	nghttp2_session *session;
	const uint8_t *said;
	ssize_t taken, n;

	cri_must(nghttp2_session_callbacks_new(&callbacks) == 0);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, cri_on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, cri_on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, cri_on_frame);
	cri_must(nghttp2_session_server_new(&session, callbacks, s) == 0);
	cri_must(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &setting, 1) == 0);
	taken = nghttp2_session_mem_recv(session, (const uint8_t *)question->data, question->size);
	while (taken >= 0 && (n = nghttp2_session_mem_send(session, &said)) > 0)
		proto_bytes(&s->answer, said, (size_t)n);
	nghttp2_session_del(session);
	nghttp2_session_callbacks_del(callbacks);
	return taken == (ssize_t)question->size;
}

static inline void cri_server_done(struct cri_server *s)
{
	buf_done(&s->asked);
	buf_done(&s->answer);
}

/* A message as gRPC has it on the wire. */
static inline void cri_frame_message(struct buf *b, const struct buf *message)
{
	for (int shift = 32; shift >= 0; shift -= 8)
		proto_bytes(b, &(uint8_t){ (uint8_t)((uint64_t)message->size >> shift) }, 1);
	proto_bytes(b, message->data, message->size);
}

static inline void cri_put_entry(struct buf *b, unsigned int field, const char *key, const char *value)
{
	struct buf entry = {};

	proto_field(&entry, 1, key, strlen(key));
	proto_field(&entry, 2, value, strlen(value));
	proto_field(b, field, entry.data, entry.size);
	buf_done(&entry);
}

static inline void cri_put_text(struct buf *b, unsigned int field, unsigned int inner, const char *text)
{
	struct buf message = {};

	proto_field(&message, inner, text, strlen(text));
	proto_field(b, field, message.data, message.size);
	buf_done(&message);
}

/* ContainerStatusResponse, as containerd answers of a kubelet's container. */
static inline void cri_put_status(struct buf *b, const char *id)
{
	struct buf status = {};

	proto_field(&status, 1, id, strlen(id));
	cri_put_text(&status, 2, 1, "main");
	proto_number(&status, 3, 1); /* running; which is not read */
	cri_put_text(&status, 8, 1, "registry:5000/shop/checkout:v2.3");
	cri_put_entry(&status, 12, "io.kubernetes.container.name", "main");
	cri_put_entry(&status, 12, "io.kubernetes.pod.name", "checkout-7d9c5b6f8-x2x9k");
	cri_put_entry(&status, 12, "io.kubernetes.pod.namespace", "shop");
	cri_put_entry(&status, 13, "app.kubernetes.io/name", "checkout");
	proto_field(b, 1, status.data, status.size);
	buf_done(&status);
}

/* All that a server says when it is asked for this container. */
static inline void cri_put_answer(struct buf *b, const struct buf *question, const char *id)
{
	struct buf message = {}, body = {};
	struct cri_server s = { .status = "0" };

	cri_put_status(&message, id);
	cri_frame_message(&body, &message);
	s.body = body.data;
	s.size = body.size;
	cri_must(cri_server_run(&s, question));
	proto_bytes(b, s.answer.data, s.answer.size);
	cri_server_done(&s);
	buf_done(&message);
	buf_done(&body);
}
