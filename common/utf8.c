// SPDX-License-Identifier: Apache-2.0
#include "common/utf8.h"

#include <stdint.h>
#include <string.h>

static bool in_range(uint8_t c, uint8_t low, uint8_t high)
{
	return c >= low && c <= high;
}

/* The length of the well-formed sequence at s (RFC 3629, section 4), or 0. */
static size_t sequence_bytes(const uint8_t *s, size_t size)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return in_range(s[0], 0x20, 0x7e) ? 1 : 0;
	if (in_range(s[0], 0xc2, 0xdf)) {
		n = 2;
		if (s[0] == 0xc2)
			low = 0xa0; /* below are the C1 controls */
	} else if (in_range(s[0], 0xe0, 0xef)) {
		n = 3;
		if (s[0] == 0xe0)
			low = 0xa0;
		if (s[0] == 0xed)
			high = 0x9f;
	} else if (in_range(s[0], 0xf0, 0xf4)) {
		n = 4;
		if (s[0] == 0xf0)
			low = 0x90;
		if (s[0] == 0xf4)
			high = 0x8f;
	} else {
		return 0;
	}
	if (n > size || !in_range(s[1], low, high))
		return 0;
	for (size_t i = 2; i < n; i++)
		if (!in_range(s[i], 0x80, 0xbf))
			return 0;
	return n;
}

/* Whether all of these eight bytes are printable ASCII: most text is. */
static bool is_plain(const uint8_t *s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, s, sizeof(word));
	return ((word | (word - 0x20 * ones) | (word + ones)) & 0x80 * ones) == 0;
}

/* The bytes of printable ASCII that s begins with. */
static size_t plain_bytes(const uint8_t *s, size_t size)
{
	size_t n = 0;

	while (size - n >= sizeof(uint64_t) && is_plain(s + n))
		n += sizeof(uint64_t);
	while (n < size && in_range(s[n], 0x20, 0x7e))
		n++;
	return n;
}

int utf8_add_valid(struct buf *b, const char *s, size_t size, size_t limit_bytes)
{
	static const char replacement[] = "\xef\xbf\xbd";
	const uint8_t *bytes = (const uint8_t *)s;
	size_t added = 0;

	for (size_t i = 0; i < size;) {
		size_t room = limit_bytes - added, most = size - i < room ? size - i : room;
		size_t plain = plain_bytes(bytes + i, most), n = plain ? plain : sequence_bytes(bytes + i, size - i);
		const char *from = n ? s + i : replacement;
		size_t n_out = n ? n : sizeof(replacement) - 1;
		int r;

		if (n_out > room)
			break;
		r = buf_add(b, from, n_out);
		if (r < 0)
			return r;
		added += n_out;
		i += n ? n : 1;
	}
	return 0;
}

bool utf8_is_valid(const char *s, size_t size)
{
	const uint8_t *bytes = (const uint8_t *)s;

	for (size_t i = 0, n; i < size; i += n) {
		n = plain_bytes(bytes + i, size - i);
		if (n == 0)
			n = sequence_bytes(bytes + i, size - i);
		if (n == 0)
			return false;
	}
	return true;
}

bool utf8_are_lines(const char *s, size_t capacity)
{
	const char *end;

	if (!memchr(s, 0, capacity))
		return false;
	for (; *s; s = end + 1) {
		end = strchr(s, '\n');
		if (!end || end == s || !utf8_is_valid(s, (size_t)(end - s)))
			return false;
	}
	return true;
}
