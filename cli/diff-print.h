/* SPDX-License-Identifier: Apache-2.0 */
/* diff print: two sides compared, as a table and as CSV. */
#pragma once

#include <stdio.h>

#include "report/diff-view.h"

/* Rows in which all is noise are only counted. */
_must_check_ int diff_print(const struct diff_view *v, FILE *out);

/* With the rows that are noise. */
_must_check_ int diff_print_csv(const struct diff_view *v, FILE *out);
