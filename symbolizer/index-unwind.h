/* SPDX-License-Identifier: Apache-2.0 */
/* index unwind: checks every bound of an INDEX_UNWIND section, so that whoever reads rows can trust them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/index.h"

/* data lies at a multiple of INDEX_ALIGN. -EBADMSG: not as bpf/unwind-table.h and index-format.h have it. */
_must_check_ int index_unwind_check(const char *data, uint64_t size, uint16_t machine, struct index_unwind *ret);
