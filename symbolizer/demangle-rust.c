// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/demangle-rust.h"

#include <stdint.h>
#include <string.h>

#include "common/clean.h"
#include "symbolizer/demangle-cursor.h"

#define MAX_DEPTH 128
#define HASH_DIGITS 16
#define HASH_VARIETY 5 /* different digits, as libiberty wants them: else it is no hash */

struct parser {
	const char *start; /* what back references count from */
	struct demangle_cursor in;
	char *out, *out_end;
	size_t depth;
	bool is_silent; /* parts of an impl's path are not told */
};

struct ident {
	const char *text;
	size_t size;
	uint64_t disambiguator;
};

static bool parse_path(struct parser *s, bool in_value);
static bool parse_type(struct parser *s);
static bool parse_const(struct parser *s);

static bool put(struct parser *s, const char *text, size_t size)
{
	if (s->is_silent)
		return true;
	if (size > (size_t)(s->out_end - s->out))
		return false;
	memcpy(s->out, text, size);
	s->out += size;
	return true;
}

static bool put_str(struct parser *s, const char *text)
{
	return put(s, text, strlen(text));
}

static bool put_decimal(struct parser *s, uint64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	return put(s, digits + at, sizeof(digits) - at);
}

static int digit62(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'Z' ? c - 'A' + 36 : -1;
}

/* _ is 0, 0_ is 1. */
static bool parse_base62(struct parser *s, uint64_t *ret)
{
	uint64_t n = 0;

	if (cursor_eat(&s->in, '_')) {
		*ret = 0;
		return true;
	}
	while (!cursor_eat(&s->in, '_')) {
		int digit = digit62(cursor_peek(&s->in));

		if (digit < 0 || __builtin_mul_overflow(n, 62, &n) || __builtin_add_overflow(n, (uint64_t)digit, &n))
			return false;
		s->in.p++;
	}
	*ret = n + 1;
	return n < UINT64_MAX;
}

/* sN_ before an identifier, GN_ before a type: 0 where it is left out. */
static bool parse_optional(struct parser *s, char tag, uint64_t *ret)
{
	*ret = 0;
	if (!cursor_eat(&s->in, tag))
		return true;
	if (!parse_base62(s, ret))
		return false;
	++*ret;
	return true;
}

static bool parse_size(struct parser *s, size_t *ret)
{
	size_t n = 0;

	if (!is_digit(cursor_peek(&s->in)))
		return false;
	if (cursor_eat(&s->in, '0')) {
		*ret = 0;
		return true;
	}
	while (is_digit(cursor_peek(&s->in)) && n < 1000000)
		n = n * 10 + (size_t)(*s->in.p++ - '0');
	*ret = n;
	return true;
}

static bool is_plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (digit62(text[i]) < 0 && text[i] != '_')
			return false;
	}
	return true;
}

static bool parse_ident(struct parser *s, struct ident *ret)
{
	if (!parse_optional(s, 's', &ret->disambiguator) || cursor_peek(&s->in) == 'u' || !parse_size(s, &ret->size))
		return false;
	cursor_eat(&s->in, '_');
	if (ret->size > (size_t)(s->in.end - s->in.p))
		return false;
	ret->text = s->in.p;
	s->in.p += ret->size;
	return is_plain(ret->text, ret->size);
}

/* Reads what stands earlier in the name. */
static bool follow(struct parser *s, bool (*parse)(struct parser *s))
{
	const char *here = s->in.p - 1, *back;
	uint64_t at;
	bool ok;

	if (!parse_base62(s, &at) || at >= (uint64_t)(here - s->start))
		return false;
	if (s->is_silent)
		return true;
	back = s->in.p;
	s->in.p = s->start + at;
	ok = parse(s);
	s->in.p = back;
	return ok;
}

static bool parse_path_in_type(struct parser *s)
{
	return parse_path(s, false);
}

static bool parse_path_in_value(struct parser *s)
{
	return parse_path(s, true);
}

/* {closure#0}, {shim:vtable#0}, or just a name. */
static bool put_component(struct parser *s, char namespace, const struct ident *ident)
{
	if (namespace >= 'a' && namespace <= 'z')
		return ident->size == 0 || (put_str(s, "::") && put(s, ident->text, ident->size));
	if (!put_str(s, "::{"))
		return false;
	if (namespace == 'C' && !put_str(s, "closure"))
		return false;
	if (namespace == 'S' && !put_str(s, "shim"))
		return false;
	if (namespace != 'C' && namespace != 'S' && !put(s, &namespace, 1))
		return false;
	if (ident->size && (!put_str(s, ":") || !put(s, ident->text, ident->size)))
		return false;
	return put_str(s, "#") && put_decimal(s, ident->disambiguator) && put_str(s, "}");
}

