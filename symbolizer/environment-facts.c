// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/environment-facts.h"

#include <stdbool.h>
#include <string.h>

struct text {
	const char *s;
	size_t size;
};

static struct text text_of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static bool text_is(struct text t, const char *s)
{
	return t.size == strlen(s) && memcmp(t.s, s, t.size) == 0;
}

/* Cuts off what stands before the first c, or all of it. */
static struct text take_until(struct text *t, char c)
{
	const char *at = memchr(t->s, c, t->size);
	struct text before = { t->s, at ? (size_t)(at - t->s) : t->size };

	t->s += before.size + (at != NULL);
	t->size -= before.size + (at != NULL);
	return before;
}

static struct text trim(struct text t)
{
	for (; t.size && t.s[0] == ' '; t.s++)
		t.size--;
	while (t.size && t.s[t.size - 1] == ' ')
		t.size--;
	return t;
}

static void copy(struct text from, char *ret, size_t ret_bytes)
{
	if (from.size >= ret_bytes)
		return;
	memcpy(ret, from.s, from.size);
	ret[from.size] = 0;
}

static int hex_digit(char c)
{
	const char digits[] = "0123456789abcdefABCDEF", *at = c ? strchr(digits, c) : NULL;

	return !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* Of the value of an attribute; what is no %HH stands for itself, and a NUL would end the text. */
static void copy_decoded(struct text from, char ret[static ENVIRONMENT_FACT_BYTES])
{
	char decoded[ENVIRONMENT_FACT_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < from.size; i++) {
		bool is_escape = from.s[i] == '%' && i + 2 < from.size;
		int high = is_escape ? hex_digit(from.s[i + 1]) : -1, low = is_escape ? hex_digit(from.s[i + 2]) : -1;

		if (n + 1 == sizeof(decoded))
			return;
		if (high < 0 || low < 0 || high + low == 0) {
			decoded[n++] = from.s[i];
		} else {
			decoded[n++] = (char)(16 * high + low);
			i += 2;
		}
	}
	copy((struct text){ decoded, n }, ret, ENVIRONMENT_FACT_BYTES);
}

/* KEY=VALUE with commas between them (OpenTelemetry, resource SDK). */
static void read_attributes(struct text attributes, struct environment_facts *facts, bool has_name)
{
	while (attributes.size) {
		struct text value = take_until(&attributes, ','), key = trim(take_until(&value, '='));

		if (text_is(key, "service.version"))
			copy_decoded(trim(value), facts->service_version);
		else if (!has_name && text_is(key, "service.name"))
			copy_decoded(trim(value), facts->service_name);
	}
}

static bool is_wanted(struct text name, const char *wanted)
{
	struct text names = text_of(wanted);

	while (names.size) {
		struct text one = take_until(&names, ',');

		if (one.size == name.size && memcmp(one.s, name.s, name.size) == 0)
			return true;
	}
	return false;
}

void environment_facts_parse(const char *text, size_t size, const char *wanted, struct environment_facts *ret)
{
	struct environment_facts facts = {};
	struct text left = { text, size }, attributes = {};
	size_t n_wanted = 0;

	while (left.size) {
		struct text pair = take_until(&left, 0), value = pair, name = take_until(&value, '=');

		if (name.size == pair.size)
			continue; /* no variable */
		if (text_is(name, "OTEL_SERVICE_NAME"))
			copy(value, facts.service_name, sizeof(facts.service_name));
		else if (text_is(name, "OTEL_RESOURCE_ATTRIBUTES"))
			attributes = value;
		if (n_wanted < ENVIRONMENT_MAX_WANTED && is_wanted(name, wanted)) {
			copy(pair, facts.wanted[n_wanted], sizeof(facts.wanted[n_wanted]));
			n_wanted += facts.wanted[n_wanted][0] != 0;
		}
	}
	read_attributes(attributes, &facts, facts.service_name[0] != 0);
	*ret = facts;
}
