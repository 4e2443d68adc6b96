/* SPDX-License-Identifier: Apache-2.0 */
/* diff view: two sides compared, with all that they are shown by, as JSON or printed (cli/diff-print.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/profile.h"
#include "report/diff.h"
#include "report/normalize.h"

struct coverage;
struct json_object;

struct diff_view_side {
	const char *name; /* as it was asked for */
	uint64_t n_profiles;
	size_t n_hosts;
	double seconds; /* that were measured; 0: unknown */
	const struct coverage *coverage;
};

struct diff_view {
	const struct diff *diff;
	const struct diff_row *rows;
	size_t n_rows, max_rows; /* how many there are, and how many to show */
	enum diff_by by;
	const char *const *labels;
	size_t n_labels;
	enum normalize normalize;
	struct diff_scale scale;
	uint64_t n_given_up;            /* matches of expressions that took too many steps, and so are none */
	struct profile_value_type type; /* of the values, before they are normalized */
	struct diff_view_side sides[DIFF_N_SIDES];
};

/* All of both sides. */
void diff_view_sum(const struct diff_view *v, struct diff_change *ret);

/* One object, with the rows that are noise: docs/schemas/diff.schema.json. */
_must_check_ int diff_view_to_json(const struct diff_view *v, struct json_object **ret);

size_t diff_view_n_shown(const struct diff_view *v);
