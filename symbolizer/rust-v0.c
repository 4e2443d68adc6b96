// SPDX-License-Identifier: Apache-2.0
/* Names of RFC 2603: paths, types and constants, one tag a kind, with back references to what was told before. */
#include "symbolizer/rust-parser.h"

#include "common/clean.h"

#define MAX_DEPTH 128
#define BASE62_SAFE_DIGITS 10 /* no overflow yet */

static bool parse_path(struct rust_parser *s, bool in_value);
static bool parse_type(struct rust_parser *s);
static bool parse_const(struct rust_parser *s);

static bool put_decimal(struct rust_parser *s, uint64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	return rust_put(s, digits + at, sizeof(digits) - at);
}

/* _ is 0, 0_ is 1. */
static bool parse_base62(struct rust_parser *s, uint64_t *ret)
{
	const char *p = s->in.p, *safe_end;
	uint64_t n = 0;
	int digit;

	if (cursor_eat(&s->in, '_')) {
		*ret = 0;
		return true;
	}
	safe_end = s->in.end - p > BASE62_SAFE_DIGITS ? p + BASE62_SAFE_DIGITS : s->in.end;
	for (; p < safe_end && (digit = rust_digit62(*p)) >= 0; p++)
		n = n * 62 + (uint64_t)digit;
	for (; p < s->in.end && (digit = rust_digit62(*p)) >= 0; p++) {
		if (__builtin_mul_overflow(n, 62, &n) || __builtin_add_overflow(n, (uint64_t)digit, &n))
			return false;
	}
	s->in.p = p;
	*ret = n + 1;
	return cursor_eat(&s->in, '_') && n < UINT64_MAX;
}

/* sN_ before an identifier, GN_ before a type: 0 where it is left out. */
static bool parse_optional(struct rust_parser *s, char tag, uint64_t *ret)
{
	*ret = 0;
	if (!cursor_eat(&s->in, tag))
		return true;
	if (!parse_base62(s, ret))
		return false;
	++*ret;
	return true;
}

static bool parse_ident(struct rust_parser *s, struct rust_ident *ret)
{
	if (!parse_optional(s, 's', &ret->disambiguator) || cursor_peek(&s->in) == 'u' ||
	    !rust_parse_size(s, &ret->size))
		return false;
	cursor_eat(&s->in, '_');
	if (ret->size > (size_t)(s->in.end - s->in.p))
		return false;
	ret->text = s->in.p;
	s->in.p += ret->size;
	return rust_is_plain(ret->text, ret->size);
}

/* What was read from there on is written. */
static void note_seen(struct rust_parser *s, const char *from, const char *written_from, unsigned int roles)
{
	if (s->is_silent || s->n_seen == RUST_MAX_SEEN)
		return;
	s->seen[s->n_seen++] = (struct rust_seen){
		.at = (uint32_t)(from - s->start),
		.written_at = (uint32_t)(written_from - s->written),
		.written_size = (uint32_t)(s->out - written_from),
		.roles = roles,
	};
}

static const struct rust_seen *find_seen(const struct rust_parser *s, uint64_t at, unsigned int roles)
{
	for (size_t i = 0; i < s->n_seen; i++) {
		if (s->seen[i].at == at && s->seen[i].roles & roles)
			return &s->seen[i];
	}
	return NULL;
}

/* Reads what stands earlier in the name, or writes again what it was. */
static bool follow(struct rust_parser *s, unsigned int roles, bool (*parse)(struct rust_parser *s))
{
	const struct rust_seen *seen;
	const char *here = s->in.p - 1, *back;
	uint64_t at;
	bool ok;

	if (!parse_base62(s, &at) || at >= (uint64_t)(here - s->start))
		return false;
	if (s->is_silent)
		return true;
	seen = find_seen(s, at, roles);
	if (seen) {
		s->n_generics += seen->roles != RUST_ANY_PATH;
		return rust_put(s, s->written + seen->written_at, seen->written_size);
	}
	back = s->in.p;
	s->in.p = s->start + at;
	ok = parse(s);
	s->in.p = back;
	return ok;
}

