/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rust parser: the state of one Rust name that is being demangled, and the text that is written meanwhile; one for each
 * call, on its stack. demangle-rust.c tells by the name's beginning which of its two parts reads it: rust-v0.c or
 * rust-legacy.c. Each writes what it reads at the end of the text, and is false for what is libiberty's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbolizer/demangle-cursor.h"

#define RUST_MAX_SEEN 48 /* later ones are read again where they are referred to */

/* A path or type of a v0 name, and where it is written: what refers to it need not be read again. */
struct rust_seen {
	uint32_t at; /* in the name, as back references count */
	uint32_t written_at, written_size;
	uint32_t roles; /* enum rust_role: what it may stand for */
};

enum rust_role {
	RUST_TYPE = 1,
	RUST_PATH = 2,
	RUST_VALUE_PATH = 4, /* has :: in front of its generic arguments */
	RUST_ANY_PATH = RUST_PATH | RUST_VALUE_PATH,
};

struct rust_parser {
	struct demangle_cursor in;
	const char *start; /* v0: what back references count from */
	char *written, *out, *out_end;
	size_t depth;
	bool is_silent;         /* what is read is not told: where an impl stands, which crate made an instance */
	struct rust_seen *seen; /* v0; room for RUST_MAX_SEEN */
	size_t n_seen;
	size_t n_generics; /* paths so far that a value's would spell another way than a type's */
};

struct rust_ident {
	const char *text; /* within the name */
	size_t size;
	uint64_t disambiguator;
};

/* rust-v0.c: what follows _R, all of it. */
bool rust_parse_v0(struct rust_parser *s);

/* rust-legacy.c: what follows _ZN, all of it. */
bool rust_parse_legacy(struct rust_parser *s);

/* demangle-rust.c: of letters, digits and _. */
bool rust_is_plain(const char *text, size_t size);

static inline bool rust_put(struct rust_parser *s, const char *text, size_t size)
{
	if (s->is_silent)
		return true;
	if (size > (size_t)(s->out_end - s->out))
		return false;
	memcpy(s->out, text, size);
	s->out += size;
	return true;
}

static inline bool rust_put_str(struct rust_parser *s, const char *text)
{
	return rust_put(s, text, strlen(text));
}

static inline int rust_digit62(char c)
{
	/* One more than it stands for. By a table: a hash has as many digits as letters, and nobody foresees which. */
	static const int8_t values[256] = {
		['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
		['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
		['g'] = 17, ['h'] = 18, ['i'] = 19, ['j'] = 20, ['k'] = 21, ['l'] = 22, ['m'] = 23, ['n'] = 24,
		['o'] = 25, ['p'] = 26, ['q'] = 27, ['r'] = 28, ['s'] = 29, ['t'] = 30, ['u'] = 31, ['v'] = 32,
		['w'] = 33, ['x'] = 34, ['y'] = 35, ['z'] = 36, ['A'] = 37, ['B'] = 38, ['C'] = 39, ['D'] = 40,
		['E'] = 41, ['F'] = 42, ['G'] = 43, ['H'] = 44, ['I'] = 45, ['J'] = 46, ['K'] = 47, ['L'] = 48,
		['M'] = 49, ['N'] = 50, ['O'] = 51, ['P'] = 52, ['Q'] = 53, ['R'] = 54, ['S'] = 55, ['T'] = 56,
		['U'] = 57, ['V'] = 58, ['W'] = 59, ['X'] = 60, ['Y'] = 61, ['Z'] = 62,
	};

	return values[(unsigned char)c] - 1;
}

static inline bool rust_parse_size(struct rust_parser *s, size_t *ret)
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
