// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/demangle-cpp.h"

#include <stdint.h>
#include <string.h>

#include "common/clean.h"

#define TEXT_BYTES 6144 /* parts of a name, and what they are made of; a longer one is libiberty's */
#define MAX_PARTS 192
#define MAX_ARGS 48
#define MAX_DEPTH 64

/* A piece of text that is written already, and what may be done with it. */
struct part {
	uint16_t start, size;
	bool is_declarator; /* void (*)(int): what is added to it goes inside */
	bool is_unusable;   /* means something else each time: part of a pack's pattern */
	uint16_t pack;      /* template argument: number of its elements + 1, which follow in args; 0: no pack */
};

struct parser {
	const char *p, *end;
	char *text;
	size_t n_text;
	struct part *parts; /* what S_, S0_, ... stand for */
	size_t n_parts;
	struct part *args; /* what T_, T0_, ... stand for: of the function whose signature is read */
	size_t n_args;
	bool has_args, in_name;
	size_t depth;
	size_t pack_at, pack_size; /* which element of packs is meant; pack_size: of the pack that was met */
	bool in_pattern;
};

/* The name of a function, while it is read. */
struct name {
	struct part whole;
	struct part last;             /* its last component without template arguments: what a constructor is called */
	bool is_template, is_special; /* special: a constructor, destructor or conversion; has no return type */
	bool is_nameless;             /* the last component gives its constructor no name */
	const char *qualifiers;       /* of a member function */
};

static bool parse_type(struct parser *s, struct part *ret);
static bool parse_name(struct parser *s, struct name *ret);
static bool parse_encoding(struct parser *s, bool is_local, struct part *ret);

static char peek(const struct parser *s)
{
	return s->p < s->end ? *s->p : 0;
}

static char peek_next(const struct parser *s)
{
	return s->end - s->p > 1 ? s->p[1] : 0;
}

static bool eat(struct parser *s, char c)
{
	if (peek(s) != c)
		return false;
	s->p++;
	return true;
}

static bool put(struct parser *s, const char *text, size_t size)
{
	if (size > TEXT_BYTES - s->n_text)
		return false;
	memcpy(s->text + s->n_text, text, size);
	s->n_text += size;
	return true;
}

static bool put_str(struct parser *s, const char *text)
{
	return put(s, text, strlen(text));
}

static struct part part_from(const struct parser *s, size_t start)
{
	return (struct part){ .start = (uint16_t)start, .size = (uint16_t)(s->n_text - start) };
}

static bool put_part(struct parser *s, const struct part *part)
{
	return !part->is_unusable && put(s, s->text + part->start, part->size);
}

