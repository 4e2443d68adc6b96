/* SPDX-License-Identifier: Apache-2.0 */
/* cfi rule: what a CFI program says of one address, as a rule of bpf/unwind-table.h. */
#pragma once

#include "symbolizer/cfi-program.h"

/* UNWIND_CFA_UNENCODABLE where a rule cannot hold it. */
void cfi_rule_of(const struct cfi_common *common, const struct cfi_state *state, struct unwind_rule *ret);
