/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speedscope: a profile in the file format of speedscope (https://www.speedscope.app/file-format-schema.json), with one
 * profile of type "sampled" for each value of some labels, the heaviest first. Stacks stand in an order in which those
 * that begin alike are neighbours. Frames are functions with the file of their source, or else of their binary.
 */
#pragma once

#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

struct profile;

struct speedscope_options {
	const char *name;      /* of the whole; foreign */
	size_t value_type;     /* the weights; in the units of the profile where speedscope knows them, else "none" */
	const char *const *by; /* keys of labels; none: one profile of all */
	size_t n_by;
};

enum speedscope_answer {
	SPEEDSCOPE_NEGATIVE = 1, /* the profile is a difference: the format has no weights below 0 */
};

/*
 * Appends one line of JSON. -EFBIG: it would not fit ret's limit; -ENOSPC: more stacks than a profile may have;
 * -ERANGE: a sum would not fit.
 */
_must_check_ int speedscope_add(const struct profile *p, const struct speedscope_options *options, struct buf *ret);
