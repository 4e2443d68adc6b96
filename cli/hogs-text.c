// SPDX-License-Identifier: Apache-2.0
/*
 * hogs as text: what was recorded, the table (cli/hogs-table.c), hosts that stand out, and how sure all of it is:
 *
 *	2026-11-29 10:00:00Z to 11:00:00Z: 42 hosts, 15120 windows
 *	...
 *	total: 1290.112 ±0.603 cores at 95 %, 1900000 samples; lost 0.02 %; 1 host silent for more than 5 minutes: db-7
 */
#include <inttypes.h>
#include <time.h>

#include "cli/hogs-print.h"
#include "cli/text.h"
#include "common/clock.h"
#include "report/coverage.h"
#include "report/grouping.h"

#define TIME_BYTES 32
#define MAX_SILENT 8 /* names in the last line; --json has all */

static void format_time(int64_t ns, char ret[static TIME_BYTES])
{
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_S);
	struct tm tm = {};

	gmtime_r(&seconds, &tm);
	strftime(ret, TIME_BYTES, "%Y-%m-%d %H:%M:%SZ", &tm);
}

static void print_span(FILE *out, const char *before, const struct coverage *c)
{
	const struct coverage_totals *t = coverage_totals(c);
	char start[TIME_BYTES], end[TIME_BYTES];
	size_t n_hosts;

	coverage_hosts(c, &n_hosts);
	fputs(before, out);
	if (t->start_ns) {
		format_time(t->start_ns, start);
		format_time(t->end_ns, end);
		fprintf(out, "%s to %s: ", start, end);
	}
	fprintf(out, "%zu host%s, %" PRIu64 " window%s\n", n_hosts, n_hosts == 1 ? "" : "s", t->n_windows,
		t->n_windows == 1 ? "" : "s");
}

static void print_spans(const struct hogs_view *v, FILE *out)
{
	print_span(out, "", v->now);
	if (v->before && v->answer->has_before)
		print_span(out, "compared with ", v->before);
	else if (v->before)
		fprintf(out, "nothing to compare with: there is no data of %.6g h before\n",
			(double)v->vs_ns / (3600.0 * (double)NS_PER_S));
}

static int print_outliers(const struct hogs_view *v, FILE *out)
{
	const struct hogs_answer *a = v->answer;
	size_t n;
	const struct coverage_host *hosts = coverage_hosts(v->now, &n);

	if (v->tells_outliers && a->n_outliers == 0)
		fputs("no host stands out\n", out);
	for (size_t i = 0; i < a->n_outliers; i++) {
		const struct hogs_outlier *o = &a->outliers[i];
		_cleanup_(buf_done) struct buf name = {}, text = {};
		int r = hogs_view_add_name(v, a->rows[o->row].group, &name);

		if (r == 0)
			r = text_add(&text, name.data, TEXT_MAX_CHARS);
		if (r < 0)
			return r;
		fprintf(out, "%s stands out on %s: %.3f cores, the median host has %.3f\n", text.data,
			*hosts[o->host].name ? hosts[o->host].name : HOGS_NONE, o->cores, o->median);
	}
	return 0;
}

static size_t count_silent(const struct hogs_view *v)
{
	size_t n, n_silent = 0;
	const struct coverage_host *hosts = coverage_hosts(v->now, &n);

	for (size_t i = 0; i < n; i++)
		n_silent += coverage_is_silent(v->now, &hosts[i], v->until_ns);
	return n_silent;
}

static void print_silent(const struct hogs_view *v, FILE *out)
{
	size_t n, n_told = 0, n_silent = count_silent(v);
	const struct coverage_host *hosts = coverage_hosts(v->now, &n);

	if (n_silent == 0)
		return;
	fprintf(out, "; %zu host%s silent for more than 5 minutes", n_silent, n_silent == 1 ? "" : "s");
	for (size_t i = 0; i < n && n_told < MAX_SILENT; i++)
		if (coverage_is_silent(v->now, &hosts[i], v->until_ns))
			fprintf(out, "%s%s", n_told++ ? ", " : ": ", *hosts[i].name ? hosts[i].name : HOGS_NONE);
	if (n_told < n_silent)
		fprintf(out, " and %zu more", n_silent - n_told);
}

static void print_total(const struct hogs_view *v, FILE *out)
{
	const struct hogs_answer *a = v->answer;
	double lost = coverage_lost(v->now);

	fprintf(out, "total: %.3f \xc2\xb1%.3f %s at 95 %%, %" PRId64 " samples", hogs_view_amount(v, &a->taken.self),
		hogs_view_error(v, &a->taken.self), a->has_cores ? "cores" : "seconds of CPU time",
		a->taken.self.amount.n_samples);
	if (v->is_filtered)
		fprintf(out, ", %.1f %% of all that these labels have", 100 * hogs_share(&a->taken.self, &a->all));
	if (a->taken.n_folded)
		fprintf(out, ", %.1f %% of them in \"(other)\": merging folded rare stacks away",
			100 * (double)a->taken.n_folded / (double)a->taken.self.amount.n_samples);
	if (lost < 0)
		fputs("; no ledger tells what was lost", out);
	else
		fprintf(out, "; lost %.3g %%", 100 * lost);
	print_silent(v, out);
	fputc('\n', out);
}

/* What has no room of its own. */
static void print_bounds(const struct hogs_view *v, FILE *out)
{
	const struct hogs_answer *a = v->answer;
	const struct {
		uint64_t n;
		const char *what;
	} bounds[] = {
		{ a->n_beyond_groups, "stacks are of no group of their own: there are too many groups" },
		{ a->n_beyond_cells, "times a group had no room on a host: its numbers are too small" },
		{ a->n_beyond_tops, "stacks have no part in TOP FUNCTION: there are too many functions" },
		{ a->n_beyond_edges, "calls have no part in the callers: there are too many" },
		{ a->n_beyond_frames, "frames are \"(other)\": there are too many" },
		{ v->n_given_up, "values took an expression too long, and count as not matching" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++)
		if (bounds[i].n)
			fprintf(out, "%" PRIu64 " %s\n", bounds[i].n, bounds[i].what);
}

int hogs_print(const struct hogs_view *v, FILE *out)
{
	int r;

	print_spans(v, out);
	r = hogs_print_table(v, out);
	if (r == 0)
		r = print_outliers(v, out);
	if (r < 0)
		return r;
	print_total(v, out);
	print_bounds(v, out);
	return 0;
}
