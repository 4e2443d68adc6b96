/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model: the memory of a decoded profile: what its readers see, and the arrays behind that while they are filled.
 * An array for each kind of thing, made once in its final size.
 */
#pragma once

#include "common/clean.h"
#include "pprof/profile.h"

struct model {
	struct profile profile; /* first: readers have a pointer to it */
	char **strings;         /* they and their array come from malloc() */
	size_t n_strings;
	struct profile_value_type *sample_types;
	struct profile_map *mappings;
	struct profile_function *functions;
	struct profile_location *locations;
	struct profile_line *lines;
	struct profile_sample *samples;
	const struct profile_location **stacks; /* of all samples, as are values and labels */
	int64_t *values;
	struct profile_label *labels;
	struct profile_label *more_labels; /* of samples that were given one; NULL: none were */
	const char **comments;
};

struct model_sizes {
	size_t n_sample_types, n_mappings, n_functions, n_locations, n_lines, n_samples, n_stacks, n_values, n_labels,
		n_comments;
};

/* The arrays are zeroed; there are no strings yet. */
_must_check_ int model_new(const struct model_sizes *sizes, struct model **ret);
struct model *model_free(struct model *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct model *, model_free);
