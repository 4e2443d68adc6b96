// SPDX-License-Identifier: Apache-2.0
#include "common/nearest.h"

#include <string.h>

#include "common/clean.h"

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Restricted Damerau-Levenshtein distance, three rows at a time. */
size_t nearest_distance(const char *a, const char *b)
{
	size_t n_a = strlen(a), n_b = strlen(b);
	size_t rows[3][NEAREST_MAX_CHARS + 1];

	if (n_a > NEAREST_MAX_CHARS || n_b > NEAREST_MAX_CHARS)
		return NEAREST_MAX_CHARS + 1;
	for (size_t j = 0; j <= n_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		const size_t *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);

			row[j] = min_size(replaced, 1 + min_size(above[j], row[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_size(row[j], before[j - 2] + 1);
		}
	}
	return rows[n_a % 3][n_b];
}

static size_t allowed_distance(const char *word)
{
	size_t n = strlen(word) / 3;

	return n ? n : 1;
}

const char *nearest_of(const char *word, const char *best, const char *candidate)
{
	if (!candidate || nearest_distance(word, candidate) > allowed_distance(word))
		return best;
	if (best && nearest_distance(word, best) <= nearest_distance(word, candidate))
		return best;
	return candidate;
}
