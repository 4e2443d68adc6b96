// SPDX-License-Identifier: Apache-2.0
#include "cli/text.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/command.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/utf8.h"

#define DEFAULT_WIDTH 120 /* of what is no terminal: tables stay readable in a mail */
#define MIN_WIDTH 40
#define MAX_WIDTH TEXT_MAX_CHARS
#define MIN_CHARS 5 /* less cannot be cut sensibly */
#define ELLIPSIS "\xe2\x80\xa6"
#define REPLACEMENT "\xef\xbf\xbd"

static size_t clamp(size_t n, size_t low, size_t high)
{
	if (n < low)
		return low;
	return n < high ? n : high;
}

size_t text_width(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	int fd = fileno(out);
	uint64_t n;

	if (fd < 0 || !isatty(fd))
		return DEFAULT_WIDTH;
	if (columns && parse_u64(columns, 10, &n) == 0 && n > 0)
		return clamp(n, MIN_WIDTH, MAX_WIDTH);
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return clamp(size.ws_col, MIN_WIDTH, MAX_WIDTH);
	return DEFAULT_WIDTH;
}

static bool is_start(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

size_t text_n_chars(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->size; i++)
		n += is_start(b->data[i]);
	return n;
}

/* The bytes of the first n characters. */
static size_t n_bytes(const char *s, size_t size, size_t n)
{
	size_t i = 0;

	while (i < size && (n > 0 || !is_start(s[i])))
		n -= is_start(s[i++]);
	return i;
}

/*
 * The bytes at s that valid text may have and a terminal may not: marks of writing direction (U+200E, U+200F, U+202A
 * to U+202E, U+2066 to U+2069), separators of lines (U+2028, U+2029).
 */
static size_t n_unprintable(const char *s, size_t size)
{
	const unsigned char *u = (const unsigned char *)s;

	if (size < 3 || u[0] != 0xe2)
		return 0;
	if (u[1] == 0x80 && (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xa8 && u[2] <= 0xae)))
		return 3;
	return u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9 ? 3 : 0;
}

static int add_printable(struct buf *b, const char *s, size_t size)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < size;) {
		size_t n = n_unprintable(s + i, size - i);

		r = n ? buf_add_str(b, REPLACEMENT) : buf_add_char(b, s[i]);
		i += n ? n : 1;
	}
	return r;
}

static int clean(struct buf *b, const char *s)
{
	_cleanup_(buf_done) struct buf valid = {};
	int r;

	r = utf8_add_valid(&valid, s, strnlen(s, TEXT_MAX_CHARS), TEXT_MAX_CHARS);
	return r < 0 ? r : add_printable(b, valid.data, valid.size);
}

/* The end of a name tells as much as its beginning: "github.com/… .(*Server).Serve", "ns::…::insert". */
static int add_cut(struct buf *b, const struct buf *text, size_t max_chars)
{
	size_t n = text_n_chars(text), n_head, n_tail, head, tail;
	int r;

	max_chars = clamp(max_chars, MIN_CHARS, TEXT_MAX_CHARS);
	if (n <= max_chars)
		return buf_add(b, text->data, text->size);
	n_tail = (max_chars - 1) / 2;
	n_head = max_chars - 1 - n_tail;
	head = n_bytes(text->data, text->size, n_head);
	tail = n_bytes(text->data, text->size, n - n_tail);
	r = buf_add(b, text->data, head);
	if (r == 0)
		r = buf_add_str(b, ELLIPSIS);
	return r < 0 ? r : buf_add(b, text->data + tail, text->size - tail);
}

/* Most names are ASCII and short enough: nothing is to be done about them. Their size, or 0. */
static size_t plain_size(const char *s, size_t max_chars)
{
	size_t n = 0;

	while (n <= TEXT_MAX_CHARS && s[n] >= 0x20 && s[n] <= 0x7e)
		n++;
	return s[n] || n > max_chars || n > TEXT_MAX_CHARS ? 0 : n;
}

int text_add(struct buf *b, const char *s, size_t max_chars)
{
	_cleanup_(buf_done) struct buf text = {};
	size_t n_plain = plain_size(s, max_chars);
	int r;

	if (n_plain)
		return buf_add(b, s, n_plain);
	r = clean(&text, s);
	return r < 0 ? r : add_cut(b, &text, max_chars);
}

/* The < and > of operator<, <<, <=>, ->, >> and others, and of the arrow before a return type. */
static bool is_operator(const struct buf *text, size_t at)
{
	static const char word[] = "operator";
	size_t size = sizeof(word) - 1, start = at;

	if (text->data[at] == '>' && at > 0 && text->data[at - 1] == '-')
		return true;
	while (start > 0 && strchr("<>=-", text->data[start - 1]))
		start--;
	if (start < size || memcmp(text->data + start - size, word, size) != 0)
		return false;
	if (text->data[at] == '<') /* behind the operator it opens the template arguments */
		return at == start || (at == start + 1 && text->data[start] == '<');
	return at - start < 3;
}

struct brackets {
	char open, close;
};

static bool is_bracket(const struct buf *text, size_t at, char bracket)
{
	return text->data[at] == bracket && !(strchr("<>", bracket) && is_operator(text, at));
}

/* Where the group that opens at `open` ends; 0: nowhere. */
static size_t find_close(const struct buf *text, size_t open, const struct brackets *b)
{
	size_t depth = 0;

	for (size_t i = open; i < text->size; i++) {
		if (is_bracket(text, i, b->open))
			depth++;
		else if (is_bracket(text, i, b->close) && --depth == 0)
			return i;
	}
	return 0;
}

/* Groups that say what the function is: Rust's "<T as Trait>::f" at the beginning, Go's ".(*T).f". */
static bool tells_who(const struct buf *text, size_t open, size_t close)
{
	static const char anonymous[] = "(anonymous namespace)";

	if (open == 0 || text->data[open - 1] == '.')
		return true;
	return close - open + 1 == sizeof(anonymous) - 1 &&
	       memcmp(text->data + open, anonymous, sizeof(anonymous) - 1) == 0;
}

static int add_elided(const struct buf *text, const struct brackets *b, struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < text->size; i++) {
		size_t close = is_bracket(text, i, b->open) ? find_close(text, i, b) : 0;

		if (close > i + 2 && !tells_who(text, i, close)) {
			r = buf_printf(ret, "%c" ELLIPSIS "%c", b->open, b->close);
			i = close;
		} else {
			r = buf_add_char(ret, text->data[i]);
		}
	}
	return r;
}

int text_add_function(struct buf *b, const char *name, size_t max_chars)
{
	static const struct brackets kinds[] = { { '(', ')' }, { '<', '>' } };
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = clean(&text, name);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds) && text_n_chars(&text) > max_chars; i++) {
		_cleanup_(buf_done) struct buf longer = text;

		text = (struct buf){};
		r = add_elided(&longer, &kinds[i], &text);
	}
	return r < 0 ? r : add_cut(b, &text, max_chars);
}

int text_fail(const char *what, const char *name, const char *why)
{
	_cleanup_(buf_done) struct buf text = {};

	if (text_add(&text, name, TEXT_MAX_CHARS) == 0)
		log_error("cannot %s '%s': %s", what, text.data ? text.data : "", why);
	return EXIT_ERROR;
}