static bool remember(struct parser *s, const struct part *part)
{
	if (s->n_parts == MAX_PARTS)
		return false;
	s->parts[s->n_parts] = *part;
	s->parts[s->n_parts++].is_unusable |= s->in_pattern;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool parse_number(struct parser *s, size_t *ret)
{
	size_t n = 0;

	if (!is_digit(peek(s)))
		return false;
	while (is_digit(peek(s)) && n < 100000)
		n = n * 10 + (size_t)(*s->p++ - '0');
	*ret = n;
	return true;
}

/* What comes between S or T and _: nothing is 0, 0 is 1. */
static bool parse_sequence(struct parser *s, unsigned int base, size_t *ret)
{
	size_t n = 0;

	if (eat(s, '_')) {
		*ret = 0;
		return true;
	}
	while (peek(s) != '_') {
		char c = peek(s);

		if (is_digit(c))
			n = n * base + (size_t)(c - '0');
		else if (base == 36 && c >= 'A' && c <= 'Z')
			n = n * base + (size_t)(c - 'A') + 10;
		else
			return false;
		if (n > MAX_PARTS)
			return false;
		s->p++;
	}
	s->p++;
	*ret = n + 1;
	return true;
}

/* [abi:cxx11] */
static bool parse_tags(struct parser *s)
{
	size_t size;

	while (eat(s, 'B')) {
		if (!parse_number(s, &size) || size == 0 || size > (size_t)(s->end - s->p) || !put_str(s, "[abi:") ||
		    !put(s, s->p, size) || !put_str(s, "]"))
			return false;
		s->p += size;
	}
	return true;
}

static bool parse_source_name(struct parser *s)
{
	size_t size;

	if (!parse_number(s, &size) || size == 0 || size > (size_t)(s->end - s->p))
		return false;
	if (size >= 10 && memcmp(s->p, "_GLOBAL_", 8) == 0 && strchr("._$", s->p[8]) && s->p[9] == 'N') {
		s->p += size;
		return put_str(s, "(anonymous namespace)");
	}
	s->p += size;
	return put(s, s->p - size, size);
}

static bool parse_operator(struct parser *s)
{
	static const char codes[][2] = {
		{ 'n', 'w' }, { 'n', 'a' }, { 'd', 'l' }, { 'd', 'a' }, { 'c', 'l' }, { 'i', 'x' }, { 'e', 'q' },
		{ 'n', 'e' }, { 'a', 'S' }, { 'p', 'l' }, { 'm', 'i' }, { 'm', 'l' }, { 'd', 'v' }, { 'r', 'm' },
		{ 'p', 'L' }, { 'm', 'I' }, { 'p', 'p' }, { 'm', 'm' }, { 'p', 't' }, { 'd', 'e' }, { 'n', 't' },
		{ 'g', 't' }, { 'g', 'e' }, { 'l', 'e' }, { 'o', 'r' }, { 'a', 'n' }, { 'o', 'o' }, { 'a', 'a' },
		{ 'r', 's' }, { 'o', 'R' }, { 'a', 'N' }, { 'n', 'g' }, { 'a', 'd' }, { 's', 's' },
	};
	static const char *const names[] = {
		" new", " new[]", " delete", " delete[]", "()", "[]", "==", "!=", "=", "+",   "-",  "*",
		"/",    "%",      "+=",      "-=",        "++", "--", "->", "*",  "!", ">",   ">=", "<=",
		"|",    "&",      "||",      "&&",        ">>", "|=", "&=", "-",  "&", "<=>",
	};

	_Static_assert(ARRAY_SIZE(codes) == ARRAY_SIZE(names), "a name for each code");
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (peek(s) == codes[i][0] && peek_next(s) == codes[i][1]) {
			s->p += 2;
			return put_str(s, "operator") && put_str(s, names[i]);
		}
	}
	return false;
}

/* Parameters up to E; (void) is (). */
static bool parse_parameters(struct parser *s, char end)
{
	size_t start = s->n_text;
	struct part type;

	if (peek(s) == 'v' && (end ? peek_next(s) == end : s->end - s->p == 1)) {
		s->p++;
		return true;
	}
	if (s->p >= s->end || peek(s) == end)
		return false;
	while (end ? peek(s) != end : s->p < s->end) {
		size_t before = s->n_text;

		if (before > start && !put_str(s, ", "))
			return false;
		if (!parse_type(s, &type))
			return false;
		if (type.size == 0 && (end ? peek(s) != end : s->p < s->end))
			return false; /* an empty pack: libiberty writes commas around nothing */
		if (type.size == 0)
			s->n_text = before;
	}
	return true;
}

static bool put_decimal(struct parser *s, size_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	return put(s, digits + at, sizeof(digits) - at);
}

/* {lambda(int)#1}, {unnamed type#1} */
static bool parse_unnamed(struct parser *s)
{
	bool is_lambda = peek_next(s) == 'l', in_name = s->in_name;
	struct part part;
	size_t start = s->n_text, number;

	if (!is_lambda && peek_next(s) != 't')
		return false;
	s->p += 2;
	if (!put_str(s, is_lambda ? "{lambda(" : "{unnamed type#"))
		return false;
	s->in_name = true; /* its T_ are its own: auto */
	if (is_lambda && (!parse_parameters(s, 'E') || !eat(s, 'E') || !put_str(s, ")#")))
		return false;
	s->in_name = in_name;
	if (!parse_sequence(s, 10, &number) || !put_decimal(s, number + 1) || !put_str(s, "}"))
		return false;
	part = part_from(s, start);
	return is_lambda || remember(s, &part);
}

