// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as the answer of any store: the first byte is the target, the next two the status, then flags; the rest is
 * the body and, for gRPC, the message. What comes out is one of the results and one line of text.
 */
#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "uploader/target.h"

#define HEAD_BYTES 4
#define MAX_INPUT_BYTES (RESPONSE_MAX_BYTES + HEAD_BYTES)

static const char *const kinds[] = { "pyroscope", "parca", "otlp", "s3", "clickhouse" };

static void check(const struct send_answer *a)
{
	if (a->result > SEND_CONFIG || !memchr(a->reason, 0, sizeof(a->reason)) ||
	    !utf8_is_valid(a->reason, strlen(a->reason)) || (a->reason[0] == 0) != (a->result == SEND_DONE))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_done) struct buf body = {};
	struct upload_response r = { .grpc_status = -1, .fault = "fault" };
	struct send_answer a = { .result = (enum send_result)99 };

	if (size < HEAD_BYTES || size > MAX_INPUT_BYTES || buf_add(&body, data + HEAD_BYTES, size - HEAD_BYTES) < 0)
		return 0;
	r.status = (unsigned int)data[1] << 8 | data[2];
	r.outcome = data[3] & 8 ? data[3] % 5 : UPLOAD_ANSWERED;
	if (data[3] & 16)
		r.grpc_status = data[2];
	if (data[3] & 32)
		r.exception_code = data[2];
	r.body = body;
	r.grpc_message = body;
	target_find(kinds[data[0] % ARRAY_SIZE(kinds)])->classify(&r, &a);
	check(&a);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
#define SEED(target, status, flags, text)                                                                              \
	{                                                                                                              \
		target status flags text, sizeof(target status flags text) - 1                                         \
	}
	static const struct {
		const char *bytes;
		size_t size;
	} seeds[] = {
		SEED("\0", "\x01\x90", "\0", "{\"code\":\"invalid_argument\",\"message\":\"exceeds the size limit\"}"),
		SEED("\0", "\x01\xf4", "\0", "{\"code\":\"unknown\",\"message\":\"proto: bad\\u0000\\ud800\"}"),
		SEED("\1", "\0\x08", "\x10", "received message larger than max"),
		SEED("\1", "\x01\x91", "\0", ""),
		SEED("\1", "\0\0", "\x09", ""),
		SEED("\2", "\0\xc8", "\0",
		     "\x0a\x07\x08\x01\x12\x03"
		     "bad"),
		SEED("\2", "\x01\x90", "\0",
		     "\x08\x03\x12\x1c"
		     "http: request body too large"),
		SEED("\3", "\x01\x93", "\0", "<Error><Code>RequestTimeTooSkewed</Code></Error>"),
		SEED("\4", "\x01\xf4", "\0", "Code: 252. DB::Exception: Too many parts"),
		SEED("\4", "\x01\xf4", "\x20", ""),
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = seeds[i].size;
	return seeds[i].bytes;
}
