// SPDX-License-Identifier: Apache-2.0
/* Names of functions and classes, component by component. */
#include "symbolizer/cpp-parser.h"

#include "common/clean.h"

static bool parse_number(struct cpp_parser *s, size_t *ret)
{
	size_t n = 0;

	if (!is_digit(cursor_peek(&s->in)))
		return false;
	while (is_digit(cursor_peek(&s->in)) && n < 100000)
		n = n * 10 + (size_t)(*s->in.p++ - '0');
	*ret = n;
	return true;
}

/* What comes between S or T and _: nothing is 0, 0 is 1. */
bool cpp_parse_sequence(struct cpp_parser *s, unsigned int base, size_t *ret)
{
	size_t n = 0;

	if (cursor_eat(&s->in, '_')) {
		*ret = 0;
		return true;
	}
	while (cursor_peek(&s->in) != '_') {
		char c = cursor_peek(&s->in);

		if (is_digit(c))
			n = n * base + (size_t)(c - '0');
		else if (base == 36 && c >= 'A' && c <= 'Z')
			n = n * base + (size_t)(c - 'A') + 10;
		else
			return false;
		if (n > CPP_MAX_PARTS)
			return false;
		s->in.p++;
	}
	s->in.p++;
	*ret = n + 1;
	return true;
}

static bool parse_source_name(struct cpp_parser *s)
{
	size_t size;

	if (!parse_number(s, &size) || size == 0 || size > (size_t)(s->in.end - s->in.p))
		return false;
	if (size >= 10 && memcmp(s->in.p, "_GLOBAL_", 8) == 0 && strchr("._$", s->in.p[8]) && s->in.p[9] == 'N') {
		s->in.p += size;
		return cpp_put_str(s, "(anonymous namespace)");
	}
	s->in.p += size;
	return cpp_put(s, s->in.p - size, size);
}

/* [abi:cxx11] */
static bool parse_tags(struct cpp_parser *s)
{
	while (cursor_eat(&s->in, 'B'))
		if (!cpp_put_str(s, "[abi:") || !parse_source_name(s) || !cpp_put_str(s, "]"))
			return false;
	return true;
}

static bool parse_operator(struct cpp_parser *s)
{
	static const char codes[][2] = {
		{ 'n', 'w' }, { 'n', 'a' }, { 'd', 'l' }, { 'd', 'a' }, { 'c', 'l' }, { 'i', 'x' }, { 'e', 'q' },
		{ 'n', 'e' }, { 'a', 'S' }, { 'p', 'l' }, { 'm', 'i' }, { 'm', 'l' }, { 'd', 'v' }, { 'r', 'm' },
		{ 'p', 'L' }, { 'm', 'I' }, { 'p', 'p' }, { 'm', 'm' }, { 'p', 't' }, { 'd', 'e' }, { 'n', 't' },
		{ 'g', 't' }, { 'g', 'e' }, { 'l', 'e' }, { 'o', 'r' }, { 'a', 'n' }, { 'o', 'o' }, { 'a', 'a' },
		{ 'r', 's' }, { 'o', 'R' }, { 'a', 'N' }, { 'n', 'g' }, { 'a', 'd' }, { 's', 's' }, { 'l', 's' },
		{ 'l', 't' }, { 'l', 'S' }, { 'r', 'S' }, { 'm', 'L' }, { 'd', 'V' }, { 'e', 'o' }, { 'c', 'o' },
	};
	static const char *const names[] = {
		" new", " new[]", " delete", " delete[]", "()", "[]",  "==", "!=", "=",   "+",   "-",  "*",  "/",  "%",
		"+=",   "-=",     "++",      "--",        "->", "*",   "!",  ">",  ">=",  "<=",  "|",  "&",  "||", "&&",
		">>",   "|=",     "&=",      "-",         "&",  "<=>", "<<", "<",  "<<=", ">>=", "*=", "/=", "^",  "~",
	};

	_Static_assert(ARRAY_SIZE(codes) == ARRAY_SIZE(names), "a name for each code");
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (cursor_peek(&s->in) == codes[i][0] && cursor_peek_next(&s->in) == codes[i][1]) {
			s->in.p += 2;
			return cpp_put_str(s, "operator") && cpp_put_str(s, names[i]);
		}
	}
	return false;
}

static bool put_decimal(struct cpp_parser *s, size_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	return cpp_put(s, digits + at, sizeof(digits) - at);
}