static bool parse_path_in_type(struct rust_parser *s)
{
	return parse_path(s, false);
}

static bool parse_path_in_value(struct rust_parser *s)
{
	return parse_path(s, true);
}

/* {closure#0}, {shim:vtable#0}, or just a name. */
static bool put_component(struct rust_parser *s, char namespace, const struct rust_ident *ident)
{
	if (namespace >= 'a' && namespace <= 'z')
		return ident->size == 0 || (rust_put_str(s, "::") && rust_put(s, ident->text, ident->size));
	if (!rust_put_str(s, "::{"))
		return false;
	if (namespace == 'C' && !rust_put_str(s, "closure"))
		return false;
	if (namespace == 'S' && !rust_put_str(s, "shim"))
		return false;
	if (namespace != 'C' && namespace != 'S' && !rust_put(s, &namespace, 1))
		return false;
	if (ident->size && (!rust_put_str(s, ":") || !rust_put(s, ident->text, ident->size)))
		return false;
	return rust_put_str(s, "#") && put_decimal(s, ident->disambiguator) && rust_put_str(s, "}");
}

static bool parse_component(struct rust_parser *s, bool in_value)
{
	char namespace = cursor_peek(&s->in);
	struct rust_ident ident;

	if (!((namespace >= 'a' && namespace <= 'z') || (namespace >= 'A' && namespace <= 'Z')))
		return false;
	s->in.p++;
	return parse_path(s, in_value) && parse_ident(s, &ident) && put_component(s, namespace, &ident);
}

/* Where an impl stands is in the name, but not told. */
static bool skip_impl_path(struct rust_parser *s)
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
static bool parse_impl(struct rust_parser *s, bool has_path, bool has_trait)
{
	if (has_path && !skip_impl_path(s))
		return false;
	if (!rust_put_str(s, "<") || !parse_type(s))
		return false;
	if (has_trait && (!rust_put_str(s, " as ") || !parse_path(s, false)))
		return false;
	return rust_put_str(s, ">");
}

static bool parse_lifetime(struct rust_parser *s)
{
	uint64_t n;

	return parse_base62(s, &n) && n == 0 && rust_put_str(s, "'_"); /* others belong to a for<'a> */
}

static bool parse_argument(struct rust_parser *s)
{
	if (cursor_eat(&s->in, 'L'))
		return parse_lifetime(s);
	return cursor_eat(&s->in, 'K') ? parse_const(s) : parse_type(s);
}

/* Of parse(), up to an E, with commas in between. */
static bool parse_list(struct rust_parser *s, bool (*parse)(struct rust_parser *s), size_t *ret_n)
{
	size_t n = 0;

	for (; !cursor_eat(&s->in, 'E'); n++) {
		if (s->in.p >= s->in.end || (n > 0 && !rust_put_str(s, ", ")) || !parse(s))
			return false;
	}
	*ret_n = n;
	return true;
}

static bool parse_generic(struct rust_parser *s, bool in_value)
{
	size_t n;

	s->n_generics++;
	return parse_path(s, in_value) && (!in_value || rust_put_str(s, "::")) && rust_put_str(s, "<") &&
	       parse_list(s, parse_argument, &n) && rust_put_str(s, ">");
}

static bool parse_crate(struct rust_parser *s)
{
	struct rust_ident ident;

	return parse_ident(s, &ident) && rust_put(s, ident.text, ident.size);
}

static bool choose_path(struct rust_parser *s, char tag, bool in_value)
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
		return in_value ? follow(s, RUST_VALUE_PATH, parse_path_in_value)
				: follow(s, RUST_PATH, parse_path_in_type);
	default:
		return false;
	}
}

