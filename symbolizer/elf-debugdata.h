/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf debugdata: the section .gnu_debugdata, an xz-compressed ELF file with the symbols that .dynsym does not have
 * (Fedora's "minidebuginfo").
 */
#pragma once

#include "common/buf.h"
#include "symbolizer/elffile.h"

enum elf_debugdata_answer {
	ELF_DEBUGDATA_NONE = 1, /* no such section, damaged, or larger than we unpack */
};

_must_check_ int elf_debugdata_read(const struct elffile *f, struct buf *ret);
