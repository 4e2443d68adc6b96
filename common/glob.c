// SPDX-License-Identifier: Apache-2.0
#include "common/glob.h"

#include <stddef.h>

bool glob_matches(const char *glob, const char *text)
{
	const char *star = NULL;  /* behind the last `*` */
	const char *taken = NULL; /* where the text goes on that this `*` has not taken */

	while (*text) {
		if (*glob == '*') {
			star = ++glob;
			taken = text;
		} else if (*glob == '?' || *glob == *text) {
			glob++;
			text++;
		} else if (star) {
			glob = star;
			text = ++taken;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}
