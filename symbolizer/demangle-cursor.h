/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle cursor: where the reading of a mangled name is. Behind its end are NULs for whoever looks.
 */
#pragma once

#include <stdbool.h>

struct demangle_cursor {
	const char *p, *end;
};

static inline char cursor_peek(const struct demangle_cursor *c)
{
	return c->p < c->end ? *c->p : 0;
}

static inline char cursor_peek_next(const struct demangle_cursor *c)
{
	return c->end - c->p > 1 ? c->p[1] : 0;
}

static inline bool cursor_eat(struct demangle_cursor *c, char wanted)
{
	if (cursor_peek(c) != wanted)
		return false;
	c->p++;
	return true;
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
