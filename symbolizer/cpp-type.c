// SPDX-License-Identifier: Apache-2.0
/* Types, as parameters and as template arguments. */
#include "symbolizer/cpp-parser.h"

#include "common/clean.h"

/* Parameters up to E; (void) is (). */
bool cpp_parse_parameters(struct cpp_parser *s, char end)
{
	size_t start = s->n_text;
	struct cpp_part type;

	if (cursor_peek(&s->in) == 'v' && (end ? cursor_peek_next(&s->in) == end : s->in.end - s->in.p == 1)) {
		s->in.p++;
		return true;
	}
	if (s->in.p >= s->in.end || cursor_peek(&s->in) == end)
		return false;
	while (end ? cursor_peek(&s->in) != end : s->in.p < s->in.end) {
		size_t before = s->n_text;

		if (before > start && !cpp_put_str(s, ", "))
			return false;
		if (!cpp_parse_type(s, &type))
			return false;
		if (type.size == 0 && (end ? cursor_peek(&s->in) != end : s->in.p < s->in.end))
			return false; /* an empty pack: libiberty writes commas around nothing */
		if (type.size == 0)
			s->n_text = before;
	}
	return true;
}

/* 42, 42u, true, (color)1 */
static bool parse_literal(struct cpp_parser *s)
{
	static const struct {
		char code;
		const char *suffix;
	} integers[] = { { 'i', "" }, { 'j', "u" }, { 'l', "l" }, { 'm', "ul" }, { 'x', "ll" }, { 'y', "ull" } };
	const char *suffix = NULL;
	char code = *s->in.p;
	struct cpp_part type;
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(integers) && !suffix; i++) {
		if (code == integers[i].code)
			suffix = integers[i].suffix;
	}
	if (code == 'b' && (s->in.p[1] == '0' || s->in.p[1] == '1') && s->in.p[2] == 'E') {
		s->in.p += 3;
		return cpp_put_str(s, s->in.p[-2] == '1' ? "true" : "false");
	}
	if (strchr("bfdeg_DZ", code))
		return false; /* _ and Z: a function */
	if (suffix)
		s->in.p++;
	else if (!cpp_put_str(s, "(") || !cpp_parse_type(s, &type) || type.is_declarator || !cpp_put_str(s, ")"))
		return false;
	if (cursor_eat(&s->in, 'n') && !cpp_put_str(s, "-"))
		return false;
	value = s->in.p;
	while (is_digit(cursor_peek(&s->in)))
		s->in.p++;
	return s->in.p > value && cpp_put(s, value, (size_t)(s->in.p - value)) &&
	       cpp_put_str(s, suffix ? suffix : "") && cursor_eat(&s->in, 'E');
}

static bool parse_argument(struct cpp_parser *s, struct cpp_part *ret)
{
	size_t start = s->n_text;

	if (cursor_peek(&s->in) == 'X')
		return false; /* an expression */
	if (!cursor_eat(&s->in, 'L'))
		return cpp_parse_type(s, ret) && !ret->pack;
	if (s->in.end - s->in.p < 3 || !parse_literal(s))
		return false;
	*ret = cpp_part_from(s, start);
	return true;
}

static bool add_argument(struct cpp_arguments *a, const struct cpp_part *part)
{
	if (a->n == CPP_MAX_ARGS)
		return false;
	a->all[a->n++] = *part;
	return true;
}

/* Whether something was written is told by ret; a comma only stands where it was. */
static bool parse_pack(struct cpp_parser *s, struct cpp_arguments *a, struct cpp_part *ret)
{
	size_t start = s->n_text, pack = a->n, n = 0;
	struct cpp_part element;

	if (!add_argument(a, &(struct cpp_part){ .size = 0 }))
		return false;
	while (!cursor_eat(&s->in, 'E')) {
		if ((n > 0 && !cpp_put_str(s, ", ")) || cursor_peek(&s->in) == 'J' || !parse_argument(s, &element) ||
		    element.size == 0 || !add_argument(a, &element))
			return false;
		n++;
	}
	a->all[pack] = cpp_part_from(s, start);
	a->all[pack].pack = (uint16_t)(n + 1);
	*ret = a->all[pack];
	return true;
}