static bool parse_structor(struct parser *s, struct name *name)
{
	char kind = peek_next(s);

	if (name->is_nameless || name->last.size == 0 || !strchr(peek(s) == 'C' ? "1235" : "01245", kind) || kind == 0)
		return false;
	if (*s->p == 'D' && !put_str(s, "~"))
		return false;
	s->p += 2;
	name->is_special = true;
	return put_part(s, &name->last);
}

static bool parse_conversion(struct parser *s, struct name *name)
{
	struct part type;

	s->p += 2;
	name->is_special = true;
	return put_str(s, "operator ") && parse_type(s, &type);
}

/* One component: what it is called is written, and noted for a constructor that may follow. */
static bool parse_unqualified(struct parser *s, struct name *name)
{
	size_t start = s->n_text;
	char c = peek(s);
	bool ok;

	if (c == 'L') { /* of internal linkage: says nothing */
		s->p++;
		c = peek(s);
		if (!is_digit(c))
			return false;
	}
	name->is_special = false;
	if (c == 'C' || c == 'D')
		return parse_structor(s, name) && peek(s) != 'B';
	name->is_nameless = !is_digit(c);
	if (is_digit(c))
		ok = parse_source_name(s);
	else if (c == 'U')
		ok = parse_unnamed(s);
	else if (c == 'c' && peek_next(s) == 'v')
		ok = parse_conversion(s, name);
	else
		ok = parse_operator(s);
	name->last = part_from(s, start);
	if (peek(s) == 'B')
		name->is_nameless = true;
	return ok && parse_tags(s);
}

/* 42, 42u, true, (color)1 */
static bool parse_literal(struct parser *s)
{
	static const struct {
		char code;
		const char *suffix;
	} integers[] = { { 'i', "" }, { 'j', "u" }, { 'l', "l" }, { 'm', "ul" }, { 'x', "ll" }, { 'y', "ull" } };
	const char *suffix = NULL;
	char code = *s->p;
	struct part type;
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(integers) && !suffix; i++) {
		if (code == integers[i].code)
			suffix = integers[i].suffix;
	}
	if (code == 'b' && (s->p[1] == '0' || s->p[1] == '1') && s->p[2] == 'E') {
		s->p += 3;
		return put_str(s, s->p[-2] == '1' ? "true" : "false");
	}
	if (strchr("bfdeg_D", code))
		return false;
	if (suffix)
		s->p++;
	else if (!put_str(s, "(") || !parse_type(s, &type) || type.is_declarator || !put_str(s, ")"))
		return false;
	if (eat(s, 'n') && !put_str(s, "-"))
		return false;
	value = s->p;
	while (is_digit(peek(s)))
		s->p++;
	return s->p > value && put(s, value, (size_t)(s->p - value)) && put_str(s, suffix ? suffix : "") && eat(s, 'E');
}

static bool parse_argument(struct parser *s, struct part *ret)
{
	size_t start = s->n_text;

	if (peek(s) == 'X')
		return false; /* an expression */
	if (!eat(s, 'L'))
		return parse_type(s, ret) && !ret->pack;
	if (s->end - s->p < 3 || !parse_literal(s))
		return false;
	*ret = part_from(s, start);
	return true;
}

/* The arguments of one list, the elements of packs behind the pack. */
struct arguments {
	struct part all[MAX_ARGS];
	size_t n;
};

static bool add_argument(struct arguments *a, const struct part *part)
{
	if (a->n == MAX_ARGS)
		return false;
	a->all[a->n++] = *part;
	return true;
}

