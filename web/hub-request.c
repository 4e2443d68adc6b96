// SPDX-License-Identifier: Apache-2.0
#include "web/hub-request.h"

#include <string.h>

#include "common/parse.h"
#include "common/utf8.h"
#include "store/window.h"
#include "web/request.h"

#define BATCH_DIGITS 32
#define MAX_PART 65535

static bool is_batch(const char *s)
{
	return strspn(s, "0123456789abcdef") == BATCH_DIGITS && s[BATCH_DIGITS] == 0;
}

static bool is_name(const char *s, size_t capacity)
{
	size_t n = strnlen(s, capacity);

	return n > 0 && n < capacity && utf8_is_valid(s, n);
}

bool web_hub_request_is_valid(const struct web_hub_request *r, enum web_kind kind)
{
	if (!memchr(r->token, 0, sizeof(r->token)) || r->since_ns < 0 || r->cursor_ns < 0 ||
	    !memchr(r->batch, 0, sizeof(r->batch)))
		return false;
	switch (kind) {
	case WEB_PUSH:
		return is_batch(r->batch) && is_name(r->host, sizeof(r->host)) && r->part <= MAX_PART &&
		       r->since_ns < r->until_ns;
	case WEB_WINDOW:
		return r->tier < WINDOW_N_TIERS && r->first <= INT64_MAX;
	case WEB_WINDOWS:
	case WEB_MERGED:
		return r->since_ns <= r->until_ns && utf8_are_lines(r->match, WEB_MATCH_BYTES);
	default:
		return false;
	}
}

static int parse_time(const char *text, int64_t *ret)
{
	uint64_t n;

	if (parse_u64(text, 10, &n) < 0 || n > INT64_MAX)
		return -EINVAL;
	*ret = (int64_t)n;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3986, section 2.1. */
static int decode_host(const char *text, char ret[static WEB_HOST_BYTES])
{
	size_t n = 0;

	for (; *text; text++) {
		int high, low;

		if (n == WEB_HOST_BYTES - 1)
			return -EINVAL;
		ret[n++] = *text;
		if (*text != '%')
			continue;
		high = hex_digit(text[1]);
		low = high < 0 ? -1 : hex_digit(text[2]);
		if (low < 0)
			return -EINVAL;
		ret[n - 1] = (char)(high << 4 | low);
		text += 2;
	}
	ret[n] = 0;
	return is_name(ret, WEB_HOST_BYTES) && strlen(ret) == n ? 0 : -EINVAL;
}

int web_hub_request_set_push(struct web_hub_request *r, const struct web_push_headers *headers, const char **ret_reason)
{
	uint64_t part;

	*ret_reason = "Cpuhound-Batch is 32 hex digits in lower case";
	if (!headers->batch || !is_batch(headers->batch))
		return -EINVAL;
	strcpy(r->batch, headers->batch);
	*ret_reason = "Cpuhound-Part is a number from 0 to 65535";
	if (!headers->part || parse_u64(headers->part, 10, &part) < 0 || part > MAX_PART)
		return -EINVAL;
	r->part = (uint32_t)part;
	*ret_reason = "Cpuhound-Host is the host's name, percent-encoded, of at most 255 bytes of UTF-8";
	if (!headers->host || decode_host(headers->host, r->host) < 0)
		return -EINVAL;
	*ret_reason = "Cpuhound-Start and Cpuhound-End are times in ns since 1970, the end behind the start";
	if (!headers->start || !headers->end || parse_time(headers->start, &r->since_ns) < 0 ||
	    parse_time(headers->end, &r->until_ns) < 0 || r->since_ns >= r->until_ns)
		return -EINVAL;
	return 0;
}

static int add_match(struct web_hub_request *r, const char *value, size_t size)
{
	size_t n = strlen(r->match);

	if (size == 0 || size + 2 > sizeof(r->match) - n || !utf8_is_valid(value, size))
		return -EINVAL;
	memcpy(r->match + n, value, size);
	strcpy(r->match + n + size, "\n");
	return 0;
}

int web_hub_request_set(struct web_hub_request *r, const char *key, const char *value, size_t value_size,
			const char **ret_reason)
{
	bool is_text = strlen(value) == value_size;

	*ret_reason = "since_ns, until_ns and cursor are times in ns since 1970";
	if (strcmp(key, "since_ns") == 0)
		return is_text ? parse_time(value, &r->since_ns) : -EINVAL;
	if (strcmp(key, "until_ns") == 0)
		return is_text ? parse_time(value, &r->until_ns) : -EINVAL;
	if (strcmp(key, "cursor") == 0)
		return is_text ? parse_time(value, &r->cursor_ns) : -EINVAL;
	if (strcmp(key, "match") == 0) {
		*ret_reason = "match is a matcher such as service=api; all together have at most 1023 bytes";
		return add_match(r, value, value_size);
	}
	*ret_reason = "an argument is none of since_ns, until_ns, match, cursor";
	return -EINVAL;
}

int web_hub_request_set_window(struct web_hub_request *r, const char *rest, const char **ret_reason)
{
	*ret_reason = "a window is raw, minute or hour, and its first sequence: /api/v1/windows/minute/17";
	for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++) {
		size_t n = strlen(window_tier_name(tier));

		if (strncmp(rest, window_tier_name(tier), n) != 0 || rest[n] != '/')
			continue;
		r->tier = tier;
		return parse_u64(rest + n + 1, 10, &r->first) < 0 || r->first > INT64_MAX ? -EINVAL : 0;
	}
	return -EINVAL;
}
