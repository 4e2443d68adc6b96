// SPDX-License-Identifier: Apache-2.0
#include "report/xml-text.h"

#include <stdbool.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"

#define MAX_TEXT_BYTES ((size_t)64 << 10)
#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

static size_t char_size(const char *s)
{
	unsigned char c = (unsigned char)*s;

	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* What is to be written for the character at s, which is valid UTF-8 and no control character; NULL: itself. */
static const char *instead_of(const char *s)
{
	static const struct {
		const char *text, *instead;
	} changes[] = {
		{ "&", "&amp;" },
		{ "<", "&lt;" },
		{ ">", "&gt;" },
		{ "\"", "&quot;" },
		{ "'", "&#39;" },
		{ "\xef\xbf\xbe", REPLACEMENT }, /* U+FFFE and U+FFFF are no characters of XML */
		{ "\xef\xbf\xbf", REPLACEMENT },
		{ "\xd8\x9c", REPLACEMENT }, /* U+061C, U+200E, U+200F: direction marks */
		{ "\xe2\x80\x8e", REPLACEMENT },
		{ "\xe2\x80\x8f", REPLACEMENT },
		{ "\xe2\x80\xaa", REPLACEMENT }, /* U+202A to U+202E: embeddings and overrides */
		{ "\xe2\x80\xab", REPLACEMENT },
		{ "\xe2\x80\xac", REPLACEMENT },
		{ "\xe2\x80\xad", REPLACEMENT },
		{ "\xe2\x80\xae", REPLACEMENT },
		{ "\xe2\x81\xa6", REPLACEMENT }, /* U+2066 to U+2069: isolates */
		{ "\xe2\x81\xa7", REPLACEMENT },
		{ "\xe2\x81\xa8", REPLACEMENT },
		{ "\xe2\x81\xa9", REPLACEMENT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
		if (begins(s, changes[i].text))
			return changes[i].instead;
	return NULL;
}

static int add_char(struct buf *b, const char *s)
{
	const char *instead = instead_of(s);

	return instead ? buf_add_str(b, instead) : buf_add(b, s, char_size(s));
}

static size_t count_chars(const struct buf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->size; i += char_size(text->data + i))
		n++;
	return n;
}

int xml_text_add(struct buf *b, const char *s, size_t max_chars)
{
	_cleanup_(buf_done) struct buf text = {};
	size_t n, n_head, n_tail, at = 0;
	int r;

	r = utf8_add_valid(&text, s, strlen(s), MAX_TEXT_BYTES);
	if (r < 0)
		return r;
	n = count_chars(&text);
	if (n <= max_chars)
		max_chars = n;
	n_head = max_chars == n ? n : max_chars / 2;
	n_tail = max_chars == n || max_chars == 0 ? 0 : max_chars - n_head - 1;
	for (size_t i = 0; r == 0 && i < n; i++, at += char_size(text.data + at)) {
		if (i < n_head || i >= n - n_tail)
			r = add_char(b, text.data + at);
		else if (i == n_head && max_chars > 0)
			r = buf_add_str(b, ELLIPSIS);
	}
	return r;
}
