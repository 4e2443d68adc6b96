/* SPDX-License-Identifier: Apache-2.0 */
/*
 * missing: which binaries of some profiles have frames without a name or without a line, and how many samples that
 * costs: as their own (the innermost frame is such a one) and in total (any frame is). A binary is a file name with a
 * build id; markers such as "[irq]" are no code and count for nothing. Works on profiles of any tool.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct profile;

struct missing_count {
	int64_t self, total;
};

struct missing_counts {
	struct missing_count all;     /* samples of the binary */
	struct missing_count no_line; /* of them those without a line, named or not */
	struct missing_count no_name; /* of those the ones without a name */
};

struct missing_row {
	const char *path;     /* as the profile has it; "": code in no file */
	const char *build_id; /* hex; "": none known */
	struct missing_counts counts;
};

/* What is counted, as the first profile calls it; longer names are cut. */
#define MISSING_UNIT_SIZE 32

struct missing {
	struct missing_row *rows; /* that miss something, the largest no_line.self first; then no_name, then by name */
	size_t n_rows;
	size_t n_complete;            /* binaries that miss nothing */
	struct missing_counts counts; /* of all binaries: a sample counts once */
	char type[MISSING_UNIT_SIZE], unit[MISSING_UNIT_SIZE];
	struct missing_table *table; /* owns the strings of the rows */
};

enum missing_answer {
	MISSING_OTHER_UNIT = 1, /* the profile counts something else than those before: nothing was added */
};

/* m is `= {}` at first. The profile is not needed afterwards. -ERANGE: a sum would not fit. */
_must_check_ int missing_add(struct missing *m, const struct profile *p);

/* Makes the rows; once, after the last profile. */
_must_check_ int missing_finish(struct missing *m);

/* Do other samples of the binary have lines? */
bool missing_is_partial(const struct missing_row *row);
void missing_done(struct missing *m);
