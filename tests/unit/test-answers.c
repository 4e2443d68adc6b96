// SPDX-License-Identifier: Apache-2.0
/*
 * What each answer of each store means: the tables of limits and outcomes that the stores document, and what the real
 * servers were seen to say (Pyroscope 1.21.1, Parca 0.28.0, Collector 0.161).
 */
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "tests/unit/cmocka-all.h"
#include "uploader/target.h"

struct row {
	unsigned int status;
	const char *body;
	enum send_result result;
};

static void classify(const struct target_ops *t, struct upload_response *r, const char *body, struct send_answer *ret)
{
	r->body.data = (char *)body;
	r->body.size = body ? strlen(body) : 0;
	memset(ret, 0xaa, sizeof(*ret));
	t->classify(r, ret);
	assert_non_null(memchr(ret->reason, 0, sizeof(ret->reason)));
	assert_true(utf8_is_valid(ret->reason, strlen(ret->reason)));
	assert_int_equal(ret->reason[0] == 0, ret->result == SEND_DONE);
}

static void check_rows(const struct target_ops *t, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct upload_response r = { .status = rows[i].status, .grpc_status = -1 };
		struct send_answer a;

		classify(t, &r, rows[i].body, &a);
		if (a.result != rows[i].result)
			fail_msg("%s: row %zu: %u '%s' is %d (%s)", t->name, i, rows[i].status, rows[i].body, a.result,
				 a.reason);
	}
}

#define CHECK_ROWS(target, rows) check_rows(&target_##target, rows, ARRAY_SIZE(rows))

#define CONNECT(code, message) "{\"code\":\"" code "\",\"message\":\"" message "\"}"

static void test_pyroscope(void **state)
{
	static const struct row rows[] = {
		{ 200, "{}", SEND_DONE },
		{ 200, NULL, SEND_DONE },
		{ 301, "", SEND_CONFIG },
		{ 302, "", SEND_CONFIG },
		{ 307, "", SEND_CONFIG },
		{ 400, CONNECT("invalid_argument", "invalid labels '{}' with error: invalid metric name"),
		  SEND_REJECTED },
		{ 400, CONNECT("invalid_argument", "profile with labels '{a=\\\"b\\\"}' has duplicate label name: 'x'"),
		  SEND_REJECTED },
		{ 400, CONNECT("invalid_argument", "profile series '{}' has 31 label names; limit 30"), SEND_REJECTED },
		{ 400,
		  CONNECT("invalid_argument", "profile with labels '{}' is outside of ingestion window (profile "
					      "timestamp: 2026-11-22)"),
		  SEND_TOO_OLD },
		{ 400, "reason=not_in_ingestion_window", SEND_TOO_OLD },
		{ 400,
		  CONNECT("invalid_argument", "the profile with labels '{}' exceeds the size limit "
					      "(max_profile_size_byte, actual: 5, limit: 4)"),
		  SEND_TOO_LARGE },
		{ 400,
		  CONNECT("invalid_argument", "the profile with labels '{}' exceeds the samples count limit "
					      "(max_profile_stacktrace_samples, actual: 16098, limit: 16000)"),
		  SEND_TOO_LARGE },
		{ 400, CONNECT("invalid_argument", "uncompressed profile payload size exceeds limit of 4.2 MB"),
		  SEND_TOO_LARGE },
		{ 400,
		  CONNECT("invalid_argument", "the profile with labels '{}' exceeds the sample labels limit (101)"),
		  SEND_REJECTED },
		{ 400, "<html>Bad Request</html>", SEND_REJECTED },
		{ 401, CONNECT("unauthenticated", "no org id"), SEND_CONFIG },
		{ 403, CONNECT("permission_denied", ""), SEND_CONFIG },
		{ 404, "404 page not found", SEND_CONFIG },
		{ 405, "", SEND_CONFIG },
		{ 408, "", SEND_RETRY },
		{ 409, CONNECT("aborted", ""), SEND_BOUNDED },
		{ 413, "", SEND_TOO_LARGE },
		{ 415, "", SEND_CONFIG },
		{ 429, CONNECT("resource_exhausted", "push rate limit (4.0 MiB) exceeded"), SEND_RETRY },
		{ 429, CONNECT("resource_exhausted", "limit of 1 GB reached, next reset at 2026-11-22T11:00:00Z"),
		  SEND_RETRY },
		{ 429, CONNECT("resource_exhausted", "message size 333447168 is larger than configured max 268435456"),
		  SEND_TOO_LARGE },
		{ 429, "", SEND_RETRY },
		{ 499, CONNECT("canceled", ""), SEND_RETRY },
		{ 500, CONNECT("unknown", "proto: cannot parse invalid wire-format data"), SEND_REJECTED },
		{ 500, CONNECT("unknown", "copy to buffer: unexpected EOF"), SEND_REJECTED },
		{ 500, CONNECT("unknown", "copy to buffer: flate: corrupt input before offset 8"), SEND_REJECTED },
		{ 500, CONNECT("unknown", "gzip: invalid checksum"), SEND_REJECTED },
		{ 500, CONNECT("internal", "no healthy instances"), SEND_BOUNDED },
		{ 500, "", SEND_BOUNDED },
		{ 501, CONNECT("unimplemented", "unknown compression \\\"zstd\\\""), SEND_CONFIG },
		{ 502, "<html>", SEND_RETRY },
		{ 503, CONNECT("unavailable", ""), SEND_RETRY },
		{ 504, CONNECT("deadline_exceeded", ""), SEND_RETRY },
		{ 599, "", SEND_BOUNDED },
	};

	CHECK_ROWS(pyroscope, rows);
}