/* Whether something was written is told by ret; a comma only stands where it was. */
static bool parse_pack(struct parser *s, struct arguments *a, struct part *ret)
{
	size_t start = s->n_text, pack = a->n, n = 0;
	struct part element;

	if (!add_argument(a, &(struct part){ .size = 0 }))
		return false;
	while (!eat(s, 'E')) {
		if ((n > 0 && !put_str(s, ", ")) || peek(s) == 'J' || !parse_argument(s, &element) ||
		    element.size == 0 || !add_argument(a, &element))
			return false;
		n++;
	}
	a->all[pack] = part_from(s, start);
	a->all[pack].pack = (uint16_t)(n + 1);
	*ret = a->all[pack];
	return true;
}

/* ret_cut: a comma was taken back at the end. */
static bool parse_argument_list(struct parser *s, struct arguments *a, bool *ret_cut)
{
	size_t start = s->n_text;
	struct part part;

	*ret_cut = false;
	while (!eat(s, 'E')) {
		size_t before = s->n_text;

		if (before > start && !put_str(s, ", "))
			return false;
		if (eat(s, 'J')) {
			if (!parse_pack(s, a, &part))
				return false;
		} else if (!parse_argument(s, &part) || part.size == 0 || !add_argument(a, &part)) {
			return false;
		}
		if (part.size == 0 && peek(s) != 'E')
			return false; /* libiberty writes commas around nothing */
		*ret_cut = part.size == 0 && before > start;
		if (part.size == 0)
			s->n_text = before;
	}
	return true;
}

/* <int, char>; the arguments become those of T_ where ret is given. */
static bool parse_arguments(struct parser *s, struct arguments *ret)
{
	struct arguments unused, *a = ret ? ret : &unused;
	bool is_cut;

	a->n = 0;
	if (s->depth++ > MAX_DEPTH || !eat(s, 'I') || s->text[s->n_text - 1] == '<')
		return false;
	if (!put_str(s, "<") || !parse_argument_list(s, a, &is_cut))
		return false;
	s->depth--;
	return put_str(s, s->text[s->n_text - 1] == '>' && !is_cut ? " >" : ">"); /* as libiberty has it */
}

/* S_, St, Ss, ...: ret_kind is the letter behind the S, or _. */
static bool parse_substitution(struct parser *s, struct part *ret, char *ret_kind)
{
	static const struct {
		char kind;
		const char *text;
	} known[] = {
		{ 't', "std" },           { 'a', "std::allocator" }, { 'b', "std::basic_string" },
		{ 's', "std::string" },   { 'i', "std::istream" },   { 'o', "std::ostream" },
		{ 'd', "std::iostream" },
	};
	size_t start = s->n_text, number;

	s->p++;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (peek(s) != known[i].kind)
			continue;
		*ret_kind = *s->p++;
		if (!put_str(s, known[i].text) || peek(s) == 'B')
			return false;
		*ret = part_from(s, start);
		return true;
	}
	*ret_kind = '_';
	if (!parse_sequence(s, 36, &number) || number >= s->n_parts || !put_part(s, &s->parts[number]))
		return false;
	*ret = s->parts[number];
	ret->start = (uint16_t)start;
	return true;
}

/* The last component of a class by its text, for a constructor: "b" of "a::b<c::d>". False: no plain name. */
static bool find_last(const struct parser *s, const struct part *part, struct part *ret)
{
	size_t end = part->start + part->size, at = end, depth = 0;

	while (at > part->start) {
		char c = s->text[at - 1];

		if (c == '>')
			depth++;
		else if (c == '<' && --depth == 0)
			end = at - 1;
		else if (depth == 0 && c == ':')
			break;
		else if (depth == 0 && strchr("()[]{}# *&,", c))
			return false;
		at--;
	}
	*ret = (struct part){ .start = (uint16_t)at, .size = (uint16_t)(end - at) };
	return depth == 0 && at < end;
}

/* std::string and its like have a long name, which their constructors are told by: not here. */
static bool start_prefix(struct parser *s, struct name *name)
{
	char kind;

	if (!parse_substitution(s, &name->whole, &kind) || name->whole.is_declarator)
		return false;
	name->is_nameless = !strchr("_ab", kind) || !find_last(s, &name->whole, &name->last);
	return true;
}

