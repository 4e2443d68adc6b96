// SPDX-License-Identifier: Apache-2.0
#include "agent/config-value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/config-keys.h"
#include "agent/config.h"
#include "common/intern.h"
#include "common/parse.h"
#include "common/utf8.h"

struct parsing {
	const struct config_key *key;
	struct intern *strings;
	char *why;
	size_t why_size;
};

static int _printf_(2, 3) bad(const struct parsing *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, p->why_size, fmt, ap);
	va_end(ap);
	return CONFIG_BAD;
}

static int keep(const struct parsing *p, const char *s, size_t size, const char **ret)
{
	return intern_add(p->strings, s, size, ret);
}

static int parse_bool(const struct parsing *p, const char *text, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "yes", true }, { "true", true },   { "on", true },   { "1", true },
		{ "no", false }, { "false", false }, { "off", false }, { "0", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i].word) == 0) {
			*ret = words[i].value;
			return 0;
		}
	}
	return bad(p, "'%.100s' is neither yes nor no", text);
}

static int parse_number(const struct parsing *p, const char *text, uint64_t *ret)
{
	uint64_t value;

	if (parse_u64(text, 10, &value) < 0 || value < p->key->min || value > p->key->max)
		return bad(p, "'%.100s' is no whole number from %" PRIu64 " to %" PRIu64, text, p->key->min,
			   p->key->max);
	*ret = value;
	return 0;
}

static int parse_duration(const struct parsing *p, const char *text, uint64_t *ret)
{
	uint64_t value;

	if (parse_duration_ns(text, &value) < 0 || value < p->key->min || value > p->key->max)
		return bad(p, "'%.100s' is no duration from %" PRIu64 "s to %" PRIu64 "s, such as 10s or 2m", text,
			   p->key->min / 1000000000, p->key->max / 1000000000);
	*ret = value;
	return 0;
}

static int parse_path(const struct parsing *p, const char *text, const char **ret)
{
	if (!text[0]) {
		*ret = NULL;
		return 0;
	}
	if (text[0] != '/')
		return bad(p, "'%.100s' is no whole path: it begins with '/'", text);
	return keep(p, text, strlen(text), ret);
}

static int parse_list(const struct parsing *p, const char *text, struct config_list *ret)
{
	const char **items = NULL;
	size_t n = 0;
	int r = 0;

	if (text[0])
		items = calloc(CONFIG_LIST_MAX, sizeof(*items));
	if (text[0] && !items)
		return -ENOMEM;
	for (const char *s = text, *end; r == 0 && text[0] && s; s = *end ? end + 1 : NULL) {
		size_t size;

		s += strspn(s, " \t");
		end = s + strcspn(s, ",");
		size = (size_t)(end - s);
		while (size > 0 && (s[size - 1] == ' ' || s[size - 1] == '\t'))
			size--;
		if (size == 0)
			r = bad(p, "there is nothing between two commas");
		else if (n == CONFIG_LIST_MAX)
			r = bad(p, "more than %d items", CONFIG_LIST_MAX);
		else
			r = keep(p, s, size, &items[n++]);
	}
	if (r != 0) {
		free(items);
		return r;
	}
	free(ret->items);
	*ret = (struct config_list){ .items = items, .n = n };
	return 0;
}

/* text is HOST:PORT; host has room for what inet_pton() reads. */
static bool split_address(const char *text, char host[INET6_ADDRSTRLEN], uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t size;
	uint64_t port;

	if (!colon || parse_u64(colon + 1, 10, &port) < 0 || port > UINT16_MAX)
		return false;
	size = (size_t)(colon - text);
	if (size >= INET6_ADDRSTRLEN + 2)
		return false;
	if (text[0] == '[' && size > 2 && text[size - 1] == ']') {
		text++;
		size -= 2;
	} else if (memchr(text, ':', size)) {
		return false; /* IPv6 without brackets: where the port begins would be a guess */
	}
	if (size >= INET6_ADDRSTRLEN)
		return false;
	memcpy(host, text, size);
	host[size] = 0;
	*ret_port = (uint16_t)port;
	return true;
}

static bool parse_socket(const char *text, struct config_address *ret)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&ret->socket;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->socket;
	char host[INET6_ADDRSTRLEN];
	uint16_t port;

	if (!split_address(text, host, &port))
		return false;
	if (text[0] != '[' && inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		ret->size_bytes = sizeof(*in4);
		ret->loopback = ntohl(in4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
		return true;
	}
	if (text[0] == '[' && inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		ret->size_bytes = sizeof(*in6);
		ret->loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
		return true;
	}
	return false;
}

static int parse_address(const struct parsing *p, const char *text, struct config_address *ret)
{
	struct config_address address = { .given = text[0] != 0 };
	int r;

	if (address.given && !parse_socket(text, &address))
		return bad(p, "'%.100s' is no address and port, such as 127.0.0.1:7171 or [::1]:7171", text);
	r = keep(p, text, strlen(text), &address.text);
	if (r < 0)
		return r;
	*ret = address;
	return 0;
}

/* Everything leaves this machine in labels, or goes to a terminal. */
static int check_text(const struct parsing *p, const char *text)
{
	_cleanup_(buf_done) struct buf valid = {};
	size_t size = strlen(text);
	int r;

	if (size > CONFIG_VALUE_MAX_BYTES)
		return bad(p, "longer than %d bytes", CONFIG_VALUE_MAX_BYTES);
	if (p->key->required && size == 0)
		return bad(p, "must not be empty");
	r = utf8_add_valid(&valid, text, size, 3 * (size_t)CONFIG_VALUE_MAX_BYTES);
	if (r < 0)
		return r;
	if (size > 0 && strcmp(valid.data, text) != 0)
		return bad(p, "is no UTF-8 text, or holds control characters");
	return 0;
}

int config_value_parse(const struct config_key *key, const char *text, struct intern *strings, void *field, char *why,
		       size_t why_size)
{
	struct parsing p = { .key = key, .strings = strings, .why = why, .why_size = why_size };
	int r = check_text(&p, text);

	if (r != 0)
		return r;
	switch (key->type) {
	case CONFIG_BOOL:
		return parse_bool(&p, text, field);
	case CONFIG_NUMBER:
		return parse_number(&p, text, field);
	case CONFIG_DURATION:
		return parse_duration(&p, text, field);
	case CONFIG_PATH:
		return parse_path(&p, text, field);
	case CONFIG_TEXT:
		return keep(&p, text, strlen(text), field);
	case CONFIG_LIST:
		return parse_list(&p, text, field);
	case CONFIG_ADDRESS:
		return parse_address(&p, text, field);
	}
	return -EINVAL;
}

static bool equal_texts(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static bool equal_lists(const struct config_list *a, const struct config_list *b)
{
	for (size_t i = 0; a->n == b->n && i < a->n; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return a->n == b->n;
}

bool config_value_equal(const struct config_key *key, const void *a, const void *b)
{
	switch (key->type) {
	case CONFIG_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case CONFIG_NUMBER:
	case CONFIG_DURATION:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case CONFIG_PATH:
	case CONFIG_TEXT:
		return equal_texts(*(const char *const *)a, *(const char *const *)b);
	case CONFIG_LIST:
		return equal_lists(a, b);
	case CONFIG_ADDRESS:
		return equal_texts(((const struct config_address *)a)->text, ((const struct config_address *)b)->text);
	}
	return false;
}

void config_value_done(const struct config_key *key, void *field)
{
	if (key->type == CONFIG_LIST)
		free(((struct config_list *)field)->items);
}
