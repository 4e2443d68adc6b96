/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection: which windows somebody wants, and which of their samples: a time range and matchers of labels, as commands
 * take them: --since T, --until T, and arguments such as service=api.
 *
 * A window is in the range when it begins there. Of files that stand for the same windows one counts. A window that
 * cannot hold a sample that all matchers take is left out; the samples of the others: selection_keep_samples().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/matcher.h"

#define SELECTION_MAX_MATCHERS 16

enum selection_files {
	SELECT_FEWEST, /* the merged file where all of it is in the range, else what it was made of, while that is there
			*/
	SELECT_MINUTES, /* the same, but what hours were merged from, while all of it is there */
	SELECT_FINEST,  /* what merged files were made of, while all of it is there */
	SELECT_ALL,     /* every file, merged or not: some windows are there more than once */
};

/* Begins with SELECTION_ALL_TIME, ends with selection_done(). */
struct selection {
	int64_t since_ns, until_ns; /* CLOCK_REALTIME; [since, until) */
	enum selection_files files;
	struct matcher *matchers[SELECTION_MAX_MATCHERS];
	size_t n_matchers;
};
#define SELECTION_ALL_TIME                                                                                             \
	{                                                                                                              \
		.until_ns = INT64_MAX                                                                                  \
	}
void selection_done(struct selection *s);

/* Adds a matcher. Answers as of matcher_new(); -ENOSPC: too many. */
_must_check_ int selection_add(struct selection *s, const char *text, char ret_why[static MATCHER_WHY_BYTES]);

/* Values of labels that its matchers took too many steps for, which are no match. */
uint64_t selection_n_given_up(const struct selection *s);

/*
 * The time of --since and --until: a duration before now (10, 10s, 5m, 1h, 7d), or RFC 3339 (2026-11-29T01:42:42Z).
 * SELECTION_BAD_TIME: neither.
 */
enum selection_answer {
	SELECTION_BAD_TIME = 3, /* apart from enum matcher_answer */
};
_must_check_ int selection_parse_time(const char *text, int64_t now_ns, int64_t *ret);

/* The same span, earlier: until now becomes until then. Times before 1970 are 1970. */
void selection_shift(int64_t *since_ns, int64_t *until_ns, int64_t by_ns, int64_t now_ns);

struct profile;

/* Leaves out the samples that a matcher does not take. */
_must_check_ int selection_keep_samples(const struct selection *s, struct profile *p);