static void test_otlp(void **state)
{
	static const struct row rows[] = {
		{ 200, NULL, SEND_DONE },
		{ 202, NULL, SEND_DONE },
		{ 302, "", SEND_CONFIG },
		{ 400, "\x08\x03\x12\x05 bad!", SEND_REJECTED },
		{ 400, "profile with labels '{}' is outside of ingestion window", SEND_TOO_OLD },
		{ 400, "http: request body too large", SEND_TOO_LARGE },
		{ 400, "uncompressed profile payload size exceeds limit of 4.2 MB", SEND_TOO_LARGE },
		{ 400, "the profile with labels '{}' exceeds the samples count limit", SEND_TOO_LARGE },
		{ 401, "", SEND_CONFIG },
		{ 403, "", SEND_CONFIG },
		{ 404, "404 page not found", SEND_CONFIG },
		{ 408, "", SEND_RETRY },
		{ 413, "", SEND_TOO_LARGE },
		{ 415, "", SEND_CONFIG },
		{ 429, "", SEND_RETRY },
		{ 500, "", SEND_BOUNDED },
		{ 502, "", SEND_RETRY },
		{ 503, "", SEND_RETRY },
		{ 504, "", SEND_RETRY },
	};

	CHECK_ROWS(otlp, rows);
}

