// SPDX-License-Identifier: Apache-2.0
#include "cli/usage.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

static void copy_word(const char *from, size_t size, char ret[static USAGE_WORD_BYTES])
{
	snprintf(ret, USAGE_WORD_BYTES, "%.*s", (int)size, from);
}

/* "-o" or "--output" and what follows: a letter, or letters and hyphens. */
static size_t option_size(const char *text)
{
	size_t n = text[0] == '-' ? 1 + (text[1] == '-') : 0;

	if (n == 0 || !isalpha((unsigned char)text[n]))
		return 0;
	if (n == 1)
		return 2;
	return n + strspn(text + n, "abcdefghijklmnopqrstuvwxyz-");
}

/* Behind an option's name: " FILE", up to two spaces or the end of the line. */
static size_t argument_size(const char *text)
{
	size_t n = 1;

	if (text[0] != ' ' || text[1] == ' ' || text[1] == '-')
		return 0;
	while (text[n] && text[n] != '\n' && !(text[n] == ' ' && text[n + 1] == ' '))
		n++;
	return n - 1;
}

/* The argument stands behind the last one of "-o, --output FILE". */
static void find_argument(const char *text, char ret[static USAGE_WORD_BYTES])
{
	while (strncmp(text, ", -", 3) == 0)
		text += 2 + option_size(text + 2);
	copy_word(text + 1, argument_size(text), ret);
}

bool usage_next_option(const char **at, struct usage_option *ret)
{
	const char *text = *at;

	while (*text) {
		size_t size;

		if (strncmp(text, ", -", 3) == 0) /* another name on the line where the last one was */
			text += 2;
		else if (text[0] == ' ' && text[1] == ' ')
			text += strspn(text, " ");
		size = option_size(text);
		if (size > 0) {
			copy_word(text, size, ret->name);
			find_argument(text + size, ret->argument);
			*at = text + size;
			return true;
		}
		text = next_line(text);
	}
	*at = text;
	return false;
}

static bool is_word_end(char c)
{
	return c == ' ' || c == '\n' || c == '|' || c == 0;
}

/* A verb is a word of small letters. */
static size_t verb_size(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	return isalpha((unsigned char)text[0]) && is_word_end(text[n]) ? n : 0;
}

bool usage_next_verb(const char **at, const char *command, char ret[static USAGE_WORD_BYTES])
{
	char head[USAGE_WORD_BYTES];
	const char *text = *at;

	snprintf(head, sizeof(head), "cpuhound %s ", command);
	if (*text == '|') {
		text++;
	} else {
		const char *found = strstr(text, head), *blank = strstr(text, "\n\n");

		if (!found || (blank && found > blank))
			return false;
		text = found + strlen(head);
	}
	copy_word(text, verb_size(text), ret);
	*at = text + strlen(ret);
	return ret[0];
}
