/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle cpp: the C++ names that binaries are full of, a quarter of the time that libiberty takes: one pass, text in,
 * text out, no tree. It gives up on what is rare (expressions, arrays, pointers to members): that is libiberty's, and
 * so is the spelling, which is the same to the byte (tests/unit/test-demangle.c, tests/fuzz/fuzz-demangle.c).
 */
#pragma once

#include <stddef.h>

/*
 * ret_size: room in ret, the NUL included. The number of bytes in it without that; 0: not one of these names, or no
 * room for it.
 */
size_t demangle_cpp(const char *name, size_t size, char *ret, size_t ret_size);
