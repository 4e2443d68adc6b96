/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index function table: the functions of debug info as the index file has them. Each unit tells of its own copy of what
 * it shares with others: equal ones are one, those that no scope is of are left out, and what most scopes are of comes
 * first: its number has fewer bytes, and it is near to others that are often asked for. Belongs to the writer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/index-writer.h"

struct index_function_table {
	uint32_t *numbers; /* in the file, by the number in index_debug.functions; of those that no scope is of, none */
	uint32_t *rows;    /* one of index_debug.functions, by the number in the file */
	size_t n_rows;
};

/* debug is as index-writer.h has it. */
_must_check_ int index_function_table_init(struct index_function_table *t, const struct index_debug *debug);
void index_function_table_done(struct index_function_table *t);
