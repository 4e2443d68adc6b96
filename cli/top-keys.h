/* SPDX-License-Identifier: Apache-2.0 */
/* top keys: what the keys of `top` do to its view. Knows nothing of terminals. */
#pragma once

#include "common/clean.h"

struct activity;
struct top_view;

/* A key is a character, or one of these. */
enum top_key {
	TOP_KEY_NONE = 0,
	TOP_KEY_BACKSPACE = 0x08,
	TOP_KEY_ENTER = '\n',
	TOP_KEY_ESCAPE = 0x1b,
	TOP_KEY_UP = 0x110000, /* no character is so large */
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_RESIZE,
	TOP_KEY_OTHER, /* that nothing is said of */
};

enum top_keys_answer {
	TOP_KEYS_QUIT = 1,
};
/* a: what is shown now. The view is to be updated after it. */
_must_check_ int top_keys_press(struct top_view *v, const struct activity *a, int key);

/* One line: what can be pressed now. */
const char *top_keys_help(const struct top_view *v);
