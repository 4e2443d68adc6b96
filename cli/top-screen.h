/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top screen: the terminal of `top`, by ncurses. Size, suspending (^Z) and waking up are ncurses' matter; whoever opens
 * it closes it on every way out, and then the terminal is as it was. One at a time; one thread.
 */
#pragma once

#include <stdbool.h>

#include "common/clean.h"

struct top_interval;
struct top_view;

struct top_screen;

enum top_screen_answer {
	TOP_SCREEN_UNFIT = 1, /* no terminal, or one that cannot do it */
};
/* Standard input and output. */
_must_check_ int top_screen_open(struct top_screen **ret);
struct top_screen *top_screen_close(struct top_screen *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct top_screen *, top_screen_close);

/* A key that was pressed (cli/top-keys.h); TOP_KEY_NONE: there is none. Does not wait. */
int top_screen_key(struct top_screen *s);

/* note: what is to be said instead of the sum, printable ASCII; NULL: nothing. The view scrolls to its cursor. */
_must_check_ int top_screen_draw(struct top_screen *s, const struct top_interval *i, struct top_view *v,
				 const char *note);
