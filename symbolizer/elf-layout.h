/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf layout: addresses for the code of a relocatable file (a kernel module, a .o), whose sections have none of their
 * own. They lie behind one another in the order in which the kernel's module loader lays them (kernel/module/main.c,
 * layout_sections()), so an address in a loaded module, less the module's start, plus ELF_LAYOUT_START, is the address
 * here. Sections of initialisation, which the kernel puts elsewhere and soon frees, are apart.
 */
#pragma once

#include <gelf.h>

#include "common/clean.h"
#include "symbolizer/index-format.h"

#define ELF_LAYOUT_START 0x10000u /* not 0: that is where linkers put what they dropped */
#define ELF_LAYOUT_INIT_START 0x40000000u

/* Writes the addresses into libelf's copy of the section headers; names: the section of their names. */
void elf_layout(Elf *elf, size_t names, struct index_segment ret_segments[static 2], size_t *ret_n);
