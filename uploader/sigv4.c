// SPDX-License-Identifier: Apache-2.0
#include "uploader/sigv4.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include <nettle/hmac.h>

#include "common/clock.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HEX_SIZE (2 * SHA256_DIGEST_SIZE + 1)

struct signing {
	char time[20], day[12]; /* 20130524T000000Z, 20130524 */
	char body_hash[HEX_SIZE];
	struct sigv4_header headers[SIGV4_MAX_HEADERS + 4];
	size_t n_headers;
	struct buf names;     /* "host;x-amz-date" */
	struct buf canonical; /* the request */
	struct buf scope;
};

static void signing_done(struct signing *s)
{
	buf_done(&s->names);
	buf_done(&s->canonical);
	buf_done(&s->scope);
}

static void to_hex(const uint8_t digest[static SHA256_DIGEST_SIZE], char ret[static HEX_SIZE])
{
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
		ret[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	ret[HEX_SIZE - 1] = 0;
}

static void hash(const void *data, size_t size, char ret[static HEX_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, size, data);
	sha256_digest(&sha, sizeof(digest), digest);
	to_hex(digest, ret);
}

static void hmac(const void *key, size_t key_size, const char *text, uint8_t ret[static SHA256_DIGEST_SIZE])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key_size, key);
	hmac_sha256_update(&ctx, strlen(text), (const uint8_t *)text);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, ret);
}

int sigv4_add_path(const char *path, struct buf *ret)
{
	int r = 0;

	for (; r == 0 && *path; path++) {
		if (isalnum((unsigned char)*path) || strchr("-._~/", *path))
			r = buf_add_char(ret, *path);
		else
			r = buf_printf(ret, "%%%02X", (unsigned char)*path);
	}
	return r;
}

static int set_time(struct signing *s, int64_t now_ns)
{
	time_t seconds = (time_t)(now_ns / (int64_t)NS_PER_S);
	struct tm tm;

	if (now_ns < 0 || !gmtime_r(&seconds, &tm))
		return -EINVAL;
	strftime(s->time, sizeof(s->time), "%Y%m%dT%H%M%SZ", &tm);
	strftime(s->day, sizeof(s->day), "%Y%m%d", &tm);
	return 0;
}

static int compare_headers(const void *a, const void *b)
{
	const struct sigv4_header *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void set_headers(struct signing *s, const struct sigv4_key *key, const struct sigv4_request *request)
{
	size_t n = request->n_headers;

	memcpy(s->headers, request->headers, n * sizeof(*s->headers));
	s->headers[n++] = (struct sigv4_header){ "host", request->host };
	s->headers[n++] = (struct sigv4_header){ "x-amz-content-sha256", s->body_hash };
	s->headers[n++] = (struct sigv4_header){ "x-amz-date", s->time };
	if (*key->session_token)
		s->headers[n++] = (struct sigv4_header){ "x-amz-security-token", key->session_token };
	qsort(s->headers, n, sizeof(*s->headers), compare_headers);
	s->n_headers = n;
}

static int add_names(struct signing *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_headers; i++)
		r = buf_printf(&s->names, "%s%s", i ? ";" : "", s->headers[i].name);
	return r;
}

static int add_canonical(struct signing *s, const struct sigv4_request *request)
{
	int r = buf_printf(&s->canonical, "%s\n%s\n\n", request->method, request->path);

	for (size_t i = 0; r == 0 && i < s->n_headers; i++)
		r = buf_printf(&s->canonical, "%s:%s\n", s->headers[i].name, s->headers[i].value);
	return r < 0 ? r : buf_printf(&s->canonical, "\n%s\n%s", s->names.data, s->body_hash);
}

static void secret_done(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buf_done(b);
}

static int sign(struct signing *s, const struct sigv4_key *key, char ret[static HEX_SIZE])
{
	_cleanup_(secret_done) struct buf secret = {};
	_cleanup_(buf_done) struct buf text = {};
	uint8_t digest[SHA256_DIGEST_SIZE];
	char canonical_hash[HEX_SIZE];
	int r;

	hash(s->canonical.data, s->canonical.size, canonical_hash);
	r = buf_printf(&text, ALGORITHM "\n%s\n%s\n%s", s->time, s->scope.data, canonical_hash);
	if (r == 0)
		r = buf_printf(&secret, "AWS4%s", key->secret_key);
	if (r < 0)
		return r;
	hmac(secret.data, secret.size, s->day, digest);
	hmac(digest, sizeof(digest), key->region, digest);
	hmac(digest, sizeof(digest), "s3", digest);
	hmac(digest, sizeof(digest), "aws4_request", digest);
	hmac(digest, sizeof(digest), text.data, digest);
	to_hex(digest, ret);
	return 0;
}

static int add_result(const struct signing *s, const struct sigv4_key *key, const char *signature, struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_headers; i++)
		if (strcmp(s->headers[i].name, "host") != 0)
			r = buf_printf(ret, "%s: %s\n", s->headers[i].name, s->headers[i].value);
	if (r < 0)
		return r;
	return buf_printf(ret, "Authorization: " ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s\n",
			  key->access_key, s->scope.data, s->names.data, signature);
}

int sigv4_add_headers(const struct sigv4_key *key, const struct sigv4_request *request, int64_t now_ns, struct buf *ret)
{
	_cleanup_(signing_done) struct signing s = {};
	char signature[HEX_SIZE];
	int r;

	if (request->n_headers > SIGV4_MAX_HEADERS)
		return -EINVAL;
	hash(request->body, request->body_size, s.body_hash);
	r = set_time(&s, now_ns);
	if (r < 0)
		return r;
	set_headers(&s, key, request);
	r = buf_printf(&s.scope, "%s/%s/s3/aws4_request", s.day, key->region);
	if (r == 0)
		r = add_names(&s);
	if (r == 0)
		r = add_canonical(&s, request);
	if (r == 0)
		r = sign(&s, key, signature);
	return r < 0 ? r : add_result(&s, key, signature, ret);
}
