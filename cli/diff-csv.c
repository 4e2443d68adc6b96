// SPDX-License-Identifier: Apache-2.0
/* diff as CSV: a line for each row. */
#include <inttypes.h>

#include "cli/csv.h"
#include "cli/diff-print.h"
#include "common/buf.h"

static int add_change(struct buf *b, const struct diff_view *v, const struct diff_change *c)
{
	int r = buf_printf(b, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",", c->before, c->after, c->delta);

	if (r == 0 && v->scale.has_errors)
		r = buf_printf(b, "%" PRId64, (int64_t)c->error);
	return r == 0 ? buf_add_str(b, c->is_noise ? ",1" : ",0") : r;
}

static int add_row(struct buf *b, const struct diff_view *v, const struct diff_row *row)
{
	struct diff_change self, total;
	int r = csv_add(b, row->name);

	diff_change_of(row->self, &v->scale, &self);
	diff_change_of(row->total, &v->scale, &total);
	if (r == 0)
		r = buf_add_char(b, ',');
	if (r == 0)
		r = csv_add(b, row->library);
	if (r == 0)
		r = add_change(b, v, &self);
	if (r == 0)
		r = add_change(b, v, &total);
	return r == 0 ? buf_add_str(b, "\r\n") : r;
}

int diff_print_csv(const struct diff_view *v, FILE *out)
{
	_cleanup_(buf_done) struct buf line = {};
	int r = 0;

	fputs("name,library,self_before,self_after,self_delta,self_error,self_is_noise,"
	      "total_before,total_after,total_delta,total_error,total_is_noise\r\n",
	      out);
	for (size_t i = 0; r == 0 && i < diff_view_n_shown(v); i++) {
		buf_clear(&line);
		r = add_row(&line, v, &v->rows[i]);
		if (r == 0)
			fputs(line.data, out);
	}
	return r;
}
