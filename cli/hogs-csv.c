// SPDX-License-Identifier: Apache-2.0
/* hogs as CSV (RFC 4180): a line for each row, numbers in full; what cannot be told is empty. */
#include <inttypes.h>
#include <math.h>

#include "cli/hogs-print.h"
#include "report/coverage.h"
#include "report/grouping.h"

static void print_text(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static void print_keys(const struct hogs_view *v, FILE *out, const uint32_t *group)
{
	size_t n;
	const struct group_key *keys = grouping_keys(v->grouping, &n);

	for (size_t i = 0; i < n; i++) {
		const char *more = "", *value = group ? grouping_value(v->grouping, *group, i, &more) : keys[i].name;
		bool has_more = keys[i].kind == GROUP_BY_FUNCTION || keys[i].kind == GROUP_BY_LIBRARY;

		print_text(out, value);
		fputc(',', out);
		if (has_more)
			print_text(out, group                              ? more
					: keys[i].kind == GROUP_BY_LIBRARY ? "build_id"
									   : "function_library");
		if (has_more)
			fputc(',', out);
	}
}

static void print_number(FILE *out, bool is_known, double n)
{
	if (is_known)
		fprintf(out, "%.9g", n);
	fputc(',', out);
}

static void print_part(FILE *out, double part, double whole)
{
	print_number(out, whole > 0, part / whole);
}

static void print_measure(const struct hogs_view *v, FILE *out, const struct hogs_measure *m,
			  const struct hogs_measure *whole)
{
	print_number(out, v->answer->has_cores, m->cores);
	print_number(out, v->answer->has_cores, HOGS_Z * m->sd);
	fprintf(out, "%" PRId64 ",%" PRId64 ",", m->amount.value_ns, m->amount.n_samples);
	print_number(out, true, hogs_share(m, whole));
}

static void print_row(const struct hogs_view *v, FILE *out, const struct hogs_row *row)
{
	const struct hogs_answer *a = v->answer;
	struct hogs_change c = hogs_change_of(&row->self, &row->self_before);
	const char *library = "", *top = row->has_top ? grouping_function(v->grouping, row->top, &library) : "";

	print_keys(v, out, &row->group);
	print_measure(v, out, &row->self, &a->all);
	print_measure(v, out, &row->total, &a->all);
	print_number(out, a->has_before, c.cores);
	print_number(out, a->has_before, c.error);
	fprintf(out, "%s,%zu,", !a->has_before ? "" : c.is_noise ? "true" : "false", row->n_hosts);
	print_number(out, a->has_cores, row->host_p50);
	print_number(out, a->has_cores, row->host_p99);
	print_part(out, (double)row->kernel_ns, (double)row->self.amount.value_ns);
	print_part(out, (double)row->n_named, (double)row->n_frames);
	print_part(out, (double)row->n_truncated, (double)row->self.amount.n_samples);
	print_part(out, (double)row->n_folded, (double)row->self.amount.n_samples);
	print_text(out, top);
	fputc(',', out);
	print_text(out, library);
	fputc(',', out);
	if (row->has_top && row->self.amount.value_ns)
		fprintf(out, "%.9g", (double)row->top_amount.value_ns / (double)row->self.amount.value_ns);
	fputs("\r\n", out);
}

void hogs_print_csv(const struct hogs_view *v, FILE *out)
{
	print_keys(v, out, NULL);
	fputs("self_cores,self_error,self_cpu_ns,self_n_samples,self_share,total_cores,total_error,total_cpu_ns,"
	      "total_n_samples,total_share,change_cores,change_error,change_is_noise,n_hosts,cores_per_host_p50,"
	      "cores_per_host_p99,kernel_share,named_share,truncated_share,folded_share,top_function,top_library,top_"
	      "share\r\n",
	      out);
	for (size_t i = 0; i < v->answer->n_shown; i++)
		print_row(v, out, &v->answer->rows[i]);
}