/* {lambda(int)#1}, {unnamed type#1} */
static bool parse_unnamed(struct cpp_parser *s)
{
	bool is_lambda = cursor_peek_next(&s->in) == 'l', in_name = s->in_name, in_lambda = s->in_lambda;
	struct cpp_part part;
	size_t start = s->n_text, number;

	if (!is_lambda && cursor_peek_next(&s->in) != 't')
		return false;
	s->in.p += 2;
	if (is_lambda && s->has_met_args && !(cursor_peek(&s->in) == 'v' && cursor_peek_next(&s->in) == 'E'))
		return false; /* libiberty calls what stands for a T_ auto here */
	if (!cpp_put_str(s, is_lambda ? "{lambda(" : "{unnamed type#"))
		return false;
	s->in_name = true; /* its T_ are its own: auto */
	s->in_lambda = true;
	if (is_lambda && (!cpp_parse_parameters(s, 'E') || !cursor_eat(&s->in, 'E') || !cpp_put_str(s, ")#")))
		return false;
	s->in_lambda = in_lambda;
	s->in_name = in_name;
	if (!cpp_parse_sequence(s, 10, &number) || !put_decimal(s, number + 1) || !cpp_put_str(s, "}"))
		return false;
	part = cpp_part_from(s, start);
	return is_lambda || cpp_remember(s, &part);
}

static bool parse_structor(struct cpp_parser *s, struct cpp_name *name)
{
	char kind = cursor_peek_next(&s->in);

	if (name->is_nameless || name->last.size == 0 || !strchr(cursor_peek(&s->in) == 'C' ? "1235" : "01245", kind) ||
	    kind == 0)
		return false;
	if (*s->in.p == 'D' && !cpp_put_str(s, "~"))
		return false;
	s->in.p += 2;
	name->is_special = true;
	return cpp_put_part(s, &name->last);
}

static bool parse_conversion(struct cpp_parser *s, struct cpp_name *name)
{
	bool in_name = s->in_name;
	struct cpp_part type;

	s->in.p += 2;
	name->is_special = true;
	s->in_name = true; /* its T_ are those of the template around it */
	if (!cpp_put_str(s, "operator ") || !cpp_parse_type(s, &type) || type.is_declarator)
		return false;
	s->in_name = in_name;
	return true;
}

/* One component: what it is called is written, and noted for a constructor that may follow. */
static bool parse_unqualified(struct cpp_parser *s, struct cpp_name *name)
{
	size_t start = s->n_text;
	char c = cursor_peek(&s->in);
	bool ok;

	if (c == 'L') { /* of internal linkage: says nothing */
		s->in.p++;
		c = cursor_peek(&s->in);
		if (!is_digit(c))
			return false;
	}
	name->is_special = false;
	if (c == 'C' || c == 'D')
		return parse_structor(s, name) && cursor_peek(&s->in) != 'B';
	name->is_nameless = !is_digit(c);
	if (is_digit(c))
		ok = parse_source_name(s);
	else if (c == 'U')
		ok = parse_unnamed(s);
	else if (c == 'c' && cursor_peek_next(&s->in) == 'v')
		ok = parse_conversion(s, name);
	else
		ok = parse_operator(s);
	name->last = cpp_part_from(s, start);
	if (cursor_peek(&s->in) == 'B')
		name->is_nameless = true;
	return ok && parse_tags(s);
}

/* S_, St, Ss, ...: ret_kind is the letter behind the S, or _. */
bool cpp_parse_substitution(struct cpp_parser *s, struct cpp_part *ret, char *ret_kind)
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

	s->in.p++;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (cursor_peek(&s->in) != known[i].kind)
			continue;
		*ret_kind = *s->in.p++;
		if (!cpp_put_str(s, known[i].text) || cursor_peek(&s->in) == 'B')
			return false;
		*ret = cpp_part_from(s, start);
		return true;
	}
	*ret_kind = '_';
	if (!cpp_parse_sequence(s, 36, &number) || number >= s->n_parts || !cpp_put_part(s, &s->parts[number]))
		return false;
	*ret = s->parts[number];
	ret->start = (uint16_t)start;
	return true;
}

/*
 * A constructor right behind it is called by its last component: of std::allocator and std::basic_string. std::string
 * and its like have a long name for that, and behind S_ libiberty takes the component that was read before: not here.
 */
static bool start_prefix(struct cpp_parser *s, struct cpp_name *name)
{
	static const char std[] = "std::";
	char kind;

	if (!cpp_parse_substitution(s, &name->whole, &kind) || name->whole.is_declarator ||
	    cpp_is_const(s, &name->whole))
		return false;
	name->is_nameless = kind != 'a' && kind != 'b';
	if (!name->is_nameless)
		name->last = cpp_part_from(s, name->whole.start + strlen(std));
	return true;
}