/* The components of a nested name, up to its E. */
static bool parse_prefix(struct parser *s, struct name *name, struct arguments *args)
{
	size_t start = s->n_text;
	bool is_known = true;

	name->is_template = false;
	for (bool first = true; peek(s) != 'E'; first = false) {
		if (s->p >= s->end)
			return false;
		is_known = first && peek(s) == 'S';
		if (is_known) {
			if (!start_prefix(s, name))
				return false;
		} else if (peek(s) == 'I') {
			if (first || name->is_template || name->is_special || !parse_arguments(s, args))
				return false;
			name->is_template = true;
		} else {
			if (peek(s) == 'T' || (!first && !put_str(s, "::")) || !parse_unqualified(s, name))
				return false;
			name->is_template = false;
		}
		name->whole = part_from(s, start);
		if (!is_known && peek(s) != 'E' && !remember(s, &name->whole))
			return false;
	}
	s->p++;
	return !is_known;
}

static bool is_qualifier(char c)
{
	return c == 'r' || c == 'V' || c == 'K' || c == 'R' || c == 'O';
}

static bool parse_nested(struct parser *s, struct name *ret, struct arguments *args)
{
	s->p++;
	ret->qualifiers = "";
	if (peek(s) == 'K') {
		ret->qualifiers = " const";
		s->p++;
	}
	if (is_qualifier(peek(s)))
		return false;
	return parse_prefix(s, ret, args);
}

/* foo(int)::bar */
static bool parse_local(struct parser *s, struct name *ret)
{
	size_t start = s->n_text;
	struct part function;

	s->p++;
	if (!parse_encoding(s, true, &function) || !eat(s, 'E') || peek(s) == 's' || peek(s) == 'd' ||
	    !put_str(s, "::") || !parse_name(s, ret))
		return false;
	/* Which one of its kind is not told; __12_, for more than ten, is rare. */
	if (eat(s, '_')) {
		if (!is_digit(peek(s)) || is_digit(peek_next(s)))
			return false;
		s->p++;
	}
	ret->whole = part_from(s, start);
	return true;
}

static bool parse_unscoped(struct parser *s, struct name *ret, struct arguments *args)
{
	size_t start = s->n_text;
	bool is_known = false;
	char kind;

	if (peek(s) == 'S' && peek_next(s) != 't') {
		if (!parse_substitution(s, &ret->whole, &kind) || ret->whole.is_declarator || peek(s) != 'I')
			return false;
		is_known = true;
	} else {
		if (peek(s) == 'S' && (!parse_substitution(s, &ret->whole, &kind) || !put_str(s, "::")))
			return false;
		if (peek(s) == 'C' || peek(s) == 'D' || !parse_unqualified(s, ret))
			return false;
	}
	ret->whole = part_from(s, start);
	ret->is_template = peek(s) == 'I';
	if (!ret->is_template)
		return true;
	if (ret->is_special || (!is_known && !remember(s, &ret->whole)) || !parse_arguments(s, args))
		return false;
	ret->whole = part_from(s, start);
	return true;
}

/* Its template arguments stay in s->args where it is the name of a function. */
static bool parse_name(struct parser *s, struct name *ret)
{
	struct arguments args; /* large: not cleared */
	bool ok;

	if (s->depth++ > MAX_DEPTH)
		return false;
	args.n = 0;
	*ret = (struct name){ .qualifiers = "" };
	if (peek(s) == 'Z')
		ok = parse_local(s, ret);
	else if (peek(s) == 'N')
		ok = parse_nested(s, ret, &args);
	else
		ok = parse_unscoped(s, ret, &args);
	s->depth--;
	if (!ok)
		return false;
	if (ret->is_template && args.n > 0 && s->in_name) {
		memcpy(s->args, args.all, args.n * sizeof(*args.all));
		s->n_args = args.n;
	}
	return true;
}