/* ret_cut: a comma was taken back at the end. */
static bool parse_argument_list(struct cpp_parser *s, struct cpp_arguments *a, bool *ret_cut)
{
	size_t start = s->n_text;
	struct cpp_part part;

	*ret_cut = false;
	while (!cursor_eat(&s->in, 'E')) {
		size_t before = s->n_text;

		if (before > start && !cpp_put_str(s, ", "))
			return false;
		if (cursor_eat(&s->in, 'J')) {
			if (!parse_pack(s, a, &part))
				return false;
		} else if (!parse_argument(s, &part) || part.size == 0 || !add_argument(a, &part)) {
			return false;
		}
		if (part.size == 0 && cursor_peek(&s->in) != 'E')
			return false; /* libiberty writes commas around nothing */
		*ret_cut = part.size == 0 && before > start;
		if (part.size == 0)
			s->n_text = before;
	}
	return true;
}

/* <int, char>; the arguments become those of T_ where ret is given. */
bool cpp_parse_arguments(struct cpp_parser *s, struct cpp_arguments *ret)
{
	struct cpp_arguments unused, *a = ret ? ret : &unused;
	bool is_cut;

	a->n = 0;
	if (s->depth++ > CPP_MAX_DEPTH || !cursor_eat(&s->in, 'I') || s->text[s->n_text - 1] == '<')
		return false;
	if (!cpp_put_str(s, "<") || !parse_argument_list(s, a, &is_cut))
		return false;
	s->depth--;
	return cpp_put_str(s, s->text[s->n_text - 1] == '>' && !is_cut ? " >" : ">"); /* as libiberty has it */
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
static bool parse_parameter(struct cpp_parser *s, struct cpp_part *ret)
{
	size_t start = s->n_text, number, i = 0;
	const struct cpp_part *arg;

	s->in.p++;
	if (s->in_name || !s->has_args || !cpp_parse_sequence(s, 10, &number))
		return false;
	for (; i < s->n_args && number > 0; number--)
		i += s->args[i].pack ? s->args[i].pack : 1;
	if (i >= s->n_args || cursor_peek(&s->in) == 'I')
		return false;
	arg = &s->args[i];
	if (arg->pack) {
		if (!s->in_pattern || (s->pack_size != SIZE_MAX && s->pack_size != arg->pack - 1u))
			return false;
		s->pack_size = arg->pack - 1u;
		if (s->pack_at < s->pack_size)
			arg = &s->args[i + 1 + s->pack_at];
	}
	if (!cpp_put_part(s, arg))
		return false;
	s->has_met_args = true;
	*ret = *arg;
	ret->pack = 0;
	if (!cpp_remember(s, ret)) /* where it was written first: parse_pointer() may cut what is written here */
		return false;
	ret->start = (uint16_t)start;
	return true;
}

/* Dp: the pattern once for each element of its pack. */
static bool parse_expansion(struct cpp_parser *s, struct cpp_part *ret)
{
	const char *pattern = s->in.p + 2;
	size_t start = s->n_text, n_parts;
	struct cpp_part type;

	if (s->in_pattern)
		return false;
	s->in_pattern = true;
	s->pack_at = 0;
	s->pack_size = SIZE_MAX;
	s->in.p = pattern;
	if (!cpp_parse_type(s, &type) || s->pack_size == SIZE_MAX)
		return false;
	n_parts = s->n_parts;
	if (s->pack_size == 0)
		s->n_text = start;
	for (s->pack_at = 1; s->pack_at < s->pack_size; s->pack_at++) {
		s->in.p = pattern;
		if (!cpp_put_str(s, ", ") || !cpp_parse_type(s, &type))
			return false;
	}
	s->n_parts = n_parts;
	*ret = cpp_part_from(s, start);
	ret->pack = 1;
	if (!cpp_remember(s, ret))
		return false;
	s->in_pattern = false;
	return true;
}

/* void (*)(int), behind the P, R or O; without a mark void (int). */
static bool parse_function(struct cpp_parser *s, const char *mark, struct cpp_part *ret)
{
	size_t start = s->n_text;
	struct cpp_part type;

	s->in.p++;
	if (s->in_lambda)
		return false; /* libiberty puts inside what is added to the lambda, too */
	if (cursor_peek(&s->in) == 'Y' || !cpp_parse_type(s, &type) || type.is_declarator || !cpp_put_str(s, " (") ||
	    (mark[0] && (!cpp_put_str(s, mark) || !cpp_put_str(s, ")("))) || !cpp_parse_parameters(s, 'E') ||
	    !cursor_eat(&s->in, 'E') || !cpp_put_str(s, ")"))
		return false;
	*ret = cpp_part_from(s, start);
	ret->is_unusable = true; /* without the mark it would read another way */
	if (mark[0] && !cpp_remember(s, ret))
		return false;
	ret->is_unusable = false;
	ret->is_declarator = true;
	return cpp_remember(s, ret);
}

static bool parse_pointer(struct cpp_parser *s, struct cpp_part *ret)
{
	size_t start = s->n_text;
	char code = *s->in.p++;
	const char *mark = code == 'P' ? "*" : code == 'R' ? "&" : "&&";

	if (cursor_peek(&s->in) == 'F')
		return parse_function(s, mark, ret);
	if (cursor_peek(&s->in) == 'R' || cursor_peek(&s->in) == 'O')
		return false;
	if (!cpp_parse_type(s, ret) || ret->is_declarator || ret->pack)
		return false;
	if (ret->size == 0)
		return s->in_pattern && s->pack_size == 0 && cpp_remember(s, ret);
	if (ret->is_reference) { /* a reference to a reference is the lesser one */
		if (code == 'P' || ret->is_collapsed)
			return false;
		if (code == 'R' && s->text[s->n_text - 2] == '&')
			s->n_text--;
		*ret = cpp_part_from(s, start);
		ret->is_collapsed = true;
	} else {
		if (!cpp_put_str(s, mark))
			return false;
		*ret = cpp_part_from(s, start);
	}
	ret->is_reference = code != 'P';
	return cpp_remember(s, ret);
}

static bool parse_const(struct cpp_parser *s, struct cpp_part *ret)
{
	size_t start = s->n_text;

	s->in.p++;
	if (cpp_is_qualifier(cursor_peek(&s->in)) || !cpp_parse_type(s, ret) || ret->is_declarator || ret->pack)
		return false;
	if (ret->size == 0)
		return s->in_pattern && s->pack_size == 0 && cpp_remember(s, ret);
	if (ret->is_reference || cpp_is_const(s, ret))
		return false; /* of an argument that is one already */
	if (!cpp_put_str(s, " const"))
		return false;
	*ret = cpp_part_from(s, start);
	return cpp_remember(s, ret);
}

/* The template arguments of a type in a function's name know nothing of the function's own. */
static bool parse_class_name(struct cpp_parser *s, struct cpp_part *ret)
{
	bool in_name = s->in_name, has_args = s->has_args;
	struct cpp_name name;

	s->in_name = false;
	s->has_args = has_args && !in_name;
	if (!cpp_parse_name(s, &name) || name.qualifiers[0])
		return false;
	s->in_name = in_name;
	s->has_args = has_args;
	*ret = name.whole;
	return cpp_remember(s, ret);
}

/* A class by its name, or what was named before. */
static bool parse_class(struct cpp_parser *s, struct cpp_part *ret)
{
	size_t start = s->n_text;
	char kind;

	if (cursor_peek(&s->in) != 'S' || cursor_peek_next(&s->in) == 't')
		return parse_class_name(s, ret);
	if (!cpp_parse_substitution(s, ret, &kind))
		return false;
	if (cursor_peek(&s->in) != 'I')
		return true;
	if (ret->is_declarator || !cpp_parse_arguments(s, NULL))
		return false;
	*ret = cpp_part_from(s, start);
	return cpp_remember(s, ret);
}

static bool parse_special_type(struct cpp_parser *s, struct cpp_part *ret)
{
	static const struct {
		char code;
		const char *text;
	} types[] = { { 'n', "decltype(nullptr)" }, { 'i', "char32_t" }, { 's', "char16_t" }, { 'u', "char8_t" } };
	size_t start = s->n_text;

	if (cursor_peek_next(&s->in) == 'p')
		return parse_expansion(s, ret);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (cursor_peek_next(&s->in) == types[i].code) {
			s->in.p += 2;
			if (!cpp_put_str(s, types[i].text))
				return false;
			*ret = cpp_part_from(s, start);
			return true;
		}
	}
	return false;
}

static bool choose_type(struct cpp_parser *s, struct cpp_part *ret)
{
	const char *name = builtin(cursor_peek(&s->in));
	size_t start = s->n_text;

	if (name) {
		s->in.p++;
		if (!cpp_put_str(s, name))
			return false;
		*ret = cpp_part_from(s, start);
		return true;
	}
	switch (cursor_peek(&s->in)) {
	case 'P':
	case 'R':
	case 'O':
		return parse_pointer(s, ret);
	case 'F':
		return parse_function(s, "", ret);
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

bool cpp_parse_type(struct cpp_parser *s, struct cpp_part *ret)
{
	bool ok;

	*ret = (struct cpp_part){};
	if (s->depth++ > CPP_MAX_DEPTH)
		return false;
	ok = choose_type(s, ret);
	s->depth--;
	return ok;
}
