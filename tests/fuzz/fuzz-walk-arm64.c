// SPDX-License-Identifier: Apache-2.0
/* fuzz walk, for aarch64: the same over the other machine's registers. */
#include "tests/fuzz/fuzz-walk.c"
