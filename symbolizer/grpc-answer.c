// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/grpc-answer.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <string.h>

#include "common/buf.h"

#define PREFIX_BYTES 5 /* of a message: whether it is compressed, and its size */

struct answer {
	struct buf body;
	bool is_whole, is_http_ok;
	bool has_status, is_ok; /* grpc-status */
};

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t size, void *to)
{
	struct answer *a = to;

	return buf_add(&a->body, data, size) < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static bool is_text(const uint8_t *data, size_t size, const char *text)
{
	return size == strlen(text) && memcmp(data, text, size) == 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
		     const uint8_t *value, size_t size, uint8_t flags, void *to)
{
	struct answer *a = to;

	if (is_text(name, name_size, ":status"))
		a->is_http_ok = is_text(value, size, "200");
	if (is_text(name, name_size, "grpc-status")) {
		a->has_status = true;
		a->is_ok = is_text(value, size, "0");
	}
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *to)
{
	struct answer *a = to;

	a->is_whole = error == NGHTTP2_NO_ERROR;
	return 0;
}

static int error_of(ssize_t nghttp2_error)
{
	return nghttp2_error == NGHTTP2_ERR_NOMEM || nghttp2_error == NGHTTP2_ERR_CALLBACK_FAILURE ? -ENOMEM : -EBADMSG;
}

static int new_session(struct answer *a, nghttp2_session **ret)
{
	nghttp2_session_callbacks *callbacks;
	int r;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return -ENOMEM;
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	r = nghttp2_session_client_new(ret, callbacks, a);
	nghttp2_session_callbacks_del(callbacks);
	return r == 0 ? 0 : -ENOMEM;
}

/* The session must have asked before it takes an answer: what was said to the server is said again, to nobody. */
static int replay_question(nghttp2_session *session)
{
	static uint8_t method[] = ":method", post[] = "POST";
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, GRPC_ANSWER_BYTES },
	};
	const nghttp2_nv field = { method, post, sizeof(method) - 1, sizeof(post) - 1, NGHTTP2_NV_FLAG_NONE };
	const uint8_t *said;
	ssize_t r;

	r = nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, ARRAY_SIZE(settings));
	if (r == 0)
		r = nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, GRPC_ANSWER_BYTES);
	if (r == 0)
		r = nghttp2_submit_request(session, NULL, &field, 1, NULL, NULL);
	while (r >= 0 && nghttp2_session_want_write(session))
		r = nghttp2_session_mem_send(session, &said);
	return r < 0 ? error_of(r) : 0;
}

static int take_apart(struct answer *a, const uint8_t *data, size_t size)
{
	nghttp2_session *session;
	ssize_t n;
	int r;

	r = new_session(a, &session);
	if (r < 0)
		return r;
	r = replay_question(session);
	if (r == 0) {
		n = nghttp2_session_mem_recv(session, data, size);
		r = n < 0 ? error_of(n) : 0;
	}
	nghttp2_session_del(session);
	return r;
}

static int take_message(const struct buf *body, struct buf *ret)
{
	const uint8_t *b = (const uint8_t *)body->data;

	if (body->size < PREFIX_BYTES || b[0] != 0)
		return -EBADMSG;
	if (((uint32_t)b[1] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 8 | b[4]) != body->size - PREFIX_BYTES)
		return -EBADMSG;
	return buf_add(ret, b + PREFIX_BYTES, body->size - PREFIX_BYTES);
}

int grpc_answer_read(const uint8_t *data, size_t size, struct buf *ret)
{
	struct answer a = {};
	int r;

	r = take_apart(&a, data, size);
	if (r == 0 && (!a.is_whole || !a.is_http_ok || !a.has_status))
		r = -EBADMSG;
	if (r == 0)
		r = a.is_ok ? take_message(&a.body, ret) : -ENODATA;
	buf_done(&a.body);
	return r;
}