static const char *builtin(char code)
{
	static const char *const names[] = {
		['v'] = "void",        ['w'] = "wchar_t",
		['b'] = "bool",        ['c'] = "char",
		['a'] = "signed char", ['h'] = "unsigned char",
		['s'] = "short",       ['t'] = "unsigned short",
		['i'] = "int",         ['j'] = "unsigned int",
		['l'] = "long",        ['m'] = "unsigned long",
		['x'] = "long long",   ['y'] = "unsigned long long",
		['n'] = "__int128",    ['o'] = "unsigned __int128",
		['f'] = "float",       ['d'] = "double",
		['e'] = "long double", ['g'] = "__float128",
		['z'] = "...",
	};

	return (unsigned char)code < ARRAY_SIZE(names) ? names[(unsigned char)code] : NULL;
}

/* T_: the argument, or of a pack the element that is meant. */
static bool parse_parameter(struct parser *s, struct part *ret)
{
	size_t start = s->n_text, number, i = 0;
	const struct part *arg;

	s->p++;
	if (s->in_name || !s->has_args || !parse_sequence(s, 10, &number))
		return false;
	for (; i < s->n_args && number > 0; number--)
		i += s->args[i].pack ? s->args[i].pack : 1;
	if (i >= s->n_args || peek(s) == 'I')
		return false;
	arg = &s->args[i];
	if (arg->pack) {
		if (!s->in_pattern)
			return false;
		s->pack_size = arg->pack - 1u;
		if (s->pack_at < s->pack_size)
			arg = &s->args[i + 1 + s->pack_at];
	}
	if (!put_part(s, arg))
		return false;
	*ret = *arg;
	ret->start = (uint16_t)start;
	ret->pack = 0;
	return remember(s, ret);
}

/* Dp: the pattern once for each element of its pack. */
static bool parse_expansion(struct parser *s, struct part *ret)
{
	const char *pattern = s->p + 2;
	size_t start = s->n_text, n_parts;
	struct part type;

	if (s->in_pattern)
		return false;
	s->in_pattern = true;
	s->pack_at = 0;
	s->pack_size = SIZE_MAX;
	s->p = pattern;
	if (!parse_type(s, &type) || s->pack_size == SIZE_MAX)
		return false;
	n_parts = s->n_parts;
	if (s->pack_size == 0)
		s->n_text = start;
	for (s->pack_at = 1; s->pack_at < s->pack_size; s->pack_at++) {
		s->p = pattern;
		if (!put_str(s, ", ") || !parse_type(s, &type))
			return false;
	}
	s->n_parts = n_parts;
	*ret = part_from(s, start);
	ret->pack = 1;
	if (!remember(s, ret))
		return false;
	s->in_pattern = false;
	return true;
}

/* void (*)(int), behind the P, R or O. */
static bool parse_function(struct parser *s, const char *mark, struct part *ret)
{
	size_t start = s->n_text;
	struct part type;

	s->p++;
	if (peek(s) == 'Y' || !parse_type(s, &type) || type.is_declarator || !put_str(s, " (") || !put_str(s, mark) ||
	    !put_str(s, ")(") || !parse_parameters(s, 'E') || !eat(s, 'E') || !put_str(s, ")"))
		return false;
	*ret = part_from(s, start);
	ret->is_unusable = true; /* without the mark it would read another way */
	if (!remember(s, ret))
		return false;
	ret->is_unusable = false;
	ret->is_declarator = true;
	return remember(s, ret);
}

