// SPDX-License-Identifier: Apache-2.0
#include "common/ini.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* Ends the text that begins at s before the blanks at end; returns the text without those at its begin. */
static char *trim(char *s, char *end)
{
	while (end > s && is_blank(end[-1]))
		end--;
	*end = 0;
	return skip_blanks(s);
}

void ini_init(struct ini *in, char *text, size_t size)
{
	*in = (struct ini){ .at = text, .end = text + size };
}

static int bad(struct ini_item *ret, const char *why)
{
	ret->why = why;
	return INI_BAD;
}

/* s begins with '['. */
static int parse_section(char *s, char *end, struct ini_item *ret)
{
	char *name;

	if (end[-1] != ']')
		return bad(ret, "a section ends in ']', and nothing follows it");
	s = trim(s + 1, end - 1);
	if (!*s)
		return bad(ret, "a section has a name");
	name = s + strcspn(s, " \t");
	ret->section = s;
	if (*name) {
		*name = 0;
		ret->name = skip_blanks(name + 1);
	}
	return 0;
}

static int parse_pair(char *s, char *end, struct ini_item *ret)
{
	char *equals = strchr(s, '=');

	if (!equals)
		return bad(ret, "no [section], 'key = value' or # comment");
	ret->value = trim(equals + 1, end);
	ret->key = trim(s, equals);
	if (!*ret->key)
		return bad(ret, "there is no key before '='");
	return 0;
}

/* A line that holds something, from its first character to its last. */
static int parse_line(char *s, char *end, struct ini_item *ret)
{
	if ((size_t)(end - s) > INI_MAX_LINE_BYTES)
		return bad(ret, "the line is longer than 16 KiB");
	if (strlen(s) != (size_t)(end - s))
		return bad(ret, "the line holds a NUL byte");
	return *s == '[' ? parse_section(s, end, ret) : parse_pair(s, end, ret);
}

int ini_next(struct ini *in, struct ini_item *ret)
{
	while (in->at < in->end) {
		char *end = memchr(in->at, '\n', (size_t)(in->end - in->at));
		char *s = in->at;

		if (!end)
			end = in->end;
		in->at = end < in->end ? end + 1 : end;
		in->line++;
		while (end > s && is_blank(end[-1]))
			end--;
		*end = 0;
		s = skip_blanks(s);
		if (s == end || *s == '#' || *s == ';')
			continue;
		*ret = (struct ini_item){ .line = in->line };
		return parse_line(s, end, ret);
	}
	return INI_END;
}
