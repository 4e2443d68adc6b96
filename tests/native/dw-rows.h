/* SPDX-License-Identifier: Apache-2.0 */
/* dw rows: the unwind rows of an ELF file as libdw reads its .eh_frame: another view than that of symbolizer/. */
#pragma once

#include <stddef.h>

#include "tests/native/table-rows.h"

/* All rows between two virtual addresses of the file. */
_must_check_ int dw_rows_read(int fd, struct table_row **ret, size_t *ret_n);
