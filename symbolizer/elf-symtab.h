/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf symtab: functions from symbol tables: .symtab, .dynsym, the .symtab inside of .gnu_debugdata, and DT_SYMTAB
 * where a file has no section headers. Damaged tables give what can be read of them; only lack of memory and the
 * caps are errors.
 */
#pragma once

#include "symbolizer/elffile.h"
#include "symbolizer/symbols.h"

/*
 * Adds the functions of f: FUNC, IFUNC, and NOTYPE in executable sections (hand-written assembly), each inside of an
 * executable segment of `image` (f itself, or the file that f is the debug data of).
 */
_must_check_ int elf_symtab_add(const struct elffile *f, const struct elffile *image, enum symbol_source symtab_source,
				struct symbols *ret);
