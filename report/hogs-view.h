/* SPDX-License-Identifier: Apache-2.0 */
/* hogs view: an answer of report/hogs.h with all that it is shown by, as JSON or printed (cli/hogs-print.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "report/hogs.h"

#define HOGS_NONE "(none)" /* a label that is not there */

struct coverage;
struct grouping;
struct json_object;

/* All borrowed. */
struct hogs_view {
	const struct grouping *grouping;
	const struct hogs_answer *answer;
	const struct coverage *now, *before; /* before: NULL: nothing was to be compared */
	int64_t until_ns;                    /* when hosts must have been seen to be no silent ones; 0: as coverage.h */
	int64_t vs_ns;                       /* how much earlier */
	bool is_filtered;                    /* not every stack was to be taken */
	bool tells_outliers;                 /* they were asked for */
	uint64_t n_given_up;                 /* stacks that an expression took too long for */
};

/* One object: docs/schemas/hogs.schema.json. */
_must_check_ int hogs_view_to_json(const struct hogs_view *v, struct json_object **ret);

/* Cores, or where windows do not tell how long they were, seconds of CPU time; and half of the 95 % interval. */
double hogs_view_amount(const struct hogs_view *v, const struct hogs_measure *m);
double hogs_view_error(const struct hogs_view *v, const struct hogs_measure *m);

/* What a row is called: its values with ", " between them. */
_must_check_ int hogs_view_add_name(const struct hogs_view *v, uint32_t group, struct buf *ret);
