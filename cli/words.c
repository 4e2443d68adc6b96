// SPDX-License-Identifier: Apache-2.0
#include "cli/words.h"

#include <string.h>

/* The bytes of text that fit a line of so many characters: whole words, or one that is longer. */
static size_t line_bytes(const char *text, size_t room)
{
	size_t n = strcspn(text, " ");

	while (text[n]) {
		size_t next = n + 1 + strcspn(text + n + 1, " ");

		if (next > room)
			break;
		n = next;
	}
	return n;
}

void words_print(FILE *out, const struct words_column *column, const char *text, size_t used, size_t indent)
{
	size_t room = column->room > used ? column->room - used : 1;

	while (*text) {
		size_t n = line_bytes(text, room);

		fprintf(out, "%.*s\n", (int)n, text);
		text += n + (text[n] == ' ');
		room = column->room > indent ? column->room - indent : 1;
		if (*text)
			fprintf(out, "%*s", (int)(column->left + indent), "");
	}
}
