// SPDX-License-Identifier: Apache-2.0
#include "uploader/target-start.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/compress.h"
#include "common/utf8.h"

_printf_(2, 3) static int bad(char *ret_reason, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ret_reason, TARGET_REASON_BYTES, fmt, args);
	va_end(args);
	return TARGET_BAD_CONFIG;
}

static bool is_http(const char *url)
{
	size_t n = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;

	return n > 0 && url[n] && !strchr("/:?#", url[n]) && !strpbrk(url, " \t\r\n");
}

static int check_url(const char *url, char *ret_reason)
{
	if (!*url)
		return bad(ret_reason, "url is missing");
	if (!is_http(url))
		return bad(ret_reason, "url: '%.100s' is no http:// or https:// address", url);
	if (strchr(url, '@'))
		return bad(ret_reason, "url: names and passwords belong in keys of their own");
	if (strpbrk(url, "?#"))
		return bad(ret_reason, "url: '%.100s' ends in a query, where a path will follow", url);
	return 0;
}

static bool is_header(const char *header)
{
	size_t n = strspn(header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n > 0 && header[n] == ':' && !strpbrk(header, "\r\n");
}

int target_check_start(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES])
{
	for (size_t i = 0; i < c->n_labels; i++) {
		const char *equals = strchr(c->labels[i], '=');

		if (!equals || equals == c->labels[i])
			return bad(ret_reason, "labels: '%.100s' is no KEY=VALUE", c->labels[i]);
	}
	for (size_t i = 0; i < c->n_headers; i++)
		if (!is_header(c->headers[i])) /* what stands in it may be secret */
			return bad(ret_reason, "headers: number %zu is no 'Name: value'", i + 1);
	return check_url(c->url, ret_reason);
}

int target_add_header(struct upload_request *r, const char *name, const char *value)
{
	return buf_printf(&r->headers, "%s: %s\n", name, value);
}

int target_start_request(const struct target_config *c, const char *method, const char *path,
			 struct upload_request *ret)
{
	size_t n = strlen(c->url);
	int r;

	upload_request_clear(ret);
	ret->method = method;
	while (n > 0 && c->url[n - 1] == '/')
		n--;
	r = buf_add(&ret->url, c->url, n);
	if (r == 0)
		r = buf_add_str(&ret->url, path);
	for (size_t i = 0; r == 0 && i < c->n_headers; i++)
		r = buf_printf(&ret->headers, "%s\n", c->headers[i]);
	return r;
}

int target_add_gzip_body(struct upload_request *r, const struct buf *plain)
{
	int e = target_add_header(r, "Content-Encoding", "gzip");

	return e < 0 ? e : compress_add(COMPRESSION_GZIP, plain->data, plain->size, &r->body);
}

int target_add_pprof(const struct profile_part *part, const struct profile_part_options *options, struct buf *ret)
{
	_cleanup_(buf_done) struct buf raw = {};
	int r = profile_part_encode(part, options, &raw);

	return r < 0 ? r : compress_add(COMPRESSION_GZIP, raw.data, raw.size, ret);
}
