/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top view: which rows of an interval `top` shows, and what its user has asked for: an order, how far the tree is open,
 * a search, a cursor. It outlives the intervals: rows are known by their names, from the first level down. Knows
 * nothing of terminals. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "report/activity.h"

#define TOP_VIEW_MAX_TOGGLED 512 /* rows that were opened or closed; beyond, the oldest are as the others again */
#define TOP_VIEW_MAX_SEARCH 64   /* bytes */

/* Begins with top_view_init(), ends with top_view_done(). */
struct top_view {
	enum activity_order order;
	size_t depth;                           /* levels that are open, from 1 */
	uint64_t toggled[TOP_VIEW_MAX_TOGGLED]; /* keys of rows that are not as their level is */
	size_t n_toggled;
	char search[TOP_VIEW_MAX_SEARCH + 1]; /* "": none */
	bool is_searching;                    /* it is being typed */
	bool is_paused;

	struct buf rows;       /* uint32_t: numbers of the rows that are shown, from the top */
	size_t cursor;         /* in them */
	uint64_t key;          /* of the row with the cursor; 0: of none yet */
	size_t first, n_lines; /* what of them is on the screen */
};

void top_view_init(struct top_view *v, size_t depth);
void top_view_done(struct top_view *v);

/* After another interval, or any change of the above: which rows are shown. The cursor stays on its row while there is
 * one. */
_must_check_ int top_view_update(struct top_view *v, struct activity *a);

size_t top_view_n(const struct top_view *v);
uint32_t top_view_row(const struct top_view *v, size_t i); /* i below that */

/* What keys do; top_view_update() shows it. */
void top_view_move(struct top_view *v, const struct activity *a, long by);
void top_view_open(struct top_view *v, const struct activity *a, bool is_open); /* the row with the cursor */
void top_view_toggle(struct top_view *v, const struct activity *a);
void top_view_set_depth(struct top_view *v, size_t depth); /* forgets which rows were opened or closed */
void top_view_next_order(struct top_view *v);
void top_view_search(struct top_view *v, const char *text); /* cut at TOP_VIEW_MAX_SEARCH */

/* n_lines of the screen are for rows: the cursor is on one of them. */
void top_view_scroll(struct top_view *v, size_t n_lines);

const char *top_view_order_to_string(enum activity_order order); /* "CPU" */
