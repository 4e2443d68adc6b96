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

struct rust_parser {
	struct demangle_cursor in;
	const char *start; /* v0: what back references count from */
	char *out, *out_end;
	size_t depth;
	bool is_silent; /* what is read is not told: where an impl stands, which crate made an instance */
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
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'Z' ? c - 'A' + 36 : -1;
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
