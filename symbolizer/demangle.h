/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle: a linkage name as its author wrote it: C++ (Itanium ABI), Rust v0 and legacy, D. What compilers append to
 * the name of a C++ function that they made from another is shown as c++filt shows it: "foo() [clone .part.0]"; on a
 * Rust function it is not shown, and C names stay what they are: "foo.part.0". The hash of a Rust name is not shown.
 * Whatever libiberty 2.40 does not know stays as it is: Swift, Ada, OCaml, C++20's constraints on lambdas.
 *
 * Most names are done by our own two passes (demangle-cpp.h, demangle-rust.h), the rest by libiberty. Hostile names
 * can expand without end; what is written stops at DEMANGLE_MAX_BYTES.
 */
#pragma once

#include <stddef.h>

#define DEMANGLE_MAX_BYTES 1024

/* The number of bytes in ret without its NUL; 0: not a mangled name (or not a valid one), ret holds nothing of use. */
size_t demangle(const char *name, char ret[static DEMANGLE_MAX_BYTES + 1]);