static bool parse_component(struct parser *s, bool in_value)
{
	char namespace = cursor_peek(&s->in);
	struct ident ident;

	if (!((namespace >= 'a' && namespace <= 'z') || (namespace >= 'A' && namespace <= 'Z')))
		return false;
	s->in.p++;
	return parse_path(s, in_value) && parse_ident(s, &ident) && put_component(s, namespace, &ident);
}

/* Where an impl stands is in the name, but not told. */
static bool skip_impl_path(struct parser *s)
{
	bool is_silent = s->is_silent;
	uint64_t unused;

	if (!parse_optional(s, 's', &unused))
		return false;
	s->is_silent = true;
	if (!parse_path(s, false))
		return false;
	s->is_silent = is_silent;
	return true;
}

/* <T>, <T as Trait> */
static bool parse_impl(struct parser *s, bool has_path, bool has_trait)
{
	if (has_path && !skip_impl_path(s))
		return false;
	if (!put_str(s, "<") || !parse_type(s))
		return false;
	if (has_trait && (!put_str(s, " as ") || !parse_path(s, false)))
		return false;
	return put_str(s, ">");
}

static bool parse_lifetime(struct parser *s)
{
	uint64_t n;

	return parse_base62(s, &n) && n == 0 && put_str(s, "'_"); /* others belong to a for<'a> */
}

static bool parse_argument(struct parser *s)
{
	if (cursor_eat(&s->in, 'L'))
		return parse_lifetime(s);
	return cursor_eat(&s->in, 'K') ? parse_const(s) : parse_type(s);
}

/* Of parse(), up to an E, with commas in between. */
static bool parse_list(struct parser *s, bool (*parse)(struct parser *s), size_t *ret_n)
{
	size_t n = 0;

	for (; !cursor_eat(&s->in, 'E'); n++) {
		if (s->in.p >= s->in.end || (n > 0 && !put_str(s, ", ")) || !parse(s))
			return false;
	}
	*ret_n = n;
	return true;
}

static bool parse_generic(struct parser *s, bool in_value)
{
	size_t n;

	return parse_path(s, in_value) && (!in_value || put_str(s, "::")) && put_str(s, "<") &&
	       parse_list(s, parse_argument, &n) && put_str(s, ">");
}

static bool parse_crate(struct parser *s)
{
	struct ident ident;

	return parse_ident(s, &ident) && put(s, ident.text, ident.size);
}

static bool choose_path(struct parser *s, char tag, bool in_value)
{
	switch (tag) {
	case 'C':
		return parse_crate(s);
	case 'N':
		return parse_component(s, in_value);
	case 'M':
		return parse_impl(s, true, false);
	case 'X':
		return parse_impl(s, true, true);
	case 'Y':
		return parse_impl(s, false, true);
	case 'I':
		return parse_generic(s, in_value);
	case 'B':
		return follow(s, in_value ? parse_path_in_value : parse_path_in_type);
	default:
		return false;
	}
}

static bool parse_path(struct parser *s, bool in_value)
{
	char tag = cursor_peek(&s->in);
	bool ok;

	if (tag == 0 || s->depth++ > MAX_DEPTH)
		return false;
	s->in.p++;
	ok = choose_path(s, tag, in_value);
	s->depth--;
	return ok;
}

static const char *basic_type(char tag)
{
	static const char *const names[] = {
		['b'] = "bool", ['c'] = "char", ['e'] = "str",  ['u'] = "()",    ['a'] = "i8",  ['s'] = "i16",
		['l'] = "i32",  ['x'] = "i64",  ['n'] = "i128", ['i'] = "isize", ['h'] = "u8",  ['t'] = "u16",
		['m'] = "u32",  ['y'] = "u64",  ['o'] = "u128", ['j'] = "usize", ['f'] = "f32", ['d'] = "f64",
		['z'] = "!",    ['p'] = "_",    ['v'] = "...",
	};

	return (unsigned char)tag < ARRAY_SIZE(names) ? names[(unsigned char)tag] : NULL;
}

static bool parse_reference(struct parser *s, const char *mark, const char *mutable)
{
	uint64_t n;

	if (!put_str(s, mark))
		return false;
	if (cursor_eat(&s->in, 'L') && (!parse_base62(s, &n) || n != 0))
		return false;
	return put_str(s, mutable) && parse_type(s);
}

static bool parse_array(struct parser *s, bool has_length)
{
	if (!put_str(s, "[") || !parse_type(s))
		return false;
	if (has_length && (!put_str(s, "; ") || !parse_const(s)))
		return false;
	return put_str(s, "]");
}

static bool parse_tuple(struct parser *s)
{
	size_t n;

	return put_str(s, "(") && parse_list(s, parse_type, &n) && put_str(s, n == 1 ? ",)" : ")");
}

