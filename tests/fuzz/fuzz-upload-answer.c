// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the lines of a server's answer, and as its body behind an empty line: bounded, and with an outcome. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "uploader/http-answer.h"

#define MAX_INPUT_BYTES ((size_t)256 << 10)

static void check_answer(const struct upload_response *r)
{
	if (r->body.size > RESPONSE_MAX_BYTES || !r->body.data || r->body.data[r->body.size] != 0)
		abort();
	if (strlen(r->fault) >= sizeof(r->fault) || r->retry_after_s > 86400)
		abort();
	if (r->outcome == UPLOAD_ANSWERED && r->status < 200)
		abort();
}

static void read_answer(const char *at, const char *end, const struct http_end *how)
{
	struct http_answer a;
	const char *line_end;

	http_answer_init(&a);
	while ((line_end = memchr(at, '\n', (size_t)(end - at)))) {
		bool is_last = line_end - at <= 1;

		if (http_answer_add_header(&a, at, (size_t)(line_end + 1 - at)) < 0)
			abort();
		at = line_end + 1;
		if (is_last)
			break;
	}
	if (http_answer_add_body(&a, at, (size_t)(end - at)) < 0)
		abort();
	http_answer_end(&a, how);
	check_answer(&a.response);
	upload_response_done(&a.response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *error = NULL;
	struct http_end how = {};

	if (size < 2 || size > MAX_INPUT_BYTES)
		return 0;
	error = strndup((const char *)data + 2, size < 256 ? size - 2 : 254);
	if (!error)
		return 0;
	how = (struct http_end){ .code = data[0],
				 .error = error,
				 .is_body_sent = data[1] & 1,
				 .is_grpc = data[1] & 2,
				 .retry_after_s = data[1] };
	read_answer((const char *)data + 2, (const char *)data + size, &how);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"0aHTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nDate: Sun, 29 Nov 2026 14:00:00 GMT\r\n\r\nlater",
		"8bHTTP/2 200\r\ngrpc-status: 8\r\ngrpc-message: larger%20than%zz\r\n\r\n",
		"0aHTTP/1.1 100 Continue\r\nHTTP/1.1 500 No\r\nX-ClickHouse-Exception-Code: 252\r\n\r\nCode: 252",
		"8aOpenSSL SSL_read: tlsv13 alert certificate required, errno 0",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
