/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf relocate: in a relocatable file (a kernel module, a .o) the addresses and offsets in debug info are still to be
 * filled in. Sections have the addresses of symbolizer/elf-layout.h. x86_64 and aarch64; absolute ones only, as DWARF
 * has.
 */
#pragma once

#include "symbolizer/elffile.h"

/* Applies the relocations of section number `section` to its bytes, as far as they make sense. */
_must_check_ int dwarf_relocate(const struct elffile *f, size_t section, uint8_t *data, size_t size);
