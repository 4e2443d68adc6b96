// SPDX-License-Identifier: Apache-2.0
#include "report/fetch.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"
#include "common/utf8.h"

#define CONNECT_S 10L
#define WHOLE_S 300L
#define SLOW_BYTES_PER_S 100L /* for SLOW_S: it hangs */
#define SLOW_S 100L           /* a profile of many windows is made first */
#define TOKEN_BYTES 4096
#define REASON_IN_BODY_BYTES 150

struct fetch {
	CURL *curl;
	struct curl_slist *headers;
	const char *ca_file;
};

bool fetch_is_url(const char *text)
{
	return strncmp(text, "http://", strlen("http://")) == 0 || strncmp(text, "https://", strlen("https://")) == 0;
}

static int fail(char reason[static FETCH_REASON_BYTES], const char *what, const char *why)
{
	snprintf(reason, FETCH_REASON_BYTES, "%s%s%s", what, *what ? ": " : "", why);
	return FETCH_FAILED;
}

static void forget(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buf_done(b);
}

static int set_user(struct fetch *f, const char *user, const char *password)
{
	CURLcode r = curl_easy_setopt(f->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);

	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_USERNAME, user);
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_PASSWORD, password);
	return r == CURLE_OK ? 0 : -ENOMEM;
}

static int add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (!more)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int set_bearer(struct fetch *f, const char *token)
{
	_cleanup_(forget) struct buf header = {};
	int r = buf_printf(&header, "Authorization: Bearer %s", token);

	return r == 0 ? add_header(&f->headers, header.data) : r;
}

static int set_tenant(struct fetch *f, const char *tenant)
{
	_cleanup_(buf_done) struct buf header = {};
	int r = buf_printf(&header, "X-Scope-OrgID: %s", tenant);

	return r == 0 ? add_header(&f->headers, header.data) : r;
}

static int read_token(struct fetch *f, const struct fetch_settings *settings, char reason[static FETCH_REASON_BYTES])
{
	const char *path = settings->token_file;
	_cleanup_(forget) struct buf token = {};
	int r = fs_read(AT_FDCWD, path, TOKEN_BYTES, &token);

	if (r < 0)
		return fail(reason, path, strerror(-r));
	if (token.size > 0)
		token.data[strcspn(token.data, "\r\n")] = 0;
	if (token.size == 0 || !token.data[0])
		return fail(reason, path, "holds no token");
	return settings->user ? set_user(f, settings->user, token.data) : set_bearer(f, token.data);
}

int fetch_new(const struct fetch_settings *settings, struct fetch **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(fetch_freep) struct fetch *f = calloc(1, sizeof(*f));
	int r = 0;

	if (!f)
		return -ENOMEM;
	f->curl = curl_easy_init();
	if (!f->curl)
		return -ENOMEM;
	f->ca_file = settings->ca_file;
	if (settings->token_file)
		r = read_token(f, settings, ret_reason);
	else if (settings->user)
		r = set_user(f, settings->user, "");
	if (r == 0 && settings->tenant)
		r = set_tenant(f, settings->tenant);
	if (r == 0)
		*ret = take_ptr(f);
	return r;
}

struct fetch *fetch_free(struct fetch *f)
{
	if (!f)
		return NULL;
	curl_slist_free_all(f->headers);
	curl_easy_cleanup(f->curl);
	free(f);
	return NULL;
}

/* What comes beyond the buffer's limit ends the transfer. */
static size_t on_body(char *data, size_t one, size_t n, void *body)
{
	return buf_add(body, data, one * n) < 0 ? 0 : one * n;
}

