/* SPDX-License-Identifier: Apache-2.0 */
/* diff view: two sides compared, as a table, JSON or CSV. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/label-list.h"
#include "common/clean.h"
#include "pprof/profile.h"
#include "report/diff.h"
#include "report/normalize.h"

struct json_object;

struct diff_view_side {
	const char *name; /* as the user wrote it */
	uint64_t n_profiles;
	size_t n_hosts;
	double seconds; /* that were measured; 0: unknown */
};

struct diff_view {
	const struct diff *diff;
	const struct diff_row *rows;
	size_t n_rows, max_rows; /* how many there are, and how many to show */
	enum diff_by by;
	const struct label_list *labels;
	enum normalize normalize;
	struct diff_scale scale;
	struct profile_value_type type; /* of the values, before they are normalized */
	struct diff_view_side sides[DIFF_N_SIDES];
};

/* All of both sides. */
void diff_view_sum(const struct diff_view *v, struct diff_change *ret);

/* Rows in which all is noise are only counted. */
_must_check_ int diff_view_print(const struct diff_view *v, FILE *out);

/* With the rows that are noise. */
_must_check_ int diff_view_to_json(const struct diff_view *v, struct json_object **ret);
_must_check_ int diff_view_print_csv(const struct diff_view *v, FILE *out);
