/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff options: what `cpuhound diff` was asked for. A side is one argument:
 *
 *	T..U          the windows of the store from T until U, each as --since takes it; "1h.." is until now
 *	FILE          a profile
 *	LABEL=VALUE   samples with this label, as a matcher; several with commas between them, behind T..U or FILE too
 *
 * What is said beside the two sides holds for both.
 */
#pragma once

#include <stdbool.h>

#include "cli/label-list.h"
#include "cli/output.h"
#include "cli/report-options.h"
#include "common/clean.h"
#include "report/diff.h"
#include "report/normalize.h"

struct diff_side {
	const char *text; /* argv's */
	char *parts;      /* a copy, cut to pieces, which the report options point into */
	struct report_options report;
};

struct diff_options {
	struct diff_side sides[DIFF_N_SIDES];
	enum diff_by by;
	struct label_list labels;
	enum normalize normalize;
	size_t max_rows;
	bool has_max_rows, json, csv;
	double fail_above_percent; /* less than 0: never */
	bool has_output;
	struct output output; /* a drawing */
};
#define DIFF_OPTIONS_NONE                                                                                              \
	{                                                                                                              \
		.sides = { { .report = REPORT_OPTIONS_NONE }, { .report = REPORT_OPTIONS_NONE } },                     \
		.normalize = NORMALIZE_TIME, .fail_above_percent = -1                                                  \
	}

extern const char diff_usage[];

/* *ret_done: the exit code says it all. Ends with diff_options_done() in every case. */
_must_check_ int diff_options_parse(struct diff_options *o, int argc, char **argv, bool *ret_done);
void diff_options_done(struct diff_options *o);
