// SPDX-License-Identifier: Apache-2.0
/* Names from before v0: those of C++, with escapes for what no C++ name holds, and a hash at the end. */
#include "symbolizer/rust-parser.h"

#include "common/clean.h"

#define HASH_DIGITS 16
#define HASH_VARIETY 5 /* different digits, as libiberty wants them: else it is no hash */

static bool is_hash(const struct rust_ident *ident)
{
	uint32_t seen = 0;

	if (ident->size != HASH_DIGITS + 1 || ident->text[0] != 'h')
		return false;
	for (size_t i = 1; i <= HASH_DIGITS; i++) {
		int digit = rust_digit62(ident->text[i]);

		if (digit < 0 || digit > 15)
			return false;
		seen |= 1u << digit;
	}
	return __builtin_popcount(seen) >= HASH_VARIETY;
}

/* "$LT$" is "<"; the number of bytes read, 0: something else. */
static size_t put_escape(struct rust_parser *s, const char *text, size_t size)
{
	static const char *const escapes[][2] = {
		{ "$SP$", "@" },  { "$BP$", "*" },  { "$RF$", "&" },   { "$LT$", "<" },  { "$GT$", ">" },
		{ "$LP$", "(" },  { "$RP$", ")" },  { "$C$", "," },    { "$u20$", " " }, { "$u27$", "'" },
		{ "$u5b$", "[" }, { "$u5d$", "]" }, { "$u7b$", "{" },  { "$u7d$", "}" }, { "$u7e$", "~" },
		{ "$u3b$", ";" }, { "$u2b$", "+" }, { "$u22$", "\"" }, { "$u21$", "!" }, { "$u3d$", "=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
		size_t n = strlen(escapes[i][0]);

		if (n <= size && memcmp(text, escapes[i][0], n) == 0)
			return rust_put_str(s, escapes[i][1]) ? n : 0;
	}
	return 0;
}

static bool put_legacy(struct rust_parser *s, const char *text, size_t size)
{
	size_t n;

	if (size >= 2 && text[0] == '_' && text[1] == '$') { /* names may not begin with an escape */
		text++;
		size--;
	}
	for (; size > 0; text += n, size -= n) {
		if (text[0] == '$') {
			n = put_escape(s, text, size);
			if (n == 0)
				return false;
		} else if (text[0] == '.') {
			n = size >= 2 && text[1] == '.' ? 2 : 1;
			if (!rust_put_str(s, n == 2 ? "::" : "."))
				return false;
		} else {
			for (n = 1; n < size && text[n] != '$' && text[n] != '.'; n++)
				;
			if (!rust_is_plain(text, n) || !rust_put(s, text, n))
				return false;
		}
	}
	return true;
}

/* _ZN, components, and a hash as the last one, which is not told. */
bool rust_parse_legacy(struct rust_parser *s)
{
	struct rust_ident ident = {}, next;

	for (size_t n = 0; !cursor_eat(&s->in, 'E'); n++) {
		if (!rust_parse_size(s, &next.size) || next.size == 0 || next.size > (size_t)(s->in.end - s->in.p))
			return false;
		next.text = s->in.p;
		s->in.p += next.size;
		if (n > 0 &&
		    (!put_legacy(s, ident.text, ident.size) || (cursor_peek(&s->in) != 'E' && !rust_put_str(s, "::"))))
			return false;
		ident = next;
	}
	return s->in.p == s->in.end && is_hash(&ident);
}
