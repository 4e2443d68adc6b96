/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid: a table of text in a terminal: columns as wide as what is in them; long names share what the line has left, and
 * where it has too little, the columns that are needed least are left out, which is told.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/clean.h"

#define GRID_MAX_COLUMNS 24

enum grid_kind {
	GRID_NUMBER,   /* to the right, never cut */
	GRID_TEXT,     /* to the left; what is too long loses its middle */
	GRID_FUNCTION, /* likewise, but types first (cli/text.h) */
};

struct grid_column {
	const char *heading; /* ours */
	enum grid_kind kind;
	unsigned int rank; /* 0: always there; of the others the highest is left out first */
};

/* Begins with `= {}`, ends with grid_done(). */
struct grid {
	struct grid_column columns[GRID_MAX_COLUMNS];
	size_t n_columns;
	struct buf *cells;
	size_t n_rows;
};
void grid_done(struct grid *g);

/* All columns come before the first row. */
void grid_add_column(struct grid *g, const char *heading, enum grid_kind kind, unsigned int rank);
_must_check_ int grid_add_row(struct grid *g);

/* The next cell of the last row, in order of the columns: the caller appends to it, foreign text as it is. */
struct buf *grid_cell(struct grid *g, size_t column);

_must_check_ int grid_print(const struct grid *g, FILE *out, size_t width);
