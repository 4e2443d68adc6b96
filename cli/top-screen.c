// SPDX-License-Identifier: Apache-2.0
#include "cli/top-screen.h"

#define NCURSES_WIDECHAR 1
#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cli/text.h"
#include "cli/top-interval.h"
#include "cli/top-keys.h"
#include "cli/top-line.h"
#include "cli/top-view.h"
#include "common/buf.h"
#include "common/clock.h"

#define ESCAPE_MS 25 /* an Esc alone is one after so long */
#define INDENT 2
#define MIN_NAME 5 /* characters; see cli/text.h */

/* What a screen of this width has beside names. */
#define CORES_CHARS 8
#define SHARE_CHARS 7
#define KERNEL_CHARS 7
#define BAR_CHARS 16
#define SHARE_FROM 32
#define KERNEL_FROM 44
#define BAR_FROM 64

enum pair {
	PAIR_KERNEL = 1,
	PAIR_USER,
};

struct top_screen {
	SCREEN *screen;
	bool has_colors;
};

/* How many lines there are of each kind, from the top; the last is that of keys. */
struct parts {
	int head, quality, heading, rows, keys;
};

static void begin_colors(struct top_screen *s)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && no_color[0]) || !has_colors() || start_color() == ERR)
		return;
	s->has_colors = use_default_colors() == OK && init_pair(PAIR_KERNEL, COLOR_RED, -1) == OK &&
			init_pair(PAIR_USER, COLOR_GREEN, -1) == OK;
}

int top_screen_open(struct top_screen **ret)
{
	_cleanup_(top_screen_closep) struct top_screen *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	setlocale(LC_CTYPE, ""); /* what the terminal takes; in "C" what is not ASCII is shown as '?' */
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return TOP_SCREEN_UNFIT;
	s->screen = newterm(NULL, stdout, stdin); /* initscr() would exit */
	if (!s->screen)
		return TOP_SCREEN_UNFIT;
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, true);
	nodelay(stdscr, true);
	begin_colors(s);
	*ret = take_ptr(s);
	return 0;
}

struct top_screen *top_screen_close(struct top_screen *s)
{
	if (!s)
		return NULL;
	if (s->screen) {
		endwin();
		delscreen(s->screen);
	}
	free(s);
	return NULL;
}

