/* SPDX-License-Identifier: Apache-2.0 */
/* nearest: the name that was probably meant, for "did you mean" in error lines. */
#pragma once

#include <stddef.h>

/* A word longer than this is no slip of the fingers. */
#define NEAREST_MAX_CHARS 32

/*
 * How many characters must be inserted, removed, replaced or swapped with their neighbour to make b of a.
 * NEAREST_MAX_CHARS + 1 when either is longer than NEAREST_MAX_CHARS.
 */
size_t nearest_distance(const char *a, const char *b);

/*
 * Of two candidates for a word the nearer one; either may be NULL. A candidate with more than one change for every
 * three characters is none: NULL when that leaves nothing. Fold a list of names with it.
 */
const char *nearest_of(const char *word, const char *best, const char *candidate);