static bool parse_path(struct rust_parser *s, bool in_value)
{
	const char *from = s->in.p, *written_from = s->out;
	const size_t n_generics = s->n_generics;
	char tag = cursor_peek(&s->in);

	if (tag == 0 || s->depth++ > MAX_DEPTH)
		return false;
	s->in.p++;
	if (!choose_path(s, tag, in_value))
		return false;
	s->depth--;
	if (tag != 'B')
		note_seen(s, from, written_from,
			  s->n_generics == n_generics ? RUST_ANY_PATH
			  : in_value                  ? RUST_VALUE_PATH
						      : RUST_PATH);
	return true;
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

static bool parse_reference(struct rust_parser *s, const char *mark, const char *mutable)
{
	uint64_t n;

	if (!rust_put_str(s, mark))
		return false;
	if (cursor_eat(&s->in, 'L') && (!parse_base62(s, &n) || n != 0))
		return false;
	return rust_put_str(s, mutable) && parse_type(s);
}

static bool parse_array(struct rust_parser *s, bool has_length)
{
	if (!rust_put_str(s, "[") || !parse_type(s))
		return false;
	if (has_length && (!rust_put_str(s, "; ") || !parse_const(s)))
		return false;
	return rust_put_str(s, "]");
}

static bool parse_tuple(struct rust_parser *s)
{
	size_t n;

	return rust_put_str(s, "(") && parse_list(s, parse_type, &n) && rust_put_str(s, n == 1 ? ",)" : ")");
}

/* A type that is no path, and longer than what refers to it. */
static bool is_compound(char tag)
{
	return tag && strchr("RQPOAST", tag);
}

static bool choose_type(struct rust_parser *s, char tag)
{
	switch (tag) {
	case 'R':
		return parse_reference(s, "&", "");
	case 'Q':
		return parse_reference(s, "&", "mut ");
	case 'P':
		return rust_put_str(s, "*const ") && parse_type(s);
	case 'O':
		return rust_put_str(s, "*mut ") && parse_type(s);
	case 'A':
		return parse_array(s, true);
	case 'S':
		return parse_array(s, false);
	case 'T':
		return parse_tuple(s);
	case 'B':
		return follow(s, RUST_TYPE | RUST_PATH, parse_type);
	case 'F':
	case 'D':
		return false;
	default:
		s->in.p--;
		return parse_path(s, false);
	}
}

static bool parse_type(struct rust_parser *s)
{
	const char *from = s->in.p, *written_from = s->out, *name = basic_type(cursor_peek(&s->in));

	if (s->in.p >= s->in.end || s->depth++ > MAX_DEPTH)
		return false;
	s->in.p++;
	if (!(name ? rust_put_str(s, name) : choose_type(s, *from)))
		return false;
	s->depth--;
	if (is_compound(*from))
		note_seen(s, from, written_from, RUST_TYPE);
	return true;
}

static bool parse_hex(struct rust_parser *s, uint64_t *ret)
{
	size_t n = 0;

	*ret = 0;
	for (; !cursor_eat(&s->in, '_'); n++) {
		char c = cursor_peek(&s->in);

		if (n == 16 || !(is_digit(c) || (c >= 'a' && c <= 'f')))
			return false;
		*ret = *ret << 4 | (uint64_t)rust_digit62(c);
		s->in.p++;
	}
	return n > 0;
}

static bool parse_const(struct rust_parser *s)
{
	char tag = cursor_peek(&s->in);
	uint64_t value;

	if (s->in.p >= s->in.end)
		return false;
	s->in.p++;
	switch (tag) {
	case 'p':
		return rust_put_str(s, "_");
	case 'B':
		return follow(s, 0, parse_const);
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
		return (!cursor_eat(&s->in, 'n') || rust_put_str(s, "-")) && parse_hex(s, &value) &&
		       put_decimal(s, value);
	case 'b':
		return parse_hex(s, &value) && value <= 1 && rust_put_str(s, value ? "true" : "false");
	default:
		return false;
	}
}

/* The crate that made an instance may follow: it is not told. */
bool rust_parse_v0(struct rust_parser *s)
{
	if (!parse_path(s, true))
		return false;
	s->is_silent = true;
	return s->in.p == s->in.end || (parse_path(s, false) && s->in.p == s->in.end);
}
