// SPDX-License-Identifier: Apache-2.0
#include "report/hogs-view.h"

#include <math.h>

#include "common/clock.h"
#include "report/grouping.h"

int hogs_view_add_name(const struct hogs_view *v, uint32_t group, struct buf *ret)
{
	size_t n;
	int r = 0;

	grouping_keys(v->grouping, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *more, *value = grouping_value(v->grouping, group, i, &more);

		r = buf_printf(ret, "%s%s", i ? ", " : "", *value ? value : HOGS_NONE);
	}
	return r;
}

double hogs_view_amount(const struct hogs_view *v, const struct hogs_measure *m)
{
	return v->answer->has_cores ? m->cores : (double)m->amount.value_ns / (double)NS_PER_S;
}

double hogs_view_error(const struct hogs_view *v, const struct hogs_measure *m)
{
	return HOGS_Z * (v->answer->has_cores ? m->sd : sqrt(m->amount.variance) / (double)NS_PER_S);
}
