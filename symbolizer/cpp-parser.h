/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cpp parser: the state of one C++ name that is being demangled, and the text that is written meanwhile; one for each
 * call, on its stack. Its three parts call each other: demangle-cpp.c (functions), cpp-name.c and cpp-type.c. Each
 * parses what its name says, writes it at the end of the text, and is false for what is libiberty's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbolizer/demangle-cursor.h"

#define CPP_TEXT_BYTES 6144 /* parts of a name, and what they are made of; a longer one is libiberty's */
#define CPP_MAX_PARTS 192
#define CPP_MAX_ARGS 48
#define CPP_MAX_DEPTH 64

/* A piece of text that is written already, and what may be done with it. Copied often: 8 bytes. */
struct cpp_part {
	uint16_t start, size;
	bool is_declarator : 1; /* void (*)(int): what is added to it goes inside */
	bool is_unusable : 1;   /* means something else each time: part of a pack's pattern */
	bool is_reference : 1;
	bool is_collapsed : 1; /* a reference to a reference: libiberty spells one to that another way */
	uint16_t pack;         /* template argument: number of its elements + 1, which follow in args; 0: no pack */
};

struct cpp_parser {
	struct demangle_cursor in;
	char *text;
	size_t n_text;
	struct cpp_part *parts; /* what S_, S0_, ... stand for */
	size_t n_parts;
	struct cpp_part *args; /* what T_, T0_, ... stand for: of the function whose signature is read */
	size_t n_args;
	bool has_args, in_name, in_lambda;
	bool has_met_args; /* some T_ was read */
	size_t depth;
	size_t pack_at, pack_size; /* which element of packs is meant; pack_size: of the pack that was met */
	bool in_pattern;
};

/* The name of a function, while it is read. */
struct cpp_name {
	struct cpp_part whole;
	struct cpp_part last;         /* its last component without template arguments: what a constructor is called */
	bool is_template, is_special; /* special: a constructor, destructor or conversion; has no return type */
	bool is_nameless;             /* the last component gives its constructor no name */
	const char *qualifiers;       /* of a member function */
};

/* The arguments of one list, the elements of packs behind the pack. */
struct cpp_arguments {
	struct cpp_part all[CPP_MAX_ARGS];
	size_t n;
};

/* demangle-cpp.c: foo(int), of which nothing is left, or within another name up to its E. */
bool cpp_parse_encoding(struct cpp_parser *s, bool is_local, struct cpp_part *ret);

/* cpp-name.c */
bool cpp_parse_name(struct cpp_parser *s, struct cpp_name *ret);
bool cpp_parse_substitution(struct cpp_parser *s, struct cpp_part *ret, char *ret_kind);
bool cpp_parse_sequence(struct cpp_parser *s, unsigned int base, size_t *ret);

/* cpp-type.c */
bool cpp_parse_type(struct cpp_parser *s, struct cpp_part *ret);
bool cpp_parse_parameters(struct cpp_parser *s, char end);
bool cpp_parse_arguments(struct cpp_parser *s, struct cpp_arguments *ret);

static inline bool cpp_put(struct cpp_parser *s, const char *text, size_t size)
{
	if (size > CPP_TEXT_BYTES - s->n_text)
		return false;
	memcpy(s->text + s->n_text, text, size);
	s->n_text += size;
	return true;
}

static inline bool cpp_put_str(struct cpp_parser *s, const char *text)
{
	return cpp_put(s, text, strlen(text));
}

static inline struct cpp_part cpp_part_from(const struct cpp_parser *s, size_t start)
{
	return (struct cpp_part){ .start = (uint16_t)start, .size = (uint16_t)(s->n_text - start) };
}

static inline bool cpp_put_part(struct cpp_parser *s, const struct cpp_part *part)
{
	return !part->is_unusable && cpp_put(s, s->text + part->start, part->size);
}

static inline bool cpp_remember(struct cpp_parser *s, const struct cpp_part *part)
{
	if (s->n_parts == CPP_MAX_PARTS)
		return false;
	s->parts[s->n_parts] = *part;
	s->parts[s->n_parts++].is_unusable |= s->in_pattern;
	return true;
}

/* Of a type that ends so: a class has no blank in front of its last word. */
static inline bool cpp_is_const(const struct cpp_parser *s, const struct cpp_part *part)
{
	static const char word[] = " const";
	const size_t size = sizeof(word) - 1;

	return part->size > size && memcmp(s->text + part->start + part->size - size, word, size) == 0;
}

static inline bool cpp_is_qualifier(char c)
{
	return c == 'r' || c == 'V' || c == 'K' || c == 'R' || c == 'O';
}
