/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relabel: rules that change the labels of a workload or drop it, with the meaning of Prometheus' relabel_config:
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config
 * Expressions match the whole text; a target that comes out as no name of a label is not set. Applied when a workload
 * is named, not for every sample. Not locked.
 *
 * PCRE2 takes nearly all that RE2 takes and is in every Debian; POSIX expressions have no \d, no (?:) and no (?i).
 * What it gives up is RE2's promise of linear time: a match that takes too many steps is no match, and counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct label_set;
struct relabel;

#define RELABEL_MAX_RULES 256
#define RELABEL_MAX_SOURCES 16

struct relabel_spec {
	const char *action; /* replace, keep, drop, labeldrop, labelkeep, labelmap */
	const char *const *source_labels;
	size_t n_source_labels;
	const char *separator, *regex, *target_label, *replacement; /* never NULL; target_label may be empty */
};

/* What is wrong with a spec. */
struct relabel_fault {
	const char *key; /* of the spec: "regex" */
	char why[192];
};

_must_check_ int relabel_new(struct relabel **ret);
struct relabel *relabel_free(struct relabel *r); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct relabel *, relabel_free);

enum relabel_answer {
	RELABEL_BAD = 1, /* the spec is no rule: see the fault */
	RELABEL_DROPPED, /* the workload is to be left out */
};

/* Appends a rule. -ENOSPC: too many. */
_must_check_ int relabel_add(struct relabel *r, const struct relabel_spec *spec, struct relabel_fault *ret_fault);

/*
 * Applies all rules in order. Labels whose names begin with "__" are for the rules only, and gone afterwards.
 * RELABEL_DROPPED: labels holds what there was when the rule dropped it.
 */
_must_check_ int relabel_apply(struct relabel *r, struct label_set *labels);

/* Matches that were given up. */
uint64_t relabel_n_given_up(const struct relabel *r);
