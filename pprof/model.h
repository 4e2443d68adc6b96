/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: the memory of a decoded profile: what its readers see, and the arrays behind that while they are filled.
 * An array for each kind of thing, all of them in one piece of memory of the final size; but the lines of locations,
 * which grow: a profile has more locations than anything else, and to count their lines first took a tenth of the time.
 */
#pragma once

#include "common/clean.h"
#include "pprof/profile.h"

/* The shortest message is two bytes, and costs some sixty here. */
#define MODEL_MAX_BYTES ((size_t)2 << 30)

struct model {
	struct profile profile; /* first: readers have a pointer to it */
	struct profile_value_type *sample_types;
	struct profile_map *mappings;
	struct profile_function *functions;
	struct profile_location *locations;
	struct profile_line *lines;              /* in the order of their locations */
	size_t n_lines, lines_capacity, n_bytes; /* n_bytes: of all the memory */
	struct profile_sample *samples;
	const struct profile_location **stacks; /* of all samples, as are values and labels */
	int64_t *values;
	struct profile_label *labels;
	struct profile_label *more_labels; /* of samples that were given one; NULL: none were */
	const char **comments;
	const char **strings;
	char *text; /* of the strings, each with its NUL */
};

/* None is larger than the profile has bytes: their sum cannot overflow. */
struct model_sizes {
	size_t n_sample_types, n_mappings, n_functions, n_locations, n_samples, n_stacks, n_values, n_labels,
		n_comments, n_strings, n_text_bytes;
};

/* What the arrays hold is not set. -EFBIG: it would take more than MODEL_MAX_BYTES. */
_must_check_ int model_new(const struct model_sizes *sizes, struct model **ret);
/* The next line, unset; those before it may move, and no location knows its own until model_place_lines(). */
_must_check_ int model_more_lines(struct model *m);
_must_check_ static inline int model_add_line(struct model *m, struct profile_line **ret)
{
	int r = m->n_lines < m->lines_capacity ? 0 : model_more_lines(m);

	if (r == 0)
		*ret = &m->lines[m->n_lines++];
	return r;
}
void model_place_lines(struct model *m);
struct model *model_free(struct model *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct model *, model_free);
