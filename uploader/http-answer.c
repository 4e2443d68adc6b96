// SPDX-License-Identifier: Apache-2.0
#include "uploader/http-answer.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "common/parse.h"
#include "common/utf8.h"

#define MAX_RETRY_AFTER_S 86400
#define MAX_LINE_BYTES 1024 /* of a header that is looked into */

void http_answer_init(struct http_answer *a)
{
	*a = (struct http_answer){ .response.grpc_status = -1 };
}

static void on_status_line(struct http_answer *a, const char *line)
{
	unsigned int status = 0;

	buf_clear(&a->response.body);
	buf_clear(&a->response.grpc_message);
	if (sscanf(line, "HTTP/%*s %3u", &status) != 1)
		return;
	a->response.status = status;
	a->is_final = status >= 200;
}

static int hex_of(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* grpc-message is percent-encoded (gRPC over HTTP/2, "Responses"). */
static int add_decoded(struct buf *ret, const char *s)
{
	int r = 0;

	buf_clear(ret);
	for (; r == 0 && *s; s++) {
		int high = s[0] == '%' ? hex_of(s[1]) : -1, low = high >= 0 ? hex_of(s[2]) : -1;

		r = buf_add_char(ret, low >= 0 ? (char)(high * 16 + low) : *s);
		s += low >= 0 ? 2 : 0;
	}
	return r;
}

static uint64_t number_of(const char *text, uint64_t max, uint64_t fallback)
{
	uint64_t n;

	return parse_u64(text, 10, &n) == 0 && n <= max ? n : fallback;
}

static int on_header(struct http_answer *a, const char *name, const char *value)
{
	struct upload_response *r = &a->response;
	time_t date;

	if (strcasecmp(name, "grpc-status") == 0)
		r->grpc_status = (int)number_of(value, 1000, 2); /* 2: UNKNOWN */
	else if (strcasecmp(name, "grpc-message") == 0)
		return add_decoded(&r->grpc_message, value);
	else if (strcasecmp(name, "X-ClickHouse-Exception-Code") == 0)
		r->exception_code = (uint32_t)number_of(value, UINT32_MAX, 0);
	else if (strcasecmp(name, "Date") == 0 && (date = curl_getdate(value, NULL)) > 0)
		r->date_s = date;
	return 0;
}

int http_answer_add_header(struct http_answer *a, const char *line, size_t size)
{
	char text[MAX_LINE_BYTES], *value, *end;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, line, size);
	text[size] = 0;
	for (end = text + strlen(text); end > text && isspace((unsigned char)end[-1]); end--)
		end[-1] = 0;
	if (strncmp(text, "HTTP/", 5) == 0)
		on_status_line(a, text);
	value = strchr(text, ':');
	if (!value)
		return 0;
	*value++ = 0;
	return on_header(a, text, value + strspn(value, " \t"));
}

int http_answer_add_body(struct http_answer *a, const void *bytes, size_t size)
{
	size_t room = RESPONSE_MAX_BYTES - a->response.body.size;
	int r = buf_add(&a->response.body, bytes, size < room ? size : room);

	if (r < 0)
		return r;
	a->is_full = size > room;
	return a->is_full ? HTTP_ANSWER_ENOUGH : 0;
}

static bool mentions(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strstr(text, *words))
			return true;
	}
	return false;
}

/* A client certificate that is refused shows as an alert, in TLS 1.3 only after our request was sent. */
static bool is_refusal(const char *error)
{
	static const char *const words[] = { "alert certificate",       "alert bad certificate",
					     "alert unknown ca",        "alert access denied",
					     "alert handshake failure", "alert unsupported certificate",
					     "alert protocol version",  NULL };

	return strstr(error, " alert ") && mentions(error, words);
}

static bool is_no_tls(const char *error)
{
	static const char *const words[] = { "wrong version number", "http request", "unknown protocol", NULL };

	return mentions(error, words);
}

static enum upload_outcome outcome_of(const struct http_answer *a, const struct http_end *end)
{
	switch (end->code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_USE_SSL_FAILED:
		return UPLOAD_BAD_PEER;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_WEIRD_SERVER_REPLY:
		return UPLOAD_BAD_PROTOCOL;
	case CURLE_SSL_CONNECT_ERROR:
		return is_no_tls(end->error)    ? UPLOAD_BAD_PROTOCOL
		       : is_refusal(end->error) ? UPLOAD_BAD_PEER
						: UPLOAD_NOT_SENT;
	default:
		if (is_refusal(end->error))
			return UPLOAD_BAD_PEER;
		return end->is_body_sent ? UPLOAD_NO_ANSWER : UPLOAD_NOT_SENT;
	}
}

/* The status tells enough, also where what follows it was cut off; of gRPC only what stands in the trailers does. */
static bool is_answered(const struct http_answer *a, const struct http_end *end)
{
	if (!a->is_final)
		return false;
	return end->code == CURLE_OK || !end->is_grpc || a->response.status != 200 || a->response.grpc_status >= 0;
}

static void set_fault(struct upload_response *r, const char *error)
{
	_cleanup_(buf_done) struct buf text = {};

	if (utf8_add_valid(&text, error, strcspn(error, "\n"), sizeof(r->fault) - 1) == 0)
		snprintf(r->fault, sizeof(r->fault), "%s", text.data ? text.data : "");
}

void http_answer_end(struct http_answer *a, const struct http_end *end)
{
	struct upload_response *r = &a->response;

	r->retry_after_s = end->retry_after_s < MAX_RETRY_AFTER_S ? (uint32_t)end->retry_after_s : MAX_RETRY_AFTER_S;
	r->outcome = is_answered(a, end) ? UPLOAD_ANSWERED : outcome_of(a, end);
	if (buf_reserve(&r->body, 1) == 0)
		r->body.data[r->body.size] = 0; /* of an empty body, too */
	if (r->outcome != UPLOAD_ANSWERED)
		set_fault(r, end->error[0] ? end->error : curl_easy_strerror((CURLcode)end->code));
}
