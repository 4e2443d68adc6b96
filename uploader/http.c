// SPDX-License-Identifier: Apache-2.0
#include "uploader/http.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/clock.h"
#include "uploader/http-answer.h"

#define MAX_EVENTS 16
#define MAX_KEPT_CONNECTIONS 16L
#define IDLE_CONNECTION_S 30L /* below what servers and proxies close after: 60 s and more */
#define MAX_CONNECT_MS 10000L
#define LEAST_BYTES_PER_S 1024UL /* whoever takes or gives less than that for half the timeout is given up */

struct http {
	CURLM *multi;
	int epoll_fd;
	uint64_t timer_ns; /* CLOCK_MONOTONIC; UINT64_MAX: none */
};

struct http_transfer {
	struct http *http;
	CURL *easy;
	const struct upload_request *request;
	struct curl_slist *headers;
	size_t n_read; /* bytes of the body that libcurl took from us */
	bool is_done;
	CURLcode code;
	char error[CURL_ERROR_SIZE];
	struct http_answer answer;
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
	struct http *h = data;
	struct epoll_event event = { .data.fd = fd };

	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(h->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* fails where it was closed before */
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 && errno == EEXIST)
		return epoll_ctl(h->epoll_fd, EPOLL_CTL_MOD, fd, &event);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *data)
{
	struct http *h = data;

	h->timer_ns = ms < 0 ? UINT64_MAX : clock_now_ns(CLOCK_MONOTONIC) + (uint64_t)ms * NS_PER_MS;
	return 0;
}

int http_new(struct http **ret)
{
	_cleanup_(http_freep) struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->timer_ns = UINT64_MAX;
	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (h->epoll_fd < 0)
		return -errno;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	h->multi = curl_multi_init();
	if (!h->multi)
		return -ENOMEM;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
	*ret = take_ptr(h);
	return 0;
}

struct http *http_free(struct http *h)
{
	if (!h)
		return NULL;
	curl_multi_cleanup(h->multi);
	close_fd(h->epoll_fd);
	free(h);
	return NULL;
}

static size_t on_read(char *to, size_t size, size_t n, void *data)
{
	struct http_transfer *t = data;
	size_t left = t->request->body.size - t->n_read, take = size * n < left ? size * n : left;

	if (take > 0)
		memcpy(to, t->request->body.data + t->n_read, take);
	t->n_read += take;
	return take;
}

/*
 * Where a kept connection turns out to be dead, libcurl would send the request once more. If some of the body was sent
 * it must rewind, and by refusing that we learn of it: the first one may have been taken.
 */
static int on_seek(void *data, curl_off_t offset, int origin)
{
	const struct http_transfer *t = data;

	return t->n_read == 0 && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
	struct http_transfer *t = data;

	return http_answer_add_header(&t->answer, line, size * n) < 0 ? 0 : size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
	struct http_transfer *t = data;

	return http_answer_add_body(&t->answer, bytes, size * n) == 0 ? size * n : 0;
}

static CURLcode set_blob(CURL *easy, CURLoption option, const char *pem)
{
	struct curl_blob blob = { .data = (void *)(uintptr_t)pem,
				  .len = pem ? strlen(pem) : 0,
				  .flags = CURL_BLOB_COPY };

	return pem ? curl_easy_setopt(easy, option, &blob) : CURLE_OK;
}

static CURLcode set_peer(CURL *easy, const struct http_peer *p)
{
	CURLcode e;

	e = set_blob(easy, CURLOPT_CAINFO_BLOB, p->ca_pem);
	if (e == CURLE_OK)
		e = set_blob(easy, CURLOPT_SSLCERT_BLOB, p->cert_pem);
	if (e == CURLE_OK)
		e = set_blob(easy, CURLOPT_SSLKEY_BLOB, p->key_pem);
	if (p->skips_verification) {
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (e == CURLE_OK && p->bearer) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		e = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, p->bearer);
	} else if (e == CURLE_OK && p->username) {
		curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		e = curl_easy_setopt(easy, CURLOPT_USERNAME, p->username);
		if (e == CURLE_OK)
			e = curl_easy_setopt(easy, CURLOPT_PASSWORD, p->password ? p->password : "");
	}
	return e == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PROXY, p->proxy ? p->proxy : "") : e;
}

/* A total deadline, and one for whoever is slow but not silent. */
static void set_times(CURL *easy, const struct http_peer *p, size_t body_bytes)
{
	uint64_t least = LEAST_BYTES_PER_S, ms = p->timeout_ns / NS_PER_MS, total_ms;

	if (p->bandwidth_bytes_per_s > 0 && p->bandwidth_bytes_per_s / 2 < least)
		least = p->bandwidth_bytes_per_s / 2 + 1;
	total_ms = ms + body_bytes * 1000 / (p->bandwidth_bytes_per_s ? p->bandwidth_bytes_per_s : least * 16);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)total_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms < MAX_CONNECT_MS ? (long)ms : MAX_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)least);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(ms / 2000 + 1));
	curl_easy_setopt(easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)p->bandwidth_bytes_per_s);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_CONNECTION_S);
}