/* The components of a nested name, up to its E. */
static bool parse_prefix(struct cpp_parser *s, struct cpp_name *name, struct cpp_arguments *args)
{
	size_t start = s->n_text;
	bool is_known = true;

	name->is_template = false;
	for (bool first = true; cursor_peek(&s->in) != 'E'; first = false) {
		if (s->in.p >= s->in.end)
			return false;
		is_known = first && cursor_peek(&s->in) == 'S';
		if (is_known) {
			if (!start_prefix(s, name))
				return false;
		} else if (cursor_peek(&s->in) == 'I') {
			if (first || name->is_template || name->is_special || !cpp_parse_arguments(s, args))
				return false;
			name->is_template = true;
		} else {
			if (cursor_peek(&s->in) == 'T' || (!first && !cpp_put_str(s, "::")) ||
			    !parse_unqualified(s, name))
				return false;
			name->is_template = false;
		}
		name->whole = cpp_part_from(s, start);
		if (!is_known && cursor_peek(&s->in) != 'E' && !cpp_remember(s, &name->whole))
			return false;
	}
	s->in.p++;
	return !is_known;
}

static bool parse_nested(struct cpp_parser *s, struct cpp_name *ret, struct cpp_arguments *args)
{
	s->in.p++;
	ret->qualifiers = "";
	if (cursor_peek(&s->in) == 'K') {
		ret->qualifiers = " const";
		s->in.p++;
	}
	if (cpp_is_qualifier(cursor_peek(&s->in)))
		return false;
	return parse_prefix(s, ret, args);
}

/* foo(int)::bar */
static bool parse_local(struct cpp_parser *s, struct cpp_name *ret)
{
	size_t start = s->n_text;
	struct cpp_part function;
	char first;

	s->in.p++;
	if (!cpp_parse_encoding(s, true, &function) || !cursor_eat(&s->in, 'E'))
		return false;
	first = cursor_peek(&s->in);
	if (first == 's' || first == 'd' || !cpp_put_str(s, "::") || !cpp_parse_name(s, ret))
		return false;
	if (first == 'Z' && (ret->is_template || ret->qualifiers[0]))
		return false; /* libiberty looks for either in the first function's name only */
	/* Which one of its kind is not told; __12_, for more than ten, is rare. Behind a lambda is none. */
	if (cursor_eat(&s->in, '_')) {
		if (s->text[ret->whole.start] == '{' || !is_digit(cursor_peek(&s->in)) ||
		    is_digit(cursor_peek_next(&s->in)))
			return false;
		s->in.p++;
	}
	ret->whole = cpp_part_from(s, start);
	return true;
}

static bool parse_unscoped(struct cpp_parser *s, struct cpp_name *ret, struct cpp_arguments *args)
{
	bool is_known = false, is_unnamed = cursor_peek(&s->in) == 'U';
	size_t start = s->n_text;
	char kind;

	if (cursor_peek(&s->in) == 'S' && cursor_peek_next(&s->in) != 't') {
		if (!cpp_parse_substitution(s, &ret->whole, &kind) || ret->whole.is_declarator ||
		    cursor_peek(&s->in) != 'I')
			return false;
		is_known = true;
	} else {
		if (cursor_peek(&s->in) == 'S' &&
		    (!cpp_parse_substitution(s, &ret->whole, &kind) || !cpp_put_str(s, "::")))
			return false;
		if (cursor_peek(&s->in) == 'C' || cursor_peek(&s->in) == 'D' || !parse_unqualified(s, ret))
			return false;
	}
	ret->whole = cpp_part_from(s, start);
	ret->is_template = cursor_peek(&s->in) == 'I';
	if (!ret->is_template)
		return true;
	if (ret->is_special || is_unnamed || (!is_known && !cpp_remember(s, &ret->whole)) ||
	    !cpp_parse_arguments(s, args))
		return false;
	ret->whole = cpp_part_from(s, start);
	return true;
}

/* Its template arguments stay in s->args where it is the name of a function. */
bool cpp_parse_name(struct cpp_parser *s, struct cpp_name *ret)
{
	struct cpp_arguments args; /* large: not cleared */
	bool ok;

	if (s->depth++ > CPP_MAX_DEPTH)
		return false;
	args.n = 0;
	*ret = (struct cpp_name){ .qualifiers = "" };
	if (cursor_peek(&s->in) == 'Z')
		ok = parse_local(s, ret);
	else if (cursor_peek(&s->in) == 'N')
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
