/* SPDX-License-Identifier: Apache-2.0 */
/* words: our own sentences (ASCII) in a column of a table, broken between words where they are longer than it. */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct words_column {
	size_t left; /* where it begins */
	size_t room; /* how wide it is; not 0 */
};

/*
 * From the `used`th character of the column on, which is where the line stands; the lines that follow begin `indent`
 * characters inside of the column. Ends in a newline.
 */
void words_print(FILE *out, const struct words_column *column, const char *text, size_t used, size_t indent);