static bool parse_pointer(struct parser *s, struct part *ret)
{
	size_t start = s->n_text;
	char code = *s->p++;
	const char *mark = code == 'P' ? "*" : code == 'R' ? "&" : "&&";

	if (peek(s) == 'F')
		return parse_function(s, mark, ret);
	if (peek(s) == 'R' || peek(s) == 'O')
		return false;
	if (!parse_type(s, ret) || ret->is_declarator || ret->pack || ret->size == 0)
		return ret->size == 0 && s->in_pattern && s->pack_size == 0 && !ret->is_declarator && remember(s, ret);
	if (s->text[s->n_text - 1] == '&') { /* a reference to a reference is the lesser one */
		if (code == 'P')
			return false;
		if (code == 'R' && s->text[s->n_text - 2] == '&')
			s->n_text--;
	} else if (!put_str(s, mark)) {
		return false;
	}
	*ret = part_from(s, start);
	return remember(s, ret);
}

static bool parse_const(struct parser *s, struct part *ret)
{
	static const char word[] = " const";
	size_t start = s->n_text;

	s->p++;
	if (is_qualifier(peek(s)) || !parse_type(s, ret) || ret->is_declarator || ret->pack)
		return false;
	if (ret->size == 0)
		return s->in_pattern && s->pack_size == 0 && remember(s, ret);
	if (s->text[s->n_text - 1] == '&' ||
	    (ret->size > strlen(word) && memcmp(s->text + s->n_text - strlen(word), word, strlen(word)) == 0))
		return false; /* of an argument that is one already */
	if (!put_str(s, word))
		return false;
	*ret = part_from(s, start);
	return remember(s, ret);
}

/* The template arguments of a type in a function's name know nothing of the function's own. */
static bool parse_class_name(struct parser *s, struct part *ret)
{
	bool in_name = s->in_name, has_args = s->has_args;
	struct name name;

	s->in_name = false;
	s->has_args = has_args && !in_name;
	if (!parse_name(s, &name) || name.qualifiers[0] || s->text[s->n_text - 1] == '&')
		return false; /* operator& is no type */
	s->in_name = in_name;
	s->has_args = has_args;
	*ret = name.whole;
	return remember(s, ret);
}

/* A class by its name, or what was named before. */
static bool parse_class(struct parser *s, struct part *ret)
{
	size_t start = s->n_text;
	char kind;

	if (peek(s) != 'S' || peek_next(s) == 't')
		return parse_class_name(s, ret);
	if (!parse_substitution(s, ret, &kind))
		return false;
	if (peek(s) != 'I')
		return true;
	if (ret->is_declarator || !parse_arguments(s, NULL))
		return false;
	*ret = part_from(s, start);
	return remember(s, ret);
}

static bool parse_special_type(struct parser *s, struct part *ret)
{
	static const struct {
		char code;
		const char *text;
	} types[] = { { 'n', "decltype(nullptr)" }, { 'i', "char32_t" }, { 's', "char16_t" }, { 'u', "char8_t" } };
	size_t start = s->n_text;

	if (peek_next(s) == 'p')
		return parse_expansion(s, ret);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (peek_next(s) == types[i].code) {
			s->p += 2;
			if (!put_str(s, types[i].text))
				return false;
			*ret = part_from(s, start);
			return true;
		}
	}
	return false;
}

static bool choose_type(struct parser *s, struct part *ret)
{
	const char *name = builtin(peek(s));
	size_t start = s->n_text;

	if (name) {
		s->p++;
		if (!put_str(s, name))
			return false;
		*ret = part_from(s, start);
		return true;
	}
	switch (peek(s)) {
	case 'P':
	case 'R':
	case 'O':
		return parse_pointer(s, ret);
	case 'K':
		return parse_const(s, ret);
	case 'T':
		return parse_parameter(s, ret);
	case 'D':
		return parse_special_type(s, ret);
	case 'N':
	case 'Z':
	case 'S':
	case '1' ... '9':
		return parse_class(s, ret);
	default:
		return false;
	}
}

static bool parse_type(struct parser *s, struct part *ret)
{
	bool ok;

	*ret = (struct part){};
	if (s->depth++ > MAX_DEPTH)
		return false;
	ok = choose_type(s, ret);
	s->depth--;
	return ok;
}

static bool wants_return_type(const struct name *name)
{
	return name->is_template && !name->is_special;
}

