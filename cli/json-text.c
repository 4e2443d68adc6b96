// SPDX-License-Identifier: Apache-2.0
#include "cli/json-text.h"

#include <stdbool.h>
#include <string.h>

#include "cli/json.h"
#include "common/buf.h"
#include "common/utf8.h"

static bool needs_no_change(unsigned char c)
{
	return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

/* Without control characters, nothing but quotes and backslashes is left to escape (RFC 8259, section 7). */
static int add_escaped(struct buf *b, const char *s, size_t size)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < size; i++) {
		if (s[i] == '"' || s[i] == '\\')
			r = buf_add_char(b, '\\');
		if (r == 0)
			r = buf_add_char(b, s[i]);
	}
	return r;
}

static int add_foreign(struct buf *b, const char *s)
{
	_cleanup_(buf_done) struct buf valid = {};
	int r;

	r = utf8_add_valid(&valid, s, strlen(s), JSON_STRING_LIMIT_BYTES);
	return r < 0 ? r : add_escaped(b, valid.data, valid.size);
}

int json_text_add_string(struct buf *b, const char *s)
{
	size_t n = 0;
	int r;

	while (n < JSON_STRING_LIMIT_BYTES && needs_no_change((unsigned char)s[n]))
		n++;
	r = buf_add_char(b, '"');
	if (r == 0)
		r = s[n] ? add_foreign(b, s) : buf_add(b, s, n);
	return r < 0 ? r : buf_add_char(b, '"');
}

int json_text_add_member(struct buf *b, const char *name, const char *value)
{
	int r;

	r = buf_add_char(b, '"');
	if (r == 0)
		r = buf_add_str(b, name);
	if (r == 0)
		r = buf_add_str(b, "\":");
	return r < 0 ? r : json_text_add_string(b, value);
}
