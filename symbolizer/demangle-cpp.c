// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/demangle-cpp.h"

#include "symbolizer/cpp-parser.h"

#define OFFSET_DIGITS 9 /* libiberty refuses what is no int */

static bool wants_return_type(const struct cpp_name *name)
{
	return name->is_template && !name->is_special;
}

static bool put_signature(struct cpp_parser *s, const struct cpp_name *name, bool is_local)
{
	return cpp_put_str(s, "(") && cpp_parse_parameters(s, is_local ? 'E' : 0) && cpp_put_str(s, ")") &&
	       cpp_put_str(s, name->qualifiers);
}

/* The return type of a template comes behind its name: both are written anew, in the order of C++. */
static bool write_template(struct cpp_parser *s, const struct cpp_name *name, struct cpp_part *ret)
{
	struct cpp_part type = {}, signature;
	size_t start;

	if (!cpp_parse_type(s, &type) || type.is_declarator || type.pack)
		return false;
	start = s->n_text;
	if (!put_signature(s, name, false))
		return false;
	signature = cpp_part_from(s, start);
	start = s->n_text;
	if (!cpp_put_part(s, &type) || !cpp_put_str(s, " ") || !cpp_put_part(s, &name->whole) ||
	    !cpp_put_part(s, &signature))
		return false;
	*ret = cpp_part_from(s, start);
	return true;
}

/* A local function has no return type in its name, but in its mangled one: rare, and not ours. */
static bool write_function(struct cpp_parser *s, const struct cpp_name *name, bool is_local, struct cpp_part *ret)
{
	if (wants_return_type(name))
		return !is_local && write_template(s, name, ret);
	if (is_local && cursor_peek(&s->in) == 'E') {
		if (name->qualifiers[0])
			return false; /* C functions have no signature, and nothing behind it */
	} else if (!put_signature(s, name, is_local)) {
		return false;
	}
	*ret = cpp_part_from(s, name->whole.start);
	return true;
}

static bool parse_function_name(struct cpp_parser *s, bool is_local, struct cpp_part *ret)
{
	struct cpp_name name;

	s->n_args = 0;
	s->in_name = true;
	if (!cpp_parse_name(s, &name))
		return false;
	s->in_name = false;
	s->has_args = name.is_template;
	return s->in.p < s->in.end && write_function(s, &name, is_local, ret);
}

/* A function of its own, with template arguments of its own; that around it goes on with its own afterwards. */
bool cpp_parse_encoding(struct cpp_parser *s, bool is_local, struct cpp_part *ret)
{
	struct cpp_part own_args[CPP_MAX_ARGS], *args = s->args;
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
static bool parse_clones(struct cpp_parser *s, struct cpp_part *ret)
{
	size_t start = s->n_text;

	while (s->in.p < s->in.end) {
		const char *clone = s->in.p++;

		if (cursor_peek(&s->in) == '_' || (cursor_peek(&s->in) >= 'a' && cursor_peek(&s->in) <= 'z')) {
			while (cursor_peek(&s->in) == '_' || (cursor_peek(&s->in) >= 'a' && cursor_peek(&s->in) <= 'z'))
				s->in.p++;
		} else if (!is_digit(cursor_peek(&s->in))) {
			return false;
		} else {
			s->in.p--;
		}
		while (cursor_peek(&s->in) == '.' && is_digit(cursor_peek_next(&s->in))) {
			for (s->in.p += 2; is_digit(cursor_peek(&s->in)); s->in.p++)
				;
		}
		if ((s->in.p < s->in.end && *s->in.p != '.') || !cpp_put_str(s, " [clone ") ||
		    !cpp_put(s, clone, (size_t)(s->in.p - clone)) || !cpp_put_str(s, "]"))
			return false;
	}
	*ret = cpp_part_from(s, start);
	return true;
}

/* [n]16_ */
static bool skip_offset(struct cpp_parser *s)
{
	size_t n = 0;

	cursor_eat(&s->in, 'n');
	for (; is_digit(cursor_peek(&s->in)); n++)
		s->in.p++;
	return n > 0 && n <= OFFSET_DIGITS && cursor_eat(&s->in, '_');
}

/* What a class calls where its base was asked: Th, Tv, and how far they are from each other. */
static bool parse_thunk(struct cpp_parser *s, const char **ret_prefix)
{
	bool is_virtual = cursor_peek_next(&s->in) == 'v';

	*ret_prefix = "";
	if (cursor_peek(&s->in) != 'T')
		return true;
	if (!is_virtual && cursor_peek_next(&s->in) != 'h')
		return false;
	s->in.p += 2;
	*ret_prefix = is_virtual ? "virtual thunk to " : "non-virtual thunk to ";
	return skip_offset(s) && (!is_virtual || skip_offset(s));
}

size_t demangle_cpp(const char *name, size_t size, char *ret, size_t ret_size)
{
	char text[CPP_TEXT_BYTES];
	struct cpp_part parts[CPP_MAX_PARTS], function, clones;
	struct cpp_parser s = { .in = { .p = name + 2 }, .text = text, .parts = parts };
	const char *suffix = memchr(name, '.', size), *prefix;
	size_t n_prefix, n;

	if (size < 4 || name[0] != '_' || name[1] != 'Z')
		return 0;
	s.in.end = suffix ? suffix : name + size;
	if (!parse_thunk(&s, &prefix) || !cpp_parse_encoding(&s, false, &function) || s.in.p != s.in.end)
		return 0;
	s.in.end = name + size;
	n_prefix = strlen(prefix);
	if (!parse_clones(&s, &clones))
		return 0;
	n = n_prefix + function.size + clones.size;
	if (n >= ret_size)
		return 0;
	memcpy(ret, prefix, n_prefix);
	memcpy(ret + n_prefix, text + function.start, function.size);
	memcpy(ret + n_prefix + function.size, text + clones.start, clones.size);
	ret[n] = 0;
	return n;
}
