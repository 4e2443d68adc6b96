/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob: `*` stands for any characters, also none and also '/', `?` for one byte; everything else for itself. The whole
 * text must match. fnmatch(3) takes exponential time for `*a*a*a*b`, and the texts are foreign; this one does not take
 * more than the product of both lengths.
 */
#pragma once

#include <stdbool.h>

bool glob_matches(const char *glob, const char *text);
