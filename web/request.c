// SPDX-License-Identifier: Apache-2.0
#include "web/request.h"

#include <string.h>

#include "common/parse.h"
#include "common/utf8.h"

#define MAX_PID 4194304 /* PID_MAX_LIMIT of a 64-bit kernel */

static bool is_name(const char name[static WEB_NAME_BYTES])
{
	size_t n = strnlen(name, WEB_NAME_BYTES);

	return n < WEB_NAME_BYTES && utf8_is_valid(name, n);
}

static bool is_bare(const struct web_request *r)
{
	return r->seconds == 0 && r->pid == 0 && r->service[0] == 0 && r->container[0] == 0;
}

bool web_request_is_valid(const struct web_request *r)
{
	switch (r->kind) {
	case WEB_METRICS:
	case WEB_HEALTH:
	case WEB_READY:
	case WEB_ABOUT:
		return is_bare(r);
	case WEB_PROFILE:
		return r->seconds >= 1 && r->seconds <= WEB_MAX_SECONDS && r->pid <= MAX_PID && is_name(r->service) &&
		       is_name(r->container);
	case WEB_PUSH:
	case WEB_WINDOWS:
	case WEB_WINDOW:
	case WEB_MERGED:
		return is_bare(r) && web_hub_request_is_valid(&r->hub, r->kind);
	case WEB_QUESTION:
		return is_bare(r) && r->accepts_gzip <= 1 && question_is_valid(&r->question);
	default:
		return false;
	}
}

bool web_request_is_packed(const struct web_request *r)
{
	static const char packed_type[] = "+gzip";
	const char *type = r->accepts_gzip ? question_content_type(&r->question) : packed_type;

	return strcmp(type + strlen(type) - strlen(packed_type), packed_type) != 0;
}

bool web_request_asks_same(const struct web_request *a, const struct web_request *b)
{
	return a->kind == WEB_QUESTION && b->kind == WEB_QUESTION &&
	       web_request_is_packed(a) == web_request_is_packed(b) &&
	       memcmp(&a->question, &b->question, sizeof(a->question)) == 0;
}

static int set_number(uint32_t *number, const char *value, size_t size, uint64_t max)
{
	uint64_t n;

	if (*number != 0 || strlen(value) != size || parse_u64(value, 10, &n) < 0 || n == 0 || n > max)
		return -EINVAL;
	*number = (uint32_t)n;
	return 0;
}

static int set_name(char name[static WEB_NAME_BYTES], const char *value, size_t size)
{
	if (name[0] != 0 || size == 0 || size >= WEB_NAME_BYTES || !utf8_is_valid(value, size))
		return -EINVAL;
	memcpy(name, value, size);
	name[size] = 0;
	return 0;
}

int web_request_set(struct web_request *r, const char *key, const char *value, size_t value_size,
		    const char **ret_reason)
{
	if (strcmp(key, "seconds") == 0) {
		*ret_reason = "seconds is a number from 1 to 60, given once";
		return set_number(&r->seconds, value, value_size, WEB_MAX_SECONDS);
	}
	if (strcmp(key, "pid") == 0) {
		*ret_reason = "pid is the number of a process, given once";
		return set_number(&r->pid, value, value_size, MAX_PID);
	}
	if (strcmp(key, "service") == 0) {
		*ret_reason = "service is a name of at most 255 bytes of UTF-8, given once";
		return set_name(r->service, value, value_size);
	}
	if (strcmp(key, "container") == 0) {
		*ret_reason = "container is an id or a name of at most 255 bytes of UTF-8, given once";
		return set_name(r->container, value, value_size);
	}
	*ret_reason = "an argument is none of seconds, service, container, pid";
	return -EINVAL;
}
