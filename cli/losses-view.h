/* SPDX-License-Identifier: Apache-2.0 */
/*
 * losses view: what is missing in a profile file, as text or as JSON: each reason with its samples, what it means and
 * what can be done, and where it happened. Borrows all it shows.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "cli/summary.h"
#include "common/clean.h"
#include "report/loss-reasons.h"

struct buf;
struct json_object;
struct losses;
struct losses_row;
struct profile;

struct losses_view {
	struct summary_file file;
	const struct profile *profile;
	const struct losses *losses;
	size_t max_rows; /* of binaries, functions and services each */
};

_must_check_ int losses_view_print(const struct losses_view *v, FILE *out);
_must_check_ int losses_view_to_json(const struct losses_view *v, struct json_object **ret);

/* What both say: "libfoo.so+0x1234" for a function without a name. */
_must_check_ int losses_view_add_name(struct buf *b, const struct losses_row *row);
