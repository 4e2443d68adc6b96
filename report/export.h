/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: a profile as data for other programs: pprof (gzip, with all labels and the sum of the ledgers), folded text
 * for flame graphs, speedscope's JSON, or what `go build -pgo=FILE` takes.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"
#include "report/go-pgo.h"
#include "report/normalize.h"

struct buf;
struct profile;

enum export_format {
	EXPORT_PPROF,
	EXPORT_FOLDED,
	EXPORT_SPEEDSCOPE,
	EXPORT_GO_PGO,
};

/* All borrowed. */
struct export_form {
	enum export_format format;
	enum normalize normalize; /* what was done to the values: export_scale() */
	const char *const *by; /* labels: of folded text the outermost frames; of speedscope a profile for each value */
	size_t n_by;
	const char *value; /* a value type's name, of folded text and speedscope; NULL: the format's own */
	const char *name;  /* of the whole, for speedscope; foreign */
};

enum export_answer {
	EXPORT_FOREIGN = 16, /* not samples/count and cpu/nanoseconds: only folded text and speedscope take it; apart
				from enum normalize_answer */
	EXPORT_NO_VALUE,     /* the profile has no values of this name */
	EXPORT_NEGATIVE,     /* the format has no values below 0, as a difference has */
	EXPORT_NO_LINES,     /* Go PGO: no call has the lines that Go needs */
};

/*
 * Normalizes all values. A profile that tells values of a second lasts one: pprof divides by its duration.
 * NORMALIZE_NO_TIME, NORMALIZE_NO_SUM; then some values may be changed already.
 */
_must_check_ int export_scale(struct profile *p, enum normalize n, const struct normalize_extent *e);

/* Appends it. ret_counts: of Go PGO only. -EFBIG, -ENOSPC: it would not fit; -ERANGE: a sum would not. */
_must_check_ int export_add(const struct profile *p, const struct export_form *form, struct buf *ret,
			    struct go_pgo_counts *ret_counts);
