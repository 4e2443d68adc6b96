/* SPDX-License-Identifier: Apache-2.0 */
/* go symbols: the names that a Go binary has for its own stack traces: where it was stripped, the only ones. */
#pragma once

#include "symbolizer/elffile.h"
#include "symbolizer/symbols.h"

/* Adds the functions of the gopclntab as SYMBOL_PCLNTAB; none where f is no Go binary. The names are borrowed from f.
 */
_must_check_ int go_symbols_add(const struct elffile *f, struct symbols *ret);
