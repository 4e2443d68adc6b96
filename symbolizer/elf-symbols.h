/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf symbols: the functions of one binary from all tables that it has, and from those of its separate debug file. The
 * names are borrowed from both files, which stay open until elf_symbols_done().
 */
#pragma once

#include "common/buf.h"
#include "symbolizer/elffile.h"
#include "symbolizer/symbols.h"

struct elf_symbols {
	struct symbols all; /* settled */
	struct symbols stubs;
	struct elffile debugdata;
	struct buf unpacked; /* the bytes of debugdata */
};

/* debug: NULL where there is none. ret begins as `= {}`. */
_must_check_ int elf_symbols_gather(const struct elffile *f, const struct elffile *debug, struct elf_symbols *ret);
void elf_symbols_done(struct elf_symbols *s); /* a half-gathered one is fine */
