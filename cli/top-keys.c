// SPDX-License-Identifier: Apache-2.0
#include "cli/top-keys.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>

#include "cli/top-view.h"

/* A search is typed: every character is its own, and rows are found as it grows. */
static void type(struct top_view *v, int key)
{
	char text[TOP_VIEW_MAX_SEARCH + MB_LEN_MAX + 1];
	mbstate_t state = {};
	size_t size = strlen(v->search), n = 0;

	memcpy(text, v->search, size + 1);
	switch (key) {
	case TOP_KEY_ENTER:
		v->is_searching = false;
		return;
	case TOP_KEY_ESCAPE:
		v->is_searching = false;
		size = 0;
		break;
	case TOP_KEY_BACKSPACE:
		while (size > 0 && (text[--size] & 0xc0) == 0x80)
			;
		break;
	default:
		if (key >= ' ' && key < TOP_KEY_UP)
			n = wcrtomb(text + size, (wchar_t)key, &state);
		if (n == (size_t)-1 || size + n > TOP_VIEW_MAX_SEARCH)
			return;
		size += n;
	}
	text[size] = 0;
	top_view_search(v, text);
}

static bool move(struct top_view *v, const struct activity *a, int key)
{
	switch (key) {
	case TOP_KEY_UP:
	case 'k':
		top_view_move(v, a, -1);
		return true;
	case TOP_KEY_DOWN:
	case 'j':
		top_view_move(v, a, 1);
		return true;
	case TOP_KEY_PAGE_UP:
		top_view_move(v, a, -(long)v->n_lines);
		return true;
	case TOP_KEY_PAGE_DOWN:
		top_view_move(v, a, (long)v->n_lines);
		return true;
	case TOP_KEY_HOME:
		top_view_move(v, a, -(long)top_view_n(v));
		return true;
	case TOP_KEY_END:
		top_view_move(v, a, (long)top_view_n(v));
		return true;
	default:
		return false;
	}
}

int top_keys_press(struct top_view *v, const struct activity *a, int key)
{
	if (v->is_searching) {
		type(v, key);
		return 0;
	}
	if (move(v, a, key))
		return 0;
	switch (key) {
	case 'q':
		return TOP_KEYS_QUIT;
	case 'p':
	case ' ':
		v->is_paused = !v->is_paused;
		return 0;
	case 's':
		top_view_next_order(v);
		return 0;
	case '/':
		v->is_searching = true;
		return 0;
	case TOP_KEY_ESCAPE:
		top_view_search(v, "");
		return 0;
	case TOP_KEY_ENTER:
		top_view_toggle(v, a);
		return 0;
	case TOP_KEY_LEFT:
	case TOP_KEY_RIGHT:
		top_view_open(v, a, key == TOP_KEY_RIGHT);
		return 0;
	default:
		if (key >= '1' && key < '1' + (int)activity_n_levels(a))
			top_view_set_depth(v, (size_t)(key - '0'));
		return 0;
	}
}

const char *top_keys_help(const struct top_view *v)
{
	if (v->is_searching)
		return "type to search, Enter keeps it, Esc ends it";
	return "q quit  p pause  / search  s sort  Enter open or close  1 2 3 levels  arrows move";
}
