// SPDX-License-Identifier: Apache-2.0
#include "agent/cri-call.h"

#include <string.h>

#include "common/buf.h"
#include "symbolizer/grpc-answer.h"

/* RFC 9113 */
#define HTTP2_DATA 0
#define HTTP2_HEADERS 1
#define HTTP2_RST_STREAM 3
#define HTTP2_SETTINGS 4
#define HTTP2_WINDOW_UPDATE 8
#define HTTP2_END_STREAM 1
#define HTTP2_END_HEADERS 4
#define HTTP2_ENABLE_PUSH 2 /* settings */
#define HTTP2_INITIAL_WINDOW_SIZE 4
#define HTTP2_CONNECTION_WINDOW 65535 /* before the first WINDOW_UPDATE */

#define CALL_STREAM 1
#define MAX_ID_BYTES 127 /* lengths below 128 are one byte, in HPACK as in protobuf */

static const struct {
	const char *name, *value;
} fields[] = {
	{ ":method", "POST" },
	{ ":scheme", "http" },
	{ ":path", "/runtime.v1.RuntimeService/ContainerStatus" },
	{ ":authority", "localhost" },
	{ "content-type", "application/grpc" },
	{ "te", "trailers" },
	{ "grpc-timeout", "2S" },
};

static int add_big_endian(struct buf *b, uint32_t value, size_t size)
{
	int r = 0;

	for (size_t i = size; r == 0 && i-- > 0;)
		r = buf_add_char(b, (char)(value >> 8 * i));
	return r;
}

static int add_frame(struct buf *b, uint8_t type, uint8_t flags, uint32_t stream, const struct buf *payload)
{
	int r = add_big_endian(b, (uint32_t)payload->size, 3);

	if (r == 0)
		r = buf_add(b, (const uint8_t[]){ type, flags }, 2);
	if (r == 0)
		r = add_big_endian(b, stream, 4);
	return r == 0 ? buf_add(b, payload->data, payload->size) : r;
}

static int add_short_text(struct buf *b, const char *text)
{
	int r = buf_add_char(b, (char)strlen(text));

	return r == 0 ? buf_add_str(b, text) : r;
}

static int add_setting(struct buf *b, uint32_t setting, uint32_t value)
{
	int r = add_big_endian(b, setting, 2);

	return r == 0 ? add_big_endian(b, value, 4) : r;
}

static int add_settings(struct buf *b)
{
	_cleanup_(buf_done) struct buf settings = {}, more = {};
	int r;

	r = add_setting(&settings, HTTP2_ENABLE_PUSH, 0);
	if (r == 0)
		r = add_setting(&settings, HTTP2_INITIAL_WINDOW_SIZE, GRPC_ANSWER_BYTES);
	if (r == 0)
		r = add_frame(b, HTTP2_SETTINGS, 0, 0, &settings);
	if (r == 0)
		r = add_big_endian(&more, GRPC_ANSWER_BYTES - HTTP2_CONNECTION_WINDOW, 4);
	return r == 0 ? add_frame(b, HTTP2_WINDOW_UPDATE, 0, 0, &more) : r;
}

/* Each as a literal that neither side keeps. */
static int add_headers(struct buf *b)
{
	_cleanup_(buf_done) struct buf block = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++) {
		r = buf_add_char(&block, 0);
		if (r == 0)
			r = add_short_text(&block, fields[i].name);
		if (r == 0)
			r = add_short_text(&block, fields[i].value);
	}
	return r == 0 ? add_frame(b, HTTP2_HEADERS, HTTP2_END_HEADERS, CALL_STREAM, &block) : r;
}

/* One message that is not compressed: ContainerStatusRequest, whose container_id is field 1. */
static int add_message(struct buf *b, const char *id)
{
	_cleanup_(buf_done) struct buf message = {};
	int r;

	r = buf_add_char(&message, 0);
	if (r == 0)
		r = add_big_endian(&message, (uint32_t)strlen(id) + 2, 4);
	if (r == 0)
		r = buf_add_char(&message, 1 << 3 | 2);
	if (r == 0)
		r = add_short_text(&message, id);
	return r == 0 ? add_frame(b, HTTP2_DATA, HTTP2_END_STREAM, CALL_STREAM, &message) : r;
}

int cri_call_ask(struct buf *question, const char *id)
{
	int r;

	if (strlen(id) > MAX_ID_BYTES)
		return -ENAMETOOLONG;
	r = buf_add_str(question, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	if (r == 0)
		r = add_settings(question);
	if (r == 0)
		r = add_headers(question);
	return r == 0 ? add_message(question, id) : r;
}

/* Trailers that go on in a CONTINUATION are not waited for: no runtime's are so long, and such an answer is not whole.
 */
static bool ends_call(const uint8_t *head)
{
	static const uint8_t stream[] = { 0, 0, 0, CALL_STREAM };

	if (memcmp(head + 5, stream, sizeof(stream)) != 0)
		return false;
	return head[3] == HTTP2_RST_STREAM ||
	       ((head[3] == HTTP2_DATA || head[3] == HTTP2_HEADERS) && head[4] & HTTP2_END_STREAM);
}

bool cri_call_is_over(struct cri_call *call, const uint8_t *data, size_t size)
{
	while (size > 0 && !call->is_over) {
		size_t n = 1;

		if (call->n_head < HTTP2_HEAD_BYTES) {
			call->head[call->n_head++] = *data;
			if (call->n_head == HTTP2_HEAD_BYTES)
				call->n_left = (uint32_t)(call->head[0] << 16 | call->head[1] << 8 | call->head[2]);
		} else {
			n = call->n_left < size ? call->n_left : size;
			call->n_left -= (uint32_t)n;
		}
		data += n;
		size -= n;
		if (call->n_head == HTTP2_HEAD_BYTES && call->n_left == 0) {
			call->is_over = ends_call(call->head);
			call->n_head = 0;
		}
	}
	return call->is_over;
}
