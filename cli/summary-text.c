// SPDX-License-Identifier: Apache-2.0
/* summary as text: the header line by line, the labels, the functions. */
#include <inttypes.h>
#include <string.h>

#include "cli/summary.h"
#include "cli/tables.h"
#include "cli/text.h"
#include "cli/value.h"
#include "common/clock.h"
#include "pprof/profile.h"
#include "report/top.h"

#define NAME_WIDTH 12 /* of what stands before a header line */
#define MAX_TYPE_CHARS 48
#define MAX_LABEL_KEYS 32 /* more are counted, not shown */
#define MAX_LABEL_VALUES 5

static void print_name(FILE *out, const char *name)
{
	fprintf(out, "%-*s", NAME_WIDTH, name);
}

static int print_line(FILE *out, const char *name, const char *value)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = text_add(&text, value, TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	print_name(out, name);
	fprintf(out, "%s\n", text.size ? text.data : "(empty)");
	return 0;
}

static int print_comments(FILE *out, const struct profile *p, const char *name, enum comment_kind kind)
{
	for (size_t i = 0; i < p->n_comments; i++) {
		const char *text;
		int r;

		if (summary_comment_kind(p->comments[i], &text) != kind)
			continue;
		r = print_line(out, name, text);
		if (r < 0)
			return r;
	}
	return 0;
}

static int print_file(FILE *out, const struct summary_file *file)
{
	_cleanup_(buf_done) struct buf path = {};
	int r;

	r = text_add(&path, strcmp(file->path, "-") == 0 ? "standard input" : file->path, TEXT_MAX_CHARS);
	if (r < 0)
		return r;
	print_name(out, "file");
	fprintf(out, "%s (%s, %zu bytes)\n", path.data, file->form, file->n_bytes);
	return 0;
}

static void print_time(FILE *out, const struct summary *s)
{
	const struct profile *p = s->profile;
	char time[SUMMARY_TIME_SIZE];

	summary_format_time(p, time);
	print_name(out, "time");
	fputs(time[0] ? time : "unknown", out);
	if (p->duration_ns > 0)
		fprintf(out, ", for %.3f s", (double)p->duration_ns / NS_PER_S);
	if (s->ledgers.n > 1)
		fprintf(out, " together: %zu recordings, merged", s->ledgers.n);
	fputc('\n', out);
}

/* "samples/count", as pprof spells a type. */
static int add_type(struct buf *b, const struct profile_value_type *type)
{
	int r;

	r = text_add(b, type->type, MAX_TYPE_CHARS);
	if (r == 0)
		r = buf_add_char(b, '/');
	return r < 0 ? r : text_add(b, type->unit, MAX_TYPE_CHARS);
}

static int print_period(FILE *out, const struct profile *p)
{
	_cleanup_(buf_done) struct buf type = {};
	double hz = value_hz(&p->period_type, p->period);
	char period[VALUE_TEXT_SIZE];
	int r;

	if (p->period == 0)
		return 0;
	r = add_type(&type, &p->period_type);
	if (r < 0)
		return r;
	value_format(&p->period_type, p->period, period);
	print_name(out, "period");
	fprintf(out, "%s of %s", period, type.data);
	if (hz > 0)
		fprintf(out, " (%.2f Hz)", hz);
	fputc('\n', out);
	return 0;
}

static int print_total(FILE *out, const struct profile *p, size_t value_type)
{
	_cleanup_(buf_done) struct buf type = {};
	char value[VALUE_TEXT_SIZE];
	int64_t sum;
	int r;

	r = profile_sum(p, value_type, &sum);
	if (r < 0)
		return r;
	r = add_type(&type, &p->sample_types[value_type]);
	if (r < 0)
		return r;
	value_format(&p->sample_types[value_type], sum, value);
	print_name(out, "total");
	fprintf(out, "%s of %s", value, type.data);
	if (value_is_cores(p, value_type))
		fprintf(out, " = %.3f cores", value_cores(p, value_type, sum));
	fputs(value_type == p->default_type && p->n_sample_types > 1 ? " (ranked by this below)\n" : "\n", out);
	return 0;
}