static int special_key(wint_t code)
{
	static const struct {
		wint_t code;
		int key;
	} keys[] = {
		{ KEY_UP, TOP_KEY_UP },         { KEY_DOWN, TOP_KEY_DOWN },
		{ KEY_LEFT, TOP_KEY_LEFT },     { KEY_RIGHT, TOP_KEY_RIGHT },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP }, { KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME },     { KEY_END, TOP_KEY_END },
		{ KEY_ENTER, TOP_KEY_ENTER },   { KEY_BACKSPACE, TOP_KEY_BACKSPACE },
		{ KEY_RESIZE, TOP_KEY_RESIZE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return TOP_KEY_OTHER;
}

int top_screen_key(struct top_screen *s)
{
	wint_t code;

	switch (get_wch(&code)) {
	case OK:
		if (code == '\r')
			return TOP_KEY_ENTER;
		return code == 0x7f ? TOP_KEY_BACKSPACE : code ? (int)code : TOP_KEY_OTHER;
	case KEY_CODE_YES:
		return special_key(code);
	default:
		return TOP_KEY_NONE;
	}
}

/* A character that this terminal does not know is a '?'; one without a width of its own is left out. */
static wchar_t printable(wchar_t c)
{
	int width = wcwidth(c);

	if (width == 0)
		return 0;
	return width < 0 ? L'?' : c;
}

/* Text that is valid and harmless, from x on, in at most `room` columns. Returns the column behind it. */
static int put(int y, int x, int room, const char *text)
{
	size_t left = strlen(text);
	mbstate_t state = {};
	int end = x + room;

	move(y, x);
	while (left > 0) {
		wchar_t c = 0;
		size_t n = mbrtowc(&c, text, left, &state);

		if (n == 0 || n > left) { /* no character in this locale */
			state = (mbstate_t){};
			c = (*text & 0xc0) == 0x80 ? 0 : L'?';
			n = 1;
		}
		text += n;
		left -= n;
		c = printable(c);
		if (!c)
			continue;
		if (x + wcwidth(c) > end)
			break;
		addnwstr(&c, 1);
		x += wcwidth(c);
	}
	return x;
}

static void put_line(int y, attr_t attributes, const char *text)
{
	attron(attributes);
	put(y, 0, COLS, text);
	attroff(attributes);
}

static int draw_head(int y, const struct top_interval *i, const struct top_view *v, const char *note)
{
	const struct activity_row *sum = activity_sum(i->activity);
	_cleanup_(buf_done) struct buf text = {};
	int r;

	if (note)
		r = buf_printf(&text, "cpuhound top: %s", note);
	else
		r = buf_printf(&text, "cpuhound top: %.3f of %u cores, %.0f %% of it in the kernel, in %.1f s; by %s%s",
			       top_interval_cores(i, sum->cpu_ns), i->n_cpus,
			       sum->cpu_ns > 0 ? 100 * (double)sum->kernel_ns / (double)sum->cpu_ns : 0,
			       (double)i->duration_ns / NS_PER_S, top_view_order_to_string(v->order),
			       v->is_paused ? "; PAUSED" : "");
	if (r == 0)
		put_line(y, A_BOLD, text.data);
	return r;
}

static int draw_quality(int y, const struct top_interval *i)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = top_interval_add_quality(i, &text);

	if (r == 0)
		put_line(y, A_NORMAL, text.data);
	return r;
}

static int add_heading(const struct top_interval *i, struct buf *ret)
{
	int r = buf_printf(ret, "%*s", CORES_CHARS, "CORES");

	if (r == 0 && COLS >= SHARE_FROM)
		r = buf_printf(ret, "%*s", SHARE_CHARS, "SHARE");
	if (r == 0 && COLS >= KERNEL_FROM)
		r = buf_printf(ret, "%*s", KERNEL_CHARS, "KERNEL");
	if (r == 0 && COLS >= BAR_FROM)
		r = buf_printf(ret, "%*s", BAR_CHARS + 2, "");
	if (r == 0)
		r = buf_add_str(ret, "  ");
	return r == 0 ? top_line_add_levels(i->activity, ret) : r;
}

static int draw_heading(int y, const struct top_interval *i)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = add_heading(i, &text);

	if (r == 0)
		r = buf_printf(&text, "%*s", COLS, "");
	if (r == 0)
		put_line(y, A_REVERSE, text.data);
	return r;
}

static int draw_bar(const struct top_screen *s, int y, int x, const struct top_interval *i,
		    const struct activity_row *row)
{
	size_t n_kernel, n_rest;

	top_line_bar(i, row, BAR_CHARS, &n_kernel, &n_rest);
	attron(s->has_colors ? COLOR_PAIR(PAIR_KERNEL) : A_NORMAL);
	mvhline(y, x, '#', (int)n_kernel);
	attroff(s->has_colors ? COLOR_PAIR(PAIR_KERNEL) : A_NORMAL);
	attron(s->has_colors ? COLOR_PAIR(PAIR_USER) : A_NORMAL);
	mvhline(y, x + (int)n_kernel, '|', (int)n_rest);
	attroff(s->has_colors ? COLOR_PAIR(PAIR_USER) : A_NORMAL);
	return x + BAR_CHARS;
}

