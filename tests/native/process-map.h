/* SPDX-License-Identifier: Apache-2.0 */
/* process map: the executable memory of a process, and the unwind tables of what lies there. */
#pragma once

#include <sys/types.h>

#include "tests/native/unwind-space.h"

#define PROCESS_MAP_MAX 128

struct process_map {
	struct unwind_extent extents[PROCESS_MAP_MAX];
	size_t n;
};

enum table_source {
	TABLES_OF_LIBDW,   /* nothing of the product is in them */
	TABLES_OF_INDEXER, /* the product's */
};

/* Adds a table to s for each file, the vdso, and anonymous code. */
_must_check_ int process_map_read(pid_t pid, enum table_source source, struct unwind_space *s, struct process_map *ret);
