// SPDX-License-Identifier: Apache-2.0
/* AWS's published examples, and botocore as a second opinion. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka-all.h"
#include "uploader/sigv4.h"

#define DAY_NS 1369353600000000000 /* 20130524T000000Z */

/* The credentials of the examples in the S3 API reference. */
static const struct sigv4_key example = { "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "",
					  "us-east-1" };

static void assert_has(const struct buf *text, const char *needle)
{
	if (!strstr(text->data, needle))
		fail_msg("no '%s' in:\n%s", needle, text->data);
}

static void test_get(void **state)
{
	const struct sigv4_header headers[] = { { "range", "bytes=0-9" } };
	const struct sigv4_request request = {
		.method = "GET",
		.host = "examplebucket.s3.amazonaws.com",
		.path = "/test.txt",
		.headers = headers,
		.n_headers = 1,
		.body = "",
	};
	_cleanup_(buf_done) struct buf out = {};

	assert_int_equal(sigv4_add_headers(&example, &request, DAY_NS, &out), 0);
	assert_string_equal(out.data,
			    "range: bytes=0-9\n"
			    "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
			    "x-amz-date: 20130524T000000Z\n"
			    "Authorization: AWS4-HMAC-SHA256 "
			    "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
			    "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
			    "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\n");
}

static void test_put(void **state)
{
	static const char body[] = "Welcome to Amazon S3.";
	const struct sigv4_header headers[] = {
		{ "x-amz-storage-class", "REDUCED_REDUNDANCY" },
		{ "date", "Fri, 24 May 2013 00:00:00 GMT" },
	};
	_cleanup_(buf_done) struct buf out = {}, path = {};
	struct sigv4_request request = {
		.method = "PUT",
		.host = "examplebucket.s3.amazonaws.com",
		.headers = headers,
		.n_headers = 2,
		.body = body,
		.body_size = sizeof(body) - 1,
	};

	assert_int_equal(sigv4_add_path("/test$file.text", &path), 0);
	assert_string_equal(path.data, "/test%24file.text");
	request.path = path.data;
	assert_int_equal(sigv4_add_headers(&example, &request, DAY_NS, &out), 0);
	assert_has(&out, "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd\n");
}

static void test_path(void **state)
{
	_cleanup_(buf_done) struct buf path = {};

	assert_int_equal(sigv4_add_path("/b/dt=2026-11-22/a b:c\xc3\xa9+%~_-.", &path), 0);
	assert_string_equal(path.data, "/b/dt%3D2026-11-22/a%20b%3Ac%C3%A9%2B%25~_-.");
}

static void test_too_many_headers(void **state)
{
	const struct sigv4_header headers[SIGV4_MAX_HEADERS + 1] = {};
	const struct sigv4_request request = { .headers = headers, .n_headers = SIGV4_MAX_HEADERS + 1 };
	_cleanup_(buf_done) struct buf out = {};

	assert_int_equal(sigv4_add_headers(&example, &request, DAY_NS, &out), -EINVAL);
}

/* botocore signs the same request: method, URL, headers and body come by the command line. */
static const char botocore[] = "import sys, types, datetime, botocore.auth, botocore.awsrequest, botocore.credentials\n"
			       "class Then(datetime.datetime):\n"
			       "    @classmethod\n"
			       "    def utcnow(cls): return cls(2013, 5, 24)\n"
			       "botocore.auth.datetime = types.SimpleNamespace(datetime=Then)\n"
			       "botocore.auth.get_current_datetime = lambda *a, **k: Then.utcnow()\n" /* newer ones */
			       "url, token, body = sys.argv[1], sys.argv[2], sys.argv[3].encode()\n"
			       "r = botocore.awsrequest.AWSRequest('PUT', url, data=body,\n"
			       "    headers={'If-None-Match': '*', 'Content-Type': 'application/zstd'})\n"
			       "r.context['payload_signing_enabled'] = True\n"
			       "c = botocore.credentials.Credentials('AKID', 'secret/key+', token or None)\n"
			       "botocore.auth.S3SigV4Auth(c, 's3', 'eu-west-1').add_auth(r)\n"
			       "print(r.headers['Authorization'])\n";

static void ask_botocore(const char *url, const char *token, const char *body, struct buf *ret)
{
	_cleanup_free_ char *command = NULL;
	char piece[4096];
	FILE *out;
	size_t n;

	assert_true(asprintf(&command, "python3 -c \"%s\" '%s' '%s' '%s'", botocore, url, token, body) > 0);
	out = popen(command, "re");
	assert_non_null(out);
	while ((n = fread(piece, 1, sizeof(piece), out)) > 0)
		assert_int_equal(buf_add(ret, piece, n), 0);
	assert_int_equal(pclose(out), 0);
}

static void check_against_botocore(const char *host, const char *key, const char *token, const char *body)
{
	const struct sigv4_key secret = { "AKID", "secret/key+", token, "eu-west-1" };
	const struct sigv4_header headers[] = { { "if-none-match", "*" }, { "content-type", "application/zstd" } };
	_cleanup_(buf_done) struct buf path = {}, out = {}, theirs = {}, url = {};
	struct sigv4_request request = {
		.method = "PUT",
		.host = host,
		.headers = headers,
		.n_headers = 2,
		.body = body,
		.body_size = strlen(body),
	};

	assert_int_equal(sigv4_add_path(key, &path), 0);
	request.path = path.data;
	assert_int_equal(sigv4_add_headers(&secret, &request, DAY_NS, &out), 0);
	assert_int_equal(buf_printf(&url, "http://%s%s", host, path.data), 0);
	ask_botocore(url.data, token, body, &theirs);
	assert_true(theirs.size > 100);
	assert_has(&out, theirs.data);
}

static void test_botocore(void **state)
{
	if (system("python3 -c 'import botocore' 2>/dev/null") != 0)
		skip(); /* python3-botocore is not there */
	check_against_botocore("s3.example.com", "/b/v1/dt=2026-11-22/hour=10/cluster=c/host=h/1-600-aa.pb.gz", "",
			       "body");
	check_against_botocore("bucket.s3.example.com:9000", "/p/dt=1/x y.ndjson.zst", "a/token+=", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),      cmocka_unit_test(test_put),
		cmocka_unit_test(test_path),     cmocka_unit_test(test_too_many_headers),
		cmocka_unit_test(test_botocore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