/* The numbers of a row, and its bar; *ret_x: the column behind them. */
static int draw_numbers(const struct top_screen *s, int y, const struct top_interval *i, const struct activity_row *row,
			int *ret_x)
{
	_cleanup_(buf_done) struct buf text = {};
	struct top_numbers n;
	int r;

	top_line_numbers(i, row, &n);
	r = buf_printf(&text, "%*s", CORES_CHARS, n.cores);
	if (r == 0 && COLS >= SHARE_FROM)
		r = buf_printf(&text, "%*s", SHARE_CHARS, n.share);
	if (r == 0 && COLS >= KERNEL_FROM)
		r = buf_printf(&text, "%*s", KERNEL_CHARS, n.kernel);
	if (r < 0)
		return r;
	*ret_x = put(y, 0, COLS, text.data);
	if (COLS >= BAR_FROM)
		*ret_x = draw_bar(s, y, *ret_x + 2, i, row);
	return 0;
}

/* Whether there is something below a row, and it is shown. */
static char sign_of(const struct top_interval *i, const struct top_view *v, size_t line)
{
	size_t n;
	const struct activity_row *rows = activity_rows(i->activity, &n);
	uint32_t row = top_view_row(v, line);

	if (rows[row].first_child == ACTIVITY_NONE)
		return ' ';
	return line + 1 < top_view_n(v) && rows[top_view_row(v, line + 1)].parent == row ? '-' : '+';
}

static int draw_row(const struct top_screen *s, int y, const struct top_interval *i, const struct top_view *v,
		    size_t line)
{
	size_t n;
	const struct activity_row *row = &activity_rows(i->activity, &n)[top_view_row(v, line)];
	_cleanup_(buf_done) struct buf text = {};
	int x = 0, room, r = draw_numbers(s, y, i, row, &x);

	x += 2;
	room = COLS - x - (int)row->depth * INDENT - 2;
	if (r < 0 || room < MIN_NAME)
		return r;
	r = buf_printf(&text, "%*s%c ", (int)row->depth * INDENT, "", sign_of(i, v, line));
	if (r == 0)
		r = top_line_add_name(i->activity, row, (size_t)room, &text);
	if (r < 0)
		return r;
	attron(line == v->cursor ? A_REVERSE : A_NORMAL);
	put(y, x, COLS - x, text.data);
	attroff(line == v->cursor ? A_REVERSE : A_NORMAL);
	return 0;
}

static int draw_keys(int y, const struct top_view *v)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = 0;

	if (v->is_searching || v->search[0]) {
		r = buf_add_str(&text, "search: ");
		if (r == 0)
			r = text_add(&text, v->search, TEXT_MAX_CHARS);
		if (r == 0)
			r = buf_add_str(&text, v->is_searching ? "_  " : "  ");
	}
	if (r == 0)
		r = buf_add_str(&text, top_keys_help(v));
	if (r == 0)
		put_line(y, A_NORMAL, text.data);
	return r;
}

/* What there is no room for goes: keys first, how complete the data is never. */
static struct parts part(int lines)
{
	struct parts p = { .quality = 1 };

	p.rows = lines > 1;
	p.head = lines > 2;
	p.heading = lines > 3;
	p.keys = lines > 4;
	if (p.rows)
		p.rows = lines - p.quality - p.head - p.heading - p.keys;
	return p;
}

int top_screen_draw(struct top_screen *s, const struct top_interval *i, struct top_view *v, const char *note)
{
	struct parts p = part(LINES);
	int y = 0, r = 0;

	erase();
	top_view_scroll(v, (size_t)p.rows);
	if (p.head)
		r = draw_head(y++, i, v, note);
	if (r == 0)
		r = draw_quality(y++, i);
	if (r == 0 && p.heading)
		r = draw_heading(y++, i);
	for (size_t line = v->first; r == 0 && line < top_view_n(v) && line < v->first + (size_t)p.rows; line++)
		r = draw_row(s, y + (int)(line - v->first), i, v, line);
	if (r == 0 && p.keys)
		r = draw_keys(LINES - 1, v);
	refresh();
	return r;
}
