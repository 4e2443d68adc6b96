/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go binary: where an ELF file made by Go has its gopclntab, and where its Go text starts: in a section of its own,
 * inside of .data.rel.ro (a position-independent one linked by ld), or anywhere where there are no section headers.
 */
#pragma once

#include "symbolizer/elffile.h"
#include "symbolizer/gopclntab.h"

struct go_binary {
	struct gopclntab table; /* lives as long as the elffile */
	uint64_t table_vaddr;
	uint64_t text_start; /* what offsets count from; 0 in a table of addresses */
};

/* GOPCLNTAB_NONE: no Go binary, or none that can be read. */
_must_check_ int go_binary_open(const struct elffile *f, struct go_binary *ret);

/* The i-th function, with addresses that lie in one executable segment; false: damaged. */
bool go_binary_function(const struct go_binary *go, const struct elffile *f, size_t i, struct gopclntab_function *ret);
