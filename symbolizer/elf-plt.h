/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf plt: names for the stubs through which a binary calls into others: foo@plt. x86_64 only: each stub jumps
 * through a slot of the GOT, and a relocation says whose address the loader puts there.
 */
#pragma once

#include "symbolizer/elffile.h"
#include "symbolizer/symbols.h"

/* known: the settled symbols of the file, for stubs of its own IFUNCs; must not be ret. */
_must_check_ int elf_plt_add(const struct elffile *f, const struct symbols *known, struct symbols *ret);