static bool put_signature(struct parser *s, const struct name *name, bool is_local)
{
	return put_str(s, "(") && parse_parameters(s, is_local ? 'E' : 0) && put_str(s, ")") &&
	       put_str(s, name->qualifiers);
}

/* The return type of a template comes behind its name: both are written anew, in the order of C++. */
static bool write_template(struct parser *s, const struct name *name, struct part *ret)
{
	struct part type = {}, signature;
	size_t start;

	if (!parse_type(s, &type) || type.is_declarator || type.pack)
		return false;
	start = s->n_text;
	if (!put_signature(s, name, false))
		return false;
	signature = part_from(s, start);
	start = s->n_text;
	if (!put_part(s, &type) || !put_str(s, " ") || !put_part(s, &name->whole) || !put_part(s, &signature))
		return false;
	*ret = part_from(s, start);
	return true;
}

/* A local function has no return type in its name, but in its mangled one: rare, and not ours. */
static bool write_function(struct parser *s, const struct name *name, bool is_local, struct part *ret)
{
	if (wants_return_type(name))
		return !is_local && write_template(s, name, ret);
	if (!(is_local && peek(s) == 'E') && !put_signature(s, name, is_local)) /* C functions have no signature */
		return false;
	*ret = part_from(s, name->whole.start);
	return true;
}

static bool parse_function_name(struct parser *s, bool is_local, struct part *ret)
{
	struct name name;

	s->n_args = 0;
	s->in_name = true;
	if (!parse_name(s, &name))
		return false;
	s->in_name = false;
	s->has_args = name.is_template;
	return s->p < s->end && write_function(s, &name, is_local, ret);
}

/* A function of its own, with template arguments of its own; that around it goes on with its own afterwards. */
static bool parse_encoding(struct parser *s, bool is_local, struct part *ret)
{
	struct part own_args[MAX_ARGS], *args = s->args;
	bool has_args = s->has_args, in_name = s->in_name, ok;
	size_t n_args = s->n_args;

	s->args = own_args;
	ok = parse_function_name(s, is_local, ret);
	s->args = args;
	s->n_args = n_args;
	s->has_args = has_args;
	s->in_name = in_name;
	return ok;
}

/* What the compiler made of a function: .part.0 is " [clone .part.0]". */
static bool parse_clones(struct parser *s, struct part *ret)
{
	size_t start = s->n_text;

	while (s->p < s->end) {
		const char *clone = s->p++;

		if (peek(s) == '_' || (peek(s) >= 'a' && peek(s) <= 'z')) {
			while (peek(s) == '_' || (peek(s) >= 'a' && peek(s) <= 'z'))
				s->p++;
		} else if (!is_digit(peek(s))) {
			return false;
		} else {
			s->p--;
		}
		while (peek(s) == '.' && is_digit(peek_next(s))) {
			for (s->p += 2; is_digit(peek(s)); s->p++)
				;
		}
		if ((s->p < s->end && *s->p != '.') || !put_str(s, " [clone ") ||
		    !put(s, clone, (size_t)(s->p - clone)) || !put_str(s, "]"))
			return false;
	}
	*ret = part_from(s, start);
	return true;
}

bool demangle_cpp(const char *name, size_t size, char *ret, size_t ret_size)
{
	char text[TEXT_BYTES];
	struct part parts[MAX_PARTS], function;
	struct parser s = { .p = name + 2, .text = text, .parts = parts };
	const char *suffix = memchr(name, '.', size);
	struct part clones;

	if (size < 4 || name[0] != '_' || name[1] != 'Z')
		return false;
	s.end = suffix ? suffix : name + size;
	if (!parse_encoding(&s, false, &function) || s.p != s.end)
		return false;
	s.end = name + size;
	if (!parse_clones(&s, &clones) || function.size + clones.size >= ret_size)
		return false;
	memcpy(ret, text + function.start, function.size);
	memcpy(ret + function.size, text + clones.start, clones.size);
	ret[function.size + clones.size] = 0;
	return true;
}
