// SPDX-License-Identifier: Apache-2.0
/*
 * CRI call: libnghttp2's server understands the question; the end of its answers is seen, to the byte; and what can go
 * wrong in an answer gives no message.
 */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>

#include "agent/cri-call.h"
#include "symbolizer/grpc-answer.h"
#include "tests/unit/cri-server.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int read_bytes(const struct buf *answer, size_t size, struct buf *ret)
{
	uint8_t *exact = malloc(size ? size : 1); /* so that a byte beyond is seen */
	int r;

	assert_non_null(exact);
	if (size)
		memcpy(exact, answer->data, size);
	r = grpc_answer_read(exact, size, ret);
	free(exact);
	return r;
}

static int outcome(const struct buf *answer)
{
	struct buf message = {};
	int r = read_bytes(answer, answer->size, &message);

	buf_done(&message);
	return r;
}

/* Where the answer is seen to end, when so much of it comes, in pieces; 0: it does not. */
static size_t end_in_pieces(const struct buf *answer, size_t size, size_t piece)
{
	struct cri_call call = {};

	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		if (cri_call_is_over(&call, (const uint8_t *)answer->data + at, n))
			return at + n;
	}
	return 0;
}

static void test_question(void **state)
{
	static const char asked[] = "\0\0\0\0\x42\x0a\x40" ID;
	struct cri_server s = { .status = "5" };
	struct buf question = {};
	char long_id[200];

	assert_int_equal(cri_call_ask(&question, ID), 0);
	assert_true(cri_server_run(&s, &question));
	assert_string_equal(s.fields,
			    ":method: POST\n:scheme: http\n:path: /runtime.v1.RuntimeService/ContainerStatus\n"
			    ":authority: localhost\ncontent-type: application/grpc\nte: trailers\n"
			    "grpc-timeout: 2S\n");
	assert_int_equal(s.asked.size, sizeof(asked) - 1);
	assert_memory_equal(s.asked.data, asked, sizeof(asked) - 1);
	cri_server_done(&s);
	buf_done(&question);

	memset(long_id, 'x', sizeof(long_id));
	long_id[128] = 0;
	assert_int_equal(cri_call_ask(&question, long_id), -ENAMETOOLONG);
	long_id[127] = 0;
	assert_int_equal(cri_call_ask(&question, long_id), 0);
	buf_done(&question);
}

static void test_answer(void **state)
{
	struct buf question = {}, answer = {}, message = {}, expected = {};

	cri_put_status(&expected, ID);
	assert_int_equal(cri_call_ask(&question, ID), 0);
	cri_put_answer(&answer, &question, ID);
	assert_int_equal(read_bytes(&answer, answer.size, &message), 0);
	assert_int_equal(message.size, expected.size);
	assert_memory_equal(message.data, expected.data, expected.size);
	for (size_t piece = 1; piece <= 20; piece++)
		assert_int_equal(end_in_pieces(&answer, answer.size, piece), answer.size);
	for (size_t size = 0; size < answer.size; size++) {
		if (read_bytes(&answer, size, &message) != -EBADMSG)
			fail_msg("%zu bytes of %zu are taken for an answer", size, answer.size);
		assert_int_equal(end_in_pieces(&answer, size, 1000), 0);
	}
	buf_done(&question);
	buf_done(&answer);
	buf_done(&message);
	buf_done(&expected);
}

static void run_server(struct cri_server *s)
{
	struct buf question = {};

	assert_int_equal(cri_call_ask(&question, ID), 0);
	assert_true(cri_server_run(s, &question));
	buf_done(&question);
}

/* The server may say all of it without another word from us; what is larger than it may send does not end. */
static void test_windows(void **state)
{
	static uint8_t body[GRPC_ANSWER_BYTES + 1];
	const size_t size = GRPC_ANSWER_BYTES - 5;
	struct cri_server s = { .status = "0", .body = body, .size = GRPC_ANSWER_BYTES };
	struct cri_server more = { .status = "0", .body = body, .size = GRPC_ANSWER_BYTES + 1 };
	struct buf message = {};

	for (size_t i = 0; i < 4; i++)
		body[1 + i] = (uint8_t)(size >> 8 * (3 - i));
	run_server(&s);
	assert_int_equal(s.n_sent, s.size);
	assert_int_equal(read_bytes(&s.answer, s.answer.size, &message), 0);
	assert_int_equal(message.size, size);
	cri_server_done(&s);
	buf_done(&message);

	run_server(&more);
	assert_true(end_in_pieces(&more.answer, more.answer.size, 4096) == 0);
	assert_int_equal(outcome(&more.answer), -EBADMSG);
	cri_server_done(&more);
}

/* The container is not known: a status, and no message. */
static void test_refusal(void **state)
{
	struct cri_server bare = { .status = "5" }, late = { .status = "5", .body = "\0\0\0\0", .size = 5 };

	run_server(&bare);
	assert_true(end_in_pieces(&bare.answer, bare.answer.size, 7) == bare.answer.size);
	assert_int_equal(outcome(&bare.answer), -ENODATA);
	cri_server_done(&bare);
	run_server(&late);
	assert_int_equal(outcome(&late.answer), -ENODATA);
	cri_server_done(&late);
}