/* partial_success { rejected_profiles, error_message }, by hand. */
static void test_otlp_partial(void **state)
{
	static const struct {
		const char *body;
		enum send_result result;
		const char *reason;
	} rows[] = {
		{ "\x0a\x07\x08\x01\x12\x03"
		  "bad",
		  SEND_REJECTED, "HTTP 200: bad" },
		{ "\x0a\x06\x12\x04 hm!", SEND_DONE, "" }, /* nothing refused: a warning */
		{ "\x0a\x02\x08\x01", SEND_REJECTED, "HTTP 200" },
		{ "no protobuf", SEND_DONE, "" },
		{ "{\"partialSuccess\":{}}", SEND_DONE, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct upload_response r = { .status = 200, .grpc_status = -1 };
		struct send_answer a;

		classify(&target_otlp, &r, rows[i].body, &a);
		assert_int_equal(a.result, rows[i].result);
		assert_string_equal(a.reason, rows[i].reason);
	}
}

/* As the Collector says it: a google.rpc.Status. */
static void test_otlp_error(void **state)
{
	struct upload_response r = { .status = 400, .grpc_status = -1 };
	struct send_answer a;

	classify(&target_otlp, &r,
		 "\x08\x03\x12\x1c"
		 "http: request body too large",
		 &a);
	assert_int_equal(a.result, SEND_TOO_LARGE);
	assert_string_equal(a.reason, "HTTP 400: http: request body too large");
	classify(&target_otlp, &r, "plain text", &a);
	assert_string_equal(a.reason, "HTTP 400: plain text");
}

#define S3_ERROR(code) "<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>m</Message></Error>"

static void test_s3(void **state)
{
	static const struct row rows[] = {
		{ 200, "", SEND_DONE },
		{ 204, "", SEND_DONE },
		{ 412, S3_ERROR("PreconditionFailed"), SEND_DONE },
		{ 301, S3_ERROR("PermanentRedirect"), SEND_CONFIG },
		{ 307, S3_ERROR("TemporaryRedirect"), SEND_CONFIG },
		{ 400, S3_ERROR("RequestTimeout"), SEND_RETRY },
		{ 400, S3_ERROR("AuthorizationHeaderMalformed"), SEND_CONFIG },
		{ 400, S3_ERROR("ExpiredToken"), SEND_CONFIG },
		{ 400, S3_ERROR("InvalidToken"), SEND_CONFIG },
		{ 400, S3_ERROR("InvalidBucketName"), SEND_CONFIG },
		{ 400, S3_ERROR("EntityTooLarge"), SEND_REJECTED },
		{ 400, "", SEND_REJECTED },
		{ 401, "", SEND_CONFIG },
		{ 403, S3_ERROR("RequestTimeTooSkewed"), SEND_RETRY },
		{ 403, S3_ERROR("SignatureDoesNotMatch"), SEND_CONFIG },
		{ 403, S3_ERROR("AccessDenied"), SEND_CONFIG },
		{ 404, S3_ERROR("NoSuchBucket"), SEND_CONFIG },
		{ 408, "", SEND_RETRY },
		{ 409, S3_ERROR("ConditionalRequestConflict"), SEND_RETRY },
		{ 413, "", SEND_CONFIG },
		{ 429, "", SEND_RETRY },
		{ 500, S3_ERROR("InternalError"), SEND_RETRY },
		{ 501, S3_ERROR("NotImplemented"), SEND_CONFIG },
		{ 502, "", SEND_RETRY },
		{ 503, S3_ERROR("SlowDown"), SEND_RETRY },
		{ 504, "", SEND_RETRY },
	};

	CHECK_ROWS(s3, rows);
}

static void test_s3_reason(void **state)
{
	struct upload_response r = { .status = 404, .grpc_status = -1 };
	struct send_answer a;

	classify(&target_s3, &r, S3_ERROR("NoSuchBucket"), &a);
	assert_string_equal(a.reason, "HTTP 404: <Code>NoSuchBucket</Code><Message>m</Message></Error>");
}

static void test_clickhouse(void **state)
{
	static const struct row rows[] = {
		{ 200, "", SEND_DONE },
		{ 302, "", SEND_CONFIG },
		{ 400, "", SEND_REJECTED },
		{ 401, "", SEND_CONFIG },
		{ 403, "", SEND_CONFIG },
		{ 404, "Code: 60, e.displayText() = DB::Exception: Table default.x doesn't exist.", SEND_CONFIG },
		{ 404, "not found", SEND_CONFIG },
		{ 408, "", SEND_RETRY },
		{ 413, "", SEND_TOO_LARGE },
		{ 429, "", SEND_RETRY },
		{ 500, "Code: 252. DB::Exception: Too many parts", SEND_RETRY },
		{ 500, "Code: 27. DB::Exception: Cannot parse input", SEND_CONFIG },
		{ 400, "Code: 117. DB::Exception: Unknown field found while parsing JSONEachRow format: Samples",
		  SEND_CONFIG },
		{ 400, "Code: 117. DB::Exception: Type mismatch", SEND_BOUNDED },
		{ 500, "Code: 9999999999999999999999", SEND_BOUNDED },
		{ 500, "Code: ", SEND_BOUNDED },
		{ 500, "", SEND_BOUNDED },
		{ 501, "", SEND_CONFIG },
		{ 502, "", SEND_RETRY },
		{ 503, "", SEND_RETRY },
		{ 504, "", SEND_RETRY },
	};

	CHECK_ROWS(clickhouse, rows);
}

static void test_clickhouse_exceptions(void **state)
{
	static const struct {
		uint32_t code;
		enum send_result result;
	} rows[] = {
		{ 252, SEND_RETRY },  { 241, SEND_RETRY },  { 202, SEND_RETRY },  { 159, SEND_RETRY },
		{ 209, SEND_RETRY },  { 210, SEND_RETRY },  { 242, SEND_RETRY },  { 243, SEND_RETRY },
		{ 225, SEND_RETRY },  { 319, SEND_RETRY },  { 999, SEND_RETRY },  { 60, SEND_CONFIG },
		{ 16, SEND_CONFIG },  { 27, SEND_CONFIG },  { 62, SEND_CONFIG },  { 73, SEND_CONFIG },
		{ 81, SEND_CONFIG },  { 89, SEND_CONFIG },  { 115, SEND_CONFIG }, { 117, SEND_BOUNDED },
		{ 164, SEND_CONFIG }, { 192, SEND_CONFIG }, { 193, SEND_CONFIG }, { 194, SEND_CONFIG },
		{ 497, SEND_CONFIG }, { 516, SEND_CONFIG }, { 49, SEND_BOUNDED }, { 1000, SEND_BOUNDED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* Even with 200: the head was sent before the insert failed. */
		struct upload_response r = { .status = i % 2 ? 500 : 200,
					     .grpc_status = -1,
					     .exception_code = rows[i].code };
		struct send_answer a;

		classify(&target_clickhouse, &r, "Code: 7", &a);
		if (a.result != rows[i].result)
			fail_msg("code %u is %d", rows[i].code, a.result);
	}
}

/* What one would have to do about it stands first: a line of status has not room for all. */
static void test_clickhouse_names_the_schema(void **state)
{
	static const char *const texts[] = { "Code: 16. No such column", "Code: 60. Unknown table",
					     "Code: 81. Unknown database",
					     "Code: 117. Unknown field found while parsing JSONEachRow format: Samples",
					     "Code: 62. Syntax error" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct upload_response r = { .status = 400, .grpc_status = -1 };
		struct send_answer a;

		classify(&target_clickhouse, &r, texts[i], &a);
		assert_int_equal(a.result, SEND_CONFIG);
		assert_int_equal(strncmp(a.reason, "run schema.sql", 14) == 0, i < 4);
		assert_non_null(strstr(a.reason, texts[i] + 7));
	}
}

static void test_parca(void **state)
{
	static const struct {
		int grpc_status;
		const char *message;
		enum send_result result;
	} rows[] = {
		{ 0, NULL, SEND_DONE },
		{ 1, "cancelled", SEND_RETRY },
		{ 2, "gzip: invalid header", SEND_BOUNDED },
		{ 3, "missing __name__", SEND_REJECTED },
		{ 4, NULL, SEND_RETRY },
		{ 5, NULL, SEND_BOUNDED },
		{ 6, NULL, SEND_BOUNDED },
		{ 7, "no", SEND_CONFIG },
		{ 8, "grpc: received message larger than max (78000000 vs. 67108864)", SEND_TOO_LARGE },
		{ 8, "rate limit", SEND_RETRY },
		{ 9, NULL, SEND_BOUNDED },
		{ 10, NULL, SEND_RETRY },
		{ 11, NULL, SEND_RETRY },
		{ 12, "unknown service", SEND_CONFIG },
		{ 13, NULL, SEND_BOUNDED },
		{ 14, NULL, SEND_RETRY },
		{ 15, NULL, SEND_RETRY },
		{ 16, NULL, SEND_CONFIG },
		{ 17, NULL, SEND_CONFIG }, /* there is none */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct upload_response r = { .status = 200,
					     .grpc_status = rows[i].grpc_status,
					     .grpc_message = { .data = (char *)rows[i].message } };
		struct send_answer a;

		classify(&target_parca, &r, NULL, &a);
		if (a.result != rows[i].result)
			fail_msg("row %zu is %d", i, a.result);
		r.outcome = UPLOAD_NO_ANSWER; /* reset behind its status */
		classify(&target_parca, &r, NULL, &a);
		assert_int_equal(a.result, rows[i].result);
	}
}

/* No status came: a proxy in between, or a reset. */
static void test_parca_without_status(void **state)
{
	static const struct row rows[] = {
		{ 200, NULL, SEND_RETRY },   { 301, "", SEND_BOUNDED }, { 400, "", SEND_BOUNDED },
		{ 401, "", SEND_CONFIG },    { 403, "", SEND_CONFIG },  { 404, "", SEND_CONFIG },
		{ 413, "", SEND_TOO_LARGE }, { 429, "", SEND_RETRY },   { 500, "", SEND_BOUNDED },
		{ 502, "", SEND_RETRY },     { 503, "", SEND_RETRY },   { 504, "", SEND_RETRY },
	};

	CHECK_ROWS(parca, rows);
}

static const char *const kinds[] = { "pyroscope", "parca", "otlp", "s3", "clickhouse" };

static void test_no_answer(void **state)
{
	static const struct {
		enum upload_outcome outcome;
		enum send_result result;
	} rows[] = {
		{ UPLOAD_NOT_SENT, SEND_RETRY },
		{ UPLOAD_NO_ANSWER, SEND_RETRY },
		{ UPLOAD_BAD_PROTOCOL, SEND_CONFIG },
		{ UPLOAD_BAD_PEER, SEND_CONFIG },
	};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			struct upload_response r = { .outcome = rows[i].outcome,
						     .grpc_status = -1,
						     .fault = "could not connect" };
			struct send_answer a;

			classify(target_find(kinds[k]), &r, NULL, &a);
			assert_int_equal(a.result, rows[i].result);
			assert_string_equal(a.reason, "could not connect");
		}
}

static void test_retry_after(void **state)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct upload_response r = { .status = 429, .grpc_status = -1, .retry_after_s = 17 };
		struct send_answer a;

		classify(target_find(kinds[k]), &r, NULL, &a);
		assert_int_equal(a.result, SEND_RETRY);
		assert_int_equal(a.retry_after_s, 17);
	}
}

