// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/json-reader.h"

#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void json_reader_init(struct json_reader *r, const char *text, size_t size)
{
	*r = (struct json_reader){ .at = text, .end = text + size, .string.limit_bytes = JSON_STRING_BYTES };
}

void json_reader_done(struct json_reader *r)
{
	buf_done(&r->string);
}

static void skip_blanks(struct json_reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool take(struct json_reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Four hex digits at r->at; -1: there are none. */
static int take_hex4(struct json_reader *r)
{
	int value = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = *r->at++;
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -1;
		value = 16 * value + digit;
	}
	return value;
}

static size_t encode_utf8(uint32_t c, char ret[static 4])
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i > 1; i--) {
		ret[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	ret[0] = (char)(lead[n < 2 ? 0 : n] | c);
	return n;
}

/* A string that does not fit is left empty. */
static int add(struct json_reader *r, const char *s, size_t size)
{
	int e = r->is_too_long ? 0 : buf_add(&r->string, s, size);

	if (e != -EFBIG)
		return e;
	buf_clear(&r->string);
	r->is_too_long = true;
	return 0;
}

/* Behind "\u". Half of a pair, and a NUL, become U+FFFD. */
static int add_escaped_unit(struct json_reader *r)
{
	const char *before;
	int high = take_hex4(r), low;
	uint32_t c = (uint32_t)high;
	char bytes[4];

	if (high < 0)
		return -EBADMSG;
	before = r->at;
	if (high >= 0xd800 && high < 0xdc00 && take(r, '\\') && take(r, 'u')) {
		low = take_hex4(r);
		if (low < 0)
			return -EBADMSG;
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
			before = r->at;
		}
	}
	r->at = before;
	if (c == 0 || (c >= 0xd800 && c < 0xe000))
		return add(r, replacement, strlen(replacement));
	return add(r, bytes, encode_utf8(c, bytes));
}

static int add_escaped(struct json_reader *r)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;

	if (take(r, 'u'))
		return add_escaped_unit(r);
	letter = r->at < r->end && *r->at ? strchr(letters, *r->at) : NULL;
	if (!letter)
		return -EBADMSG;
	r->at++;
	return add(r, &meanings[letter - letters], 1);
}

/* Behind the opening quote. Bytes that are no UTF-8 are the choke point's business. */
static int read_string(struct json_reader *r)
{
	int e;

	buf_clear(&r->string);
	r->is_too_long = false;
	e = buf_add_str(&r->string, ""); /* so that there is a text in any case */
	while (e == 0 && r->at < r->end && *r->at != '"') {
		const char *start = r->at;

		while (r->at < r->end && *r->at != '"' && *r->at != '\\') {
			if ((unsigned char)*r->at++ < ' ')
				return -EBADMSG;
		}
		e = add(r, start, (size_t)(r->at - start));
		if (e == 0 && take(r, '\\'))
			e = add_escaped(r);
	}
	if (e == 0 && !take(r, '"'))
		e = -EBADMSG;
	return e;
}

static int read_key(struct json_reader *r)
{
	struct json_level *level = &r->levels[r->depth - 1];
	int e;

	if (!take(r, '"'))
		return -EBADMSG;
	e = read_string(r);
	if (e < 0)
		return e;
	skip_blanks(r);
	if (!take(r, ':'))
		return -EBADMSG;
	skip_blanks(r);
	level->key[0] = 0;
	if (r->string.size < sizeof(level->key))
		memcpy(level->key, r->string.data, r->string.size + 1);
	return 0;
}

static int open_level(struct json_reader *r, bool is_object)
{
	if (r->depth == JSON_MAX_DEPTH)
		return -EBADMSG;
	r->levels[r->depth++] = (struct json_level){ .is_object = is_object, .is_empty = true };
	return JSON_OPEN;
}

static int close_level(struct json_reader *r)
{
	r->depth--;
	r->is_done = r->depth == 0;
	return JSON_CLOSE;
}

/* A number, or a word: what it is does not matter here. */
static int skip_other(struct json_reader *r)
{
	static const char characters[] = "+-.0123456789abcdefghijklmnopqrstuvwxyzE";
	const char *start = r->at;

	while (r->at < r->end && *r->at && strchr(characters, *r->at))
		r->at++;
	return r->at == start ? -EBADMSG : JSON_OTHER;
}

static int read_value(struct json_reader *r)
{
	int e;

	if (take(r, '{'))
		return open_level(r, true);
	if (take(r, '['))
		return open_level(r, false);
	if (take(r, '"')) {
		e = read_string(r);
		return e < 0 ? e : JSON_STRING;
	}
	return skip_other(r);
}

static int read_item(struct json_reader *r)
{
	struct json_level *level = &r->levels[r->depth - 1];
	int e = 0;

	if (take(r, level->is_object ? '}' : ']'))
		return close_level(r);
	if (!level->is_empty && !take(r, ','))
		return -EBADMSG;
	level->is_empty = false;
	skip_blanks(r);
	if (level->is_object)
		e = read_key(r);
	return e < 0 ? e : read_value(r);
}

int json_next(struct json_reader *r)
{
	int value;

	skip_blanks(r);
	if (r->is_done)
		return r->at == r->end ? JSON_END : -EBADMSG;
	value = r->depth ? read_item(r) : read_value(r);
	if (r->depth == 0)
		r->is_done = true;
	return value;
}

bool json_is_at(const struct json_reader *r, const char *const *path, size_t n)
{
	if (r->depth != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (r->levels[i].is_object != (path[i][0] != 0) || strcmp(r->levels[i].key, path[i]) != 0)
			return false;
	return true;
}