static int add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (!more)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int add_headers(struct curl_slist **list, const struct buf *lines)
{
	const char *at = lines->data ? lines->data : "", *end;
	int r = add_header(list, "Expect:");

	for (; r == 0 && (end = strchr(at, '\n')); at = end + 1) {
		_cleanup_free_ char *line = strndup(at, (size_t)(end - at));

		r = line ? add_header(list, line) : -ENOMEM;
	}
	return r;
}

/* Without a body it is a GET. */
static void set_method(struct http_transfer *t)
{
	if (t->request->body.size == 0 && strcmp(t->request->method, "GET") == 0)
		return;
	curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, t->request->method);
	curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->request->body.size);
	curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(t->easy, CURLOPT_SEEKDATA, t);
}

/* Over one HTTP/2 connection without TLS libcurl 7.88 sends one request; every later one is CURLE_HTTP2. */
static void set_version(CURL *easy, const struct upload_request *r)
{
	if (!r->is_grpc) {
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	} else if (strncasecmp(r->url.data, "https:", 6) == 0) {
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	} else {
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	}
}

static int set_up(struct http_transfer *t, const struct http_peer *peer)
{
	CURL *easy = t->easy;

	if (add_headers(&t->headers, &t->request->headers) < 0 ||
	    curl_easy_setopt(easy, CURLOPT_URL, t->request->url.data) != CURLE_OK || set_peer(easy, peer) != CURLE_OK)
		return -ENOMEM;
	set_method(t);
	set_times(easy, peer, t->request->body.size);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	set_version(easy, t->request);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "cpuhound/" CPUHOUND_VERSION);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	return 0;
}

DEFINE_CLEANUP(struct http_transfer *, http_transfer_free);

int http_send(struct http *h, const struct http_peer *peer, const struct upload_request *request,
	      struct http_transfer **ret)
{
	_cleanup_(http_transfer_freep) struct http_transfer *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->http = h;
	t->request = request;
	http_answer_init(&t->answer);
	t->easy = curl_easy_init();
	r = t->easy ? set_up(t, peer) : -ENOMEM;
	if (r == 0 && curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		r = -ENOMEM;
	if (r == 0)
		*ret = take_ptr(t);
	return r;
}

struct http_transfer *http_transfer_free(struct http_transfer *t)
{
	if (!t)
		return NULL;
	if (t->easy)
		curl_multi_remove_handle(t->http->multi, t->easy); /* nothing where it was never added */
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	upload_response_done(&t->answer.response);
	free(t);
	return NULL;
}

bool http_transfer_is_done(const struct http_transfer *t)
{
	return t->is_done;
}

void http_transfer_take(struct http_transfer *t, struct upload_response *ret)
{
	curl_off_t sent = 0, retry_after_s = 0;
	struct http_end end = { .code = (int)t->code, .error = t->error, .is_grpc = t->request->is_grpc };

	curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	/* The count begins anew for the second try that on_seek() refuses. */
	end.is_body_sent = t->request->body.size > 0 && t->n_read == t->request->body.size &&
			   ((size_t)sent >= t->request->body.size || t->code == CURLE_SEND_FAIL_REWIND);
	end.retry_after_s = retry_after_s > 0 ? (uint64_t)retry_after_s : 0;
	t->answer.response.sent_bytes = end.is_body_sent ? t->request->body.size : (uint64_t)sent;
	http_answer_end(&t->answer, &end);
	*ret = t->answer.response;
	t->answer.response = (struct upload_response){};
}

static void note_ends(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_transfer *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
		t->code = m->data.result;
		t->is_done = true;
	}
}

int http_fd(const struct http *h)
{
	return h->epoll_fd;
}

int http_timeout_ms(const struct http *h)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (h->timer_ns == UINT64_MAX)
		return -1;
	return h->timer_ns <= now_ns ? 0 : (int)((h->timer_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

void http_dispatch(struct http *h)
{
	struct epoll_event events[MAX_EVENTS];
	int n = epoll_wait(h->epoll_fd, events, MAX_EVENTS, 0), running;

	for (int i = 0; i < n; i++) {
		int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

		curl_multi_socket_action(h->multi, events[i].data.fd, mask, &running);
	}
	if (http_timeout_ms(h) == 0) {
		h->timer_ns = UINT64_MAX; /* it is set again where there is a next one */
		curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	note_ends(h);
}