static void test_bad_messages(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int expected;
	} bodies[] = {
		{ "\0\0\0\0\1x", 6, 0 },        { "\0\0\0\0\0", 5, 0 },         { "\1\0\0\0\1x", 6, -EBADMSG },
		{ "\0\0\0\0\2x", 6, -EBADMSG }, { "\0\0\0\0\0x", 6, -EBADMSG }, { "\0\0\0\0", 4, -EBADMSG },
		{ "\0\1\0\0\1x", 6, -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct cri_server s = { .status = "0", .body = bodies[i].bytes, .size = bodies[i].size };

		run_server(&s);
		if (outcome(&s.answer) != bodies[i].expected)
			fail_msg("body %zu: %d", i, outcome(&s.answer));
		cri_server_done(&s);
	}
}

#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define STATUS_200 "\0\0\1\1\4\0\0\0\1\x88"
#define GRPC_OK                                                                                                        \
	"\0\x0bgrpc-status\1"                                                                                          \
	"0"
#define STATUS_200_OK "\0\0\x10\1\4\0\0\0\1\x88" GRPC_OK
#define STATUS_404_OK "\0\0\x10\1\4\0\0\0\1\x8d" GRPC_OK
#define GOAWAY "\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\2"
#define RST_STREAM "\0\0\4\3\0\0\0\0\1\0\0\0\2"
#define RST_STREAM_WELL "\0\0\4\3\0\0\0\0\1\0\0\0\0"
#define DATA_OF_3 "\0\0\1\0\1\0\0\0\3x"
#define DATA_OF_0 "\0\0\1\0\1\0\0\0\0x"
#define DATA "\0\0\6\0\0\0\0\0\1\0\0\0\0\1x"
#define DATA_END "\0\0\6\0\1\0\0\0\1\0\0\0\0\1x"
#define HUGE_FRAME "\xff\xff\xff\0\1\0\0\0\1"
#define PUSH "\0\0\5\5\4\0\0\0\1\0\0\0\2\x88"
#define LEN(text) (text), sizeof(text) - 1

/* Bytes that no nghttp2 would write; but for the fault they would do. */
static void test_faults(void **state)
{
	struct buf well = {};

	static const struct {
		const char *name, *bytes;
		size_t size;
		bool ends; /* the call */
	} faults[] = {
		{ "nothing", LEN(""), false },
		{ "garbage", LEN("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), false },
		{ "no settings first", LEN(STATUS_200 DATA_END), true },
		{ "GOAWAY", LEN(SETTINGS GOAWAY), false },
		{ "GOAWAY amid the answer", LEN(SETTINGS STATUS_200 GOAWAY), false },
		{ "RST_STREAM", LEN(SETTINGS RST_STREAM), true },
		{ "RST_STREAM behind a header", LEN(SETTINGS STATUS_200 RST_STREAM), true },
		{ "RST_STREAM without an error", LEN(SETTINGS STATUS_200 RST_STREAM_WELL), true },
		{ "no status", LEN(SETTINGS STATUS_200 DATA_END), true },
		{ "no header", LEN(SETTINGS DATA_END), true },
		{ "no end", LEN(SETTINGS STATUS_200_OK DATA), false },
		{ "RST_STREAM behind all of it", LEN(SETTINGS STATUS_200_OK DATA RST_STREAM), true },
		{ "HTTP's 404", LEN(SETTINGS STATUS_404_OK DATA_END), true },
		{ "another stream", LEN(SETTINGS DATA_OF_3), false },
		{ "no stream", LEN(SETTINGS DATA_OF_0), false },
		{ "a huge frame", LEN(SETTINGS STATUS_200 HUGE_FRAME "xyz"), false },
		{ "a push", LEN(SETTINGS PUSH), false },
	};

	proto_bytes(&well, LEN(SETTINGS STATUS_200_OK DATA_END));
	assert_int_equal(outcome(&well), 0);
	buf_done(&well);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct buf answer = {};
		struct cri_call call = {};

		proto_bytes(&answer, faults[i].bytes, faults[i].size);
		if (outcome(&answer) != -EBADMSG)
			fail_msg("%s: %d", faults[i].name, outcome(&answer));
		if (cri_call_is_over(&call, (const uint8_t *)answer.data, answer.size) != faults[i].ends)
			fail_msg("%s: the end", faults[i].name);
		buf_done(&answer);
	}
}

/* PINGs that nobody answers take no memory. */
static void test_flood(void **state)
{
	static const char ping[] = "\0\0\x8\6\0\0\0\0\0abcdefgh";
	struct buf answer = {};

	proto_bytes(&answer, SETTINGS, sizeof(SETTINGS) - 1);
	while (answer.size < GRPC_ANSWER_BYTES)
		proto_bytes(&answer, ping, sizeof(ping) - 1);
	assert_int_equal(outcome(&answer), -EBADMSG);
	buf_done(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question), cmocka_unit_test(test_answer),       cmocka_unit_test(test_windows),
		cmocka_unit_test(test_refusal),  cmocka_unit_test(test_bad_messages), cmocka_unit_test(test_faults),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