static bool choose_type(struct parser *s, char tag)
{
	switch (tag) {
	case 'R':
		return parse_reference(s, "&", "");
	case 'Q':
		return parse_reference(s, "&", "mut ");
	case 'P':
		return put_str(s, "*const ") && parse_type(s);
	case 'O':
		return put_str(s, "*mut ") && parse_type(s);
	case 'A':
		return parse_array(s, true);
	case 'S':
		return parse_array(s, false);
	case 'T':
		return parse_tuple(s);
	case 'B':
		return follow(s, parse_type);
	case 'F':
	case 'D':
		return false;
	default:
		s->in.p--;
		return parse_path(s, false);
	}
}

static bool parse_type(struct parser *s)
{
	const char *name = basic_type(cursor_peek(&s->in));
	bool ok;

	if (s->in.p >= s->in.end || s->depth++ > MAX_DEPTH)
		return false;
	s->in.p++;
	ok = name ? put_str(s, name) : choose_type(s, s->in.p[-1]);
	s->depth--;
	return ok;
}

static bool parse_hex(struct parser *s, uint64_t *ret)
{
	size_t n = 0;

	*ret = 0;
	for (; !cursor_eat(&s->in, '_'); n++) {
		char c = cursor_peek(&s->in);

		if (n == 16 || !(is_digit(c) || (c >= 'a' && c <= 'f')))
			return false;
		*ret = *ret << 4 | (uint64_t)digit62(c);
		s->in.p++;
	}
	return n > 0;
}

static bool parse_const(struct parser *s)
{
	char tag = cursor_peek(&s->in);
	uint64_t value;

	if (s->in.p >= s->in.end)
		return false;
	s->in.p++;
	switch (tag) {
	case 'p':
		return put_str(s, "_");
	case 'B':
		return follow(s, parse_const);
	case 'h':
	case 't':
	case 'm':
	case 'y':
	case 'o':
	case 'j':
		return parse_hex(s, &value) && put_decimal(s, value);
	case 'a':
	case 's':
	case 'l':
	case 'x':
	case 'n':
	case 'i':
		return (!cursor_eat(&s->in, 'n') || put_str(s, "-")) && parse_hex(s, &value) && put_decimal(s, value);
	case 'b':
		return parse_hex(s, &value) && value <= 1 && put_str(s, value ? "true" : "false");
	default:
		return false;
	}
}

/* The crate that made an instance may follow: it is not told. */
static bool parse_v0(struct parser *s)
{
	if (!parse_path(s, true))
		return false;
	s->is_silent = true;
	return s->in.p == s->in.end || (parse_path(s, false) && s->in.p == s->in.end);
}

static bool is_hash(const struct ident *ident)
{
	uint32_t seen = 0;

	if (ident->size != HASH_DIGITS + 1 || ident->text[0] != 'h')
		return false;
	for (size_t i = 1; i <= HASH_DIGITS; i++) {
		int digit = digit62(ident->text[i]);

		if (digit < 0 || digit > 15)
			return false;
		seen |= 1u << digit;
	}
	return __builtin_popcount(seen) >= HASH_VARIETY;
}

/* "$LT$" is "<"; the number of bytes read, 0: something else. */
static size_t put_escape(struct parser *s, const char *text, size_t size)
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
			return put_str(s, escapes[i][1]) ? n : 0;
	}
	return 0;
}

static bool put_legacy(struct parser *s, const char *text, size_t size)
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
			if (!put_str(s, n == 2 ? "::" : "."))
				return false;
		} else {
			for (n = 1; n < size && text[n] != '$' && text[n] != '.'; n++)
				;
			if (!is_plain(text, n) || !put(s, text, n))
				return false;
		}
	}
	return true;
}

/* _ZN, components, and a hash as the last one, which is not told. */
static bool parse_legacy(struct parser *s)
{
	struct ident ident = {}, next;

	for (size_t n = 0; !cursor_eat(&s->in, 'E'); n++) {
		if (!parse_size(s, &next.size) || next.size == 0 || next.size > (size_t)(s->in.end - s->in.p))
			return false;
		next.text = s->in.p;
		s->in.p += next.size;
		if (n > 0 &&
		    (!put_legacy(s, ident.text, ident.size) || (cursor_peek(&s->in) != 'E' && !put_str(s, "::"))))
			return false;
		ident = next;
	}
	return s->in.p == s->in.end && is_hash(&ident);
}

bool demangle_rust(const char *name, size_t size, char *ret, size_t ret_size)
{
	struct parser s = { .in.end = name + size, .out = ret, .out_end = ret + ret_size - 1 };
	bool ok;

	if (size > 3 && memcmp(name, "_ZN", 3) == 0) {
		s.in.p = name + 3;
		ok = parse_legacy(&s);
	} else if (size > 2 && memcmp(name, "_R", 2) == 0) {
		const char *suffix = memchr(name, '.', size);

		s.start = s.in.p = name + 2;
		if (suffix)
			s.in.end = suffix;
		ok = parse_v0(&s);
	} else {
		return false;
	}
	if (!ok || s.out == ret)
		return false;
	*s.out = 0;
	return true;
}
