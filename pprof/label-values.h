/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label values: which labels occur in a profile, with which values: each pair once, in byte order. Of a label that is a
 * number it only tells that it occurs (the value "", which no string label has). Bounded: what is beyond the limits is
 * left out, and told of.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

#define LABEL_VALUES_MAX 4096
#define LABEL_VALUES_MAX_BYTES ((size_t)256 << 10)

struct label_value {
	const char *key, *value;
};

/* Begins with `= {}`, ends with label_values_done(). */
struct label_values {
	struct label_value *items;
	size_t n;
	bool is_partial; /* some are left out */
	struct buf text; /* what the items point to */
};

void label_values_done(struct label_values *v);

struct profile;
struct tables;

/* Into an empty one. Of a profile under construction: profile_builder_label_values(). */
_must_check_ int label_values_of_profile(const struct profile *p, struct label_values *ret);
_must_check_ int label_values_of_tables(const struct tables *t, struct label_values *ret);