static int print_totals(FILE *out, const struct profile *p)
{
	for (size_t i = 0; i < p->n_sample_types; i++) {
		int r = print_total(out, p, i);

		if (r < 0)
			return r;
	}
	print_name(out, "holds");
	fprintf(out, "%zu distinct samples, %zu locations, %zu functions, %zu mappings\n", p->n_samples, p->n_locations,
		p->n_functions, p->n_mappings);
	return 0;
}

static int print_header(FILE *out, const struct summary *s)
{
	const struct profile *p = s->profile;
	int r;

	r = print_file(out, &s->file);
	if (r == 0)
		r = print_comments(out, p, "host", COMMENT_HOST);
	if (r < 0)
		return r;
	print_time(out, s);
	r = print_period(out, p);
	if (r == 0)
		r = print_totals(out, p);
	if (r == 0 && p->doc_url[0])
		r = print_line(out, "see", p->doc_url);
	if (r == 0)
		r = print_comments(out, p, "comment", COMMENT_OTHER);
	return r < 0 ? r : print_comments(out, p, "unreadable", COMMENT_UNREADABLE);
}

/* Whoever drops or adds samples afterwards (pprof -focus, for instance) leaves the comments as they are. */
static void print_difference(FILE *out, const struct summary *s)
{
	int64_t n;

	if (strcmp(s->profile->sample_types[0].type, "samples") != 0 || profile_sum(s->profile, 0, &n) < 0)
		return;
	if (n < 0 || (uint64_t)n != s->ledgers.sum.in_profile)
		fprintf(out, "note: the file has %" PRId64 " samples: it was changed after it was recorded\n", n);
}

static void print_ledger(FILE *out, const struct summary *s)
{
	fputc('\n', out);
	if (s->ledgers.n > 0) {
		tables_print_ledger(out, &s->ledgers.sum);
		print_difference(out, s);
	} else if (s->ledgers.n_damaged == 0) {
		fputs("ledger: none: the profile was not made by cpuhound\n", out);
	}
	if (s->ledgers.n_damaged > 0)
		fprintf(out, "ledger: %zu damaged, and in no sum\n", s->ledgers.n_damaged);
}

static int print_label(FILE *out, const struct summary *s, const struct label_key *key)
{
	_cleanup_(top_done) struct top top = {};
	_cleanup_(buf_done) struct buf heading = {};
	size_t n_values;
	int r;

	r = top_label(s->profile, s->profile->default_type, key->name, &top);
	if (r < 0)
		return r;
	n_values = summary_n_values(s, key, &top);
	r = buf_printf(&heading, "%s: %zu value%s", key->name, n_values, n_values == 1 ? "" : "s");
	if (r < 0)
		return r;
	fputc('\n', out);
	return tables_print_values(out, s->profile, &top, heading.data, MAX_LABEL_VALUES);
}

static int print_labels(FILE *out, const struct summary *s)
{
	const struct label_keys *keys = &s->label_keys;

	for (size_t i = 0; i < keys->n && i < MAX_LABEL_KEYS; i++) {
		int r = print_label(out, s, &keys->keys[i]);

		if (r < 0)
			return r;
	}
	if (keys->n > MAX_LABEL_KEYS)
		fprintf(out, "\n%zu more labels\n", keys->n - MAX_LABEL_KEYS);
	return 0;
}

int summary_print(const struct summary *s, FILE *out, size_t max_rows)
{
	int r;

	r = print_header(out, s);
	if (r < 0)
		return r;
	print_ledger(out, s);
	r = print_labels(out, s);
	if (r < 0)
		return r;
	fputc('\n', out);
	return tables_print_functions(out, s->profile, max_rows);
}
