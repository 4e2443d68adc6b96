/* SPDX-License-Identifier: Apache-2.0 */
/* hogs print: an answer as text (cli/hogs-text.c) with its table (cli/hogs-table.c), and as CSV. */
#pragma once

#include <stdio.h>

#include "report/hogs-view.h"

_must_check_ int hogs_print(const struct hogs_view *v, FILE *out);
_must_check_ int hogs_print_table(const struct hogs_view *v, FILE *out);
void hogs_print_csv(const struct hogs_view *v, FILE *out);
