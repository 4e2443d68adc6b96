// SPDX-License-Identifier: Apache-2.0
#include "cli/losses-view.h"

#include <inttypes.h>

#include "common/buf.h"
#include "report/losses.h"

int losses_view_add_name(struct buf *b, const struct losses_row *row)
{
	if (row->name)
		return buf_add_str(b, row->name);
	return buf_printf(b, "%s%s0x%" PRIx64, row->module, row->module[0] ? "+" : "", row->address);
}
