/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normalize: what values are multiplied with, so that profiles of different lengths, or of different numbers of hosts,
 * can be laid side by side.
 *
 *	none    1: values stay what was measured
 *	total   what makes their sum NORMALIZE_TOTAL_SUM, or the sum of another profile: shares
 *	time    1 / the seconds that a host was recorded for, on the average: CPU time a second of all, which is cores
 *	hosts   1 / those seconds / the number of hosts: cores of an average host
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define NORMALIZE_TOTAL_SUM 1000000000 /* of a profile alone */
#define NORMALIZE_WORDS "none, total, time or hosts"

enum normalize {
	NORMALIZE_NONE,
	NORMALIZE_TOTAL,
	NORMALIZE_TIME,
	NORMALIZE_HOSTS,
};

struct coverage;

/* What values were measured over, whatever samples of it are selected. */
struct normalize_extent {
	double seconds; /* of a host, on the average; 0: unknown */
	size_t n_hosts; /* that are known to be recorded for some time */
};
void normalize_extent_of(struct coverage *c, struct normalize_extent *ret);

enum normalize_answer {
	NORMALIZE_UNKNOWN = 1, /* the word is none of them */
	NORMALIZE_NO_TIME,     /* nothing says how long was measured */
	NORMALIZE_NO_SUM,      /* the sum is 0 or less: there are no shares of that */
};
_must_check_ int normalize_parse(const char *word, enum normalize *ret);
const char *normalize_name(enum normalize n);

/* sum: of what is measured; wanted: what it shall become, where n is NORMALIZE_TOTAL. */
_must_check_ int normalize_factor(enum normalize n, const struct normalize_extent *e, int64_t sum, int64_t wanted,
				  double *ret);

/* A value times its factor, rounded, or the most that fits; whole numbers stay exact where the factor is 1. */
int64_t normalize_value(int64_t value, double factor);
