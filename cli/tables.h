/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables: how answers look in a terminal: the top functions, the top services, the ledger in one line. Of the
 * profile's default value type; strings as text.h says; what the rows leave out is summed in a last one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/clean.h"

struct ledger;
struct profile;
struct top;

/* Functions by what they burn themselves, with cores where the profile has CPU time and a duration. */
_must_check_ int tables_print_functions(FILE *out, const struct profile *p, size_t max_rows);

/* The values of a label, under this heading. */
_must_check_ int tables_print_label(FILE *out, const struct profile *p, const char *key, const char *heading,
				    size_t max_rows);

/* The same of a ranking that is there already. */
_must_check_ int tables_print_values(FILE *out, const struct profile *p, const struct top *top, const char *heading,
				     size_t max_rows);

/* ledger: due 1980 = taken 1502 (in profile 1490, idle 12) + not delivered 478 (idle CPU 470, other 8) */
void tables_print_ledger(FILE *out, const struct ledger *l);