/* A long and hostile answer is one line of valid text. */
static void test_reason(void **state)
{
	char body[4000];
	struct upload_response r = { .status = 400, .grpc_status = -1 };
	struct send_answer a;

	memset(body, 0xff, sizeof(body));
	body[sizeof(body) - 1] = 0;
	classify(&target_pyroscope, &r, body, &a);
	assert_memory_equal(a.reason, "HTTP 400: \xef\xbf\xbd", 13);
	assert_true(strlen(a.reason) > TARGET_REASON_BYTES - 5);
	classify(&target_pyroscope, &r, "{\"code\":\"x\",\"message\":\"two\\nlines\"}", &a);
	assert_string_equal(a.reason, "HTTP 400: two\xef\xbf\xbdlines");
	classify(&target_pyroscope, &r, "{\"code\":\"x\",\"message\":{\"a\":1}}", &a);
	assert_string_equal(a.reason, "HTTP 400: {\"code\":\"x\",\"message\":{\"a\":1}}");
	classify(&target_pyroscope, &r, "not here \r\n", &a);
	assert_string_equal(a.reason, "HTTP 400: not here");
	classify(&target_pyroscope, &r, "\n", &a);
	assert_string_equal(a.reason, "HTTP 400");
	classify(&target_pyroscope, &r, "{\"message\":\"cut", &a);
	assert_string_equal(a.reason, "HTTP 400: {\"message\":\"cut");
}

