/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf entry: the few functions that a stripped program still tells of: _start, where it is entered; main, whose address
 * the _start of glibc's crt1.o hands on; _init and _fini. They are in nearly every stack of the program. How long the
 * first two are says their CFI. x86_64 only.
 */
#pragma once

#include "symbolizer/elffile.h"
#include "symbolizer/symbols.h"

_must_check_ int elf_entry_add(const struct elffile *f, struct symbols *ret);
