/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series labels: the labels that a store is told of a series: the target's own, then those of the part. Valid UTF-8,
 * no name twice, as many and as long as the store takes; what it does not take is counted. Pure.
 */
#pragma once

#include "uploader/target.h"

#define SERIES_LABELS_MAX 64

struct series_label_rules {
	bool plain_names;  /* [a-zA-Z_][a-zA-Z0-9_]*: what else there is becomes '_' */
	size_t max_labels; /* at most SERIES_LABELS_MAX */
	size_t max_name_bytes, max_value_bytes;
};

struct series_label {
	char *name, *value;
};

struct series_labels {
	struct series_label items[SERIES_LABELS_MAX];
	size_t n;
	unsigned int n_cut; /* labels left out, and names and values made shorter */
};

/*
 * As put() for each "key=value" of the target, then for the part's service_name, then for its other labels.
 * series_labels_done() also after a failure.
 */
_must_check_ int series_labels_add(struct series_labels *s, const struct series_label_rules *rules,
				   const struct target_config *c, const struct profile_part *part);
/* Of labels with one name the first stays. The others are no loss, for who configures one means it, unless their name
 * had to be changed to be that. "" is none. */
_must_check_ int series_labels_put(struct series_labels *s, const struct series_label_rules *rules, const char *name,
				   const char *value);
void series_labels_done(struct series_labels *s);
