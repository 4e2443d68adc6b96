/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top line: how a row of `top` reads, on a screen or in a table. A bar is the row's part of all CPU time: of the kernel
 * '#', of the rest '|'.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct activity;
struct activity_row;
struct buf;
struct top_interval;

#define TOP_NUMBER_BYTES 16

struct top_numbers {
	char cores[TOP_NUMBER_BYTES], share[TOP_NUMBER_BYTES], kernel[TOP_NUMBER_BYTES]; /* "0.512", "51.2%", "12%" */
};
void top_line_numbers(const struct top_interval *i, const struct activity_row *row, struct top_numbers *ret);

/* The characters of a bar of `width`: of the kernel, then of the rest; a part that is not 0 has one. */
void top_line_bar(const struct top_interval *i, const struct activity_row *row, size_t width, size_t *ret_kernel,
		  size_t *ret_rest);

/*
 * Appends what the row is, foreign text made harmless, in at most max_chars characters: "1234 postgres",
 * "deflate @ libz.so.1".
 */
_must_check_ int top_line_add_name(const struct activity *a, const struct activity_row *row, size_t max_chars,
				   struct buf *ret);

/* Appends the names of the levels: "SERVICE > PID > FUNCTION". */
_must_check_ int top_line_add_levels(const struct activity *a, struct buf *ret);