static CURLcode set_up(struct fetch *f, const char *url, struct curl_slist *headers, struct buf *body)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_CONNECTTIMEOUT, CONNECT_S },
		{ CURLOPT_TIMEOUT, WHOLE_S },
		{ CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES_PER_S },
		{ CURLOPT_LOW_SPEED_TIME, SLOW_S },
		{ CURLOPT_FOLLOWLOCATION, 0 },
	};
	CURLcode r = CURLE_OK;

	for (size_t i = 0; r == CURLE_OK && i < ARRAY_SIZE(numbers); i++)
		r = curl_easy_setopt(f->curl, numbers[i].option, numbers[i].value);
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
	if (r == CURLE_OK && f->ca_file)
		r = curl_easy_setopt(f->curl, CURLOPT_CAINFO, f->ca_file);
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_USERAGENT, "cpuhound/" CPUHOUND_VERSION);
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_body);
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, body);
	return r == CURLE_OK ? curl_easy_setopt(f->curl, CURLOPT_URL, url) : r;
}

/* The first line of what a server says beside its status. */
static int fail_by_status(long status, const struct buf *body, char reason[static FETCH_REASON_BYTES])
{
	_cleanup_(buf_done) struct buf line = {};
	char what[32];
	size_t size = body->size > 0 ? strcspn(body->data, "\r\n") : 0;

	snprintf(what, sizeof(what), "HTTP %ld", status);
	if (size > 0 && utf8_add_valid(&line, body->data, size, REASON_IN_BODY_BYTES) == 0)
		return fail(reason, what, line.data);
	return fail(reason, "", what);
}

static int perform(struct fetch *f, const char *url, struct curl_slist *headers, size_t limit_bytes, struct buf *ret,
		   char ret_reason[static FETCH_REASON_BYTES])
{
	char why[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode r;

	ret->limit_bytes = limit_bytes;
	r = set_up(f, url, headers, ret);
	if (r == CURLE_OK)
		r = curl_easy_setopt(f->curl, CURLOPT_ERRORBUFFER, why);
	if (r == CURLE_OK)
		r = curl_easy_perform(f->curl);
	curl_easy_setopt(f->curl, CURLOPT_ERRORBUFFER, NULL);
	if (r == CURLE_WRITE_ERROR)
		return fail(ret_reason, "", "the answer is larger than may be");
	if (r != CURLE_OK)
		return fail(ret_reason, "", why[0] ? why : curl_easy_strerror(r));
	r = curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (r == CURLE_OK && status == 200)
		return 0;
	if (fail_by_status(status, ret, ret_reason) == FETCH_FAILED && status == 404)
		return FETCH_GONE;
	return FETCH_FAILED;
}

int fetch_get(struct fetch *f, const char *url, size_t limit_bytes, struct buf *ret,
	      char ret_reason[static FETCH_REASON_BYTES])
{
	return perform(f, url, f->headers, limit_bytes, ret, ret_reason);
}

/* Nobody waits for "100 Continue". */
static int add_headers(const struct fetch *f, const char *content_type, struct curl_slist **ret)
{
	_cleanup_(buf_done) struct buf line = {};
	int r = buf_printf(&line, "Content-Type: %s", content_type);

	if (r == 0)
		r = add_header(ret, line.data);
	if (r == 0)
		r = add_header(ret, "Expect:");
	for (struct curl_slist *at = f->headers; r == 0 && at; at = at->next)
		r = add_header(ret, at->data);
	return r;
}

int fetch_post(struct fetch *f, const char *url, const char *content_type, const struct buf *body, size_t limit_bytes,
	       struct buf *ret, char ret_reason[static FETCH_REASON_BYTES])
{
	struct curl_slist *headers = NULL;
	int r = add_headers(f, content_type, &headers);

	if (r == 0 && (curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, body->data) != CURLE_OK ||
		       curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size) != CURLE_OK))
		r = -ENOMEM;
	if (r == 0)
		r = perform(f, url, headers, limit_bytes, ret, ret_reason);
	curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(f->curl, CURLOPT_HTTPGET, 1L);
	curl_slist_free_all(headers);
	return r;
}

int fetch_add_escaped(const char *text, struct buf *ret)
{
	char *escaped = curl_easy_escape(NULL, text, 0);
	int r = escaped ? buf_add_str(ret, escaped) : -ENOMEM;

	curl_free(escaped);
	return r;
}
