/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf package: where in a .dwp the parts of a split unit lie (DWARF 5, section 7.3.5; version 2 is GNU's for DWARF
 * 4). Pure.
 */
#pragma once

#include "symbolizer/dwarf-info.h"

/* false: the unit is not in there, or its place makes no sense. */
bool dwarf_package_find(const struct dwarf_bytes *cu_index, uint64_t dwo_id, struct dwarf_piece *ret);