static void test_find(void **state)
{
	assert_ptr_equal(target_find("s3"), &target_s3);
	assert_null(target_find("S3"));
	assert_null(target_find(""));
}

/* -- configurations -- */

static void test_check(void **state)
{
	static const char *const no_label[] = { "region" }, *const no_key[] = { "=x" };
	static const char *const no_header[] = { "X-Ok: 1", "secret" }, *const two_lines[] = { "a: b\r\nc: d" };
	static const struct {
		const struct target_ops *target;
		struct target_config config;
		const char *reason; /* NULL: good */
	} rows[] = {
		{ &target_pyroscope, { .url = "http://127.0.0.1:4040" }, NULL },
		{ &target_pyroscope, { .url = "https://profiles.example.com/prefix/" }, NULL },
		{ &target_pyroscope, { .url = "" }, "url is missing" },
		{ &target_pyroscope, { .url = "host:4040" }, "url: 'host:4040' is no http:// or https:// address" },
		{ &target_parca, { .url = "http://" }, "url: 'http://' is no http:// or https:// address" },
		{ &target_parca, { .url = "http:///x" }, "url: 'http:///x' is no http:// or https:// address" },
		{ &target_parca, { .url = "http://a b" }, "url: 'http://a b' is no http:// or https:// address" },
		{ &target_otlp, { .url = "http://u:p@h" }, "url: names and passwords belong in keys of their own" },
		{ &target_otlp,
		  { .url = "http://h/?q=1" },
		  "url: 'http://h/?q=1' ends in a query, where a path will follow" },
		{ &target_otlp,
		  { .url = "http://h", .labels = no_label, .n_labels = 1 },
		  "labels: 'region' is no KEY=VALUE" },
		{ &target_otlp,
		  { .url = "http://h", .labels = no_key, .n_labels = 1 },
		  "labels: '=x' is no KEY=VALUE" },
		{ &target_otlp,
		  { .url = "http://h", .headers = no_header, .n_headers = 2 },
		  "headers: number 2 is no 'Name: value'" },
		{ &target_otlp,
		  { .url = "http://h", .headers = two_lines, .n_headers = 1 },
		  "headers: number 1 is no 'Name: value'" },
		{ &target_s3, { .url = "http://h", .bucket = "b", .access_key = "a", .secret_key = "s" }, NULL },
		{ &target_s3, { .url = "http://h/", .bucket = "b", .access_key = "a", .secret_key = "s" }, NULL },
		{ &target_s3,
		  { .url = "http://h/b", .bucket = "b", .access_key = "a", .secret_key = "s" },
		  "url: 'http://h/b' has a path: an S3 endpoint has none" },
		{ &target_s3, { .url = "http://h", .access_key = "a", .secret_key = "s" }, "bucket is missing" },
		{ &target_s3,
		  { .url = "http://h", .bucket = "b/c", .access_key = "a", .secret_key = "s" },
		  "bucket: 'b/c' is no name of a bucket" },
		{ &target_s3, { .url = "http://h", .bucket = "b", .secret_key = "s" }, "access_key is missing" },
		{ &target_s3, { .url = "http://h", .bucket = "b", .access_key = "a" }, "secret_key_file is missing" },
		{ &target_s3,
		  { .url = "http://h", .bucket = "b", .access_key = "a", .secret_key = "s", .prefix = "../x" },
		  "prefix: '../x' begins with '/', or has '//' or '..' in it" },
		{ &target_s3,
		  { .url = "http://h", .bucket = "b", .access_key = "a", .secret_key = "s", .prefix = "a/b=c" },
		  NULL },
		{ &target_clickhouse, { .url = "http://h:8123" }, NULL },
		{ &target_clickhouse, { .url = "http://h:8123", .database = "my_db1" }, NULL },
		{ &target_clickhouse,
		  { .url = "http://h:8123", .database = "a.b" },
		  "database: 'a.b' has other characters than letters, digits and '_'" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct target_config c = rows[i].config;
		char reason[TARGET_REASON_BYTES] = "";
		int r;

		c.bucket = c.bucket ? c.bucket : "";
		c.prefix = c.prefix ? c.prefix : "";
		c.access_key = c.access_key ? c.access_key : "";
		c.secret_key = c.secret_key ? c.secret_key : "";
		c.database = c.database ? c.database : "";
		r = rows[i].target->check(&c, reason);
		assert_int_equal(r, rows[i].reason ? TARGET_BAD_CONFIG : 0);
		assert_string_equal(reason, rows[i].reason ? rows[i].reason : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pyroscope),
		cmocka_unit_test(test_otlp),
		cmocka_unit_test(test_otlp_partial),
		cmocka_unit_test(test_otlp_error),
		cmocka_unit_test(test_s3),
		cmocka_unit_test(test_s3_reason),
		cmocka_unit_test(test_clickhouse),
		cmocka_unit_test(test_clickhouse_exceptions),
		cmocka_unit_test(test_clickhouse_names_the_schema),
		cmocka_unit_test(test_parca),
		cmocka_unit_test(test_parca_without_status),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
