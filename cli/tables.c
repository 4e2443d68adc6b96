// SPDX-License-Identifier: Apache-2.0
#include "cli/tables.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/text.h"
#include "cli/value.h"
#include "common/clock.h"
#include "pprof/ledger.h"
#include "pprof/profile.h"
#include "report/top.h"

#define MIN_ROOM 16 /* for a name and its module: lines grow rather than lose them */
#define MAX_MODULE_CHARS 32
#define SHARE_WIDTH 8 /* "  100.0%" */

/* What a table is printed with: the width of its columns follows what is in them. */
struct columns {
	const struct profile *profile;
	size_t value_type;
	char heading[VALUE_TEXT_SIZE];
	size_t value_width, line_width;
	bool has_total; /* functions have one, values of labels do not */
};

static void set_heading(struct columns *c)
{
	const char *type = c->profile->sample_types[c->value_type].type;
	size_t n = 0;

	if (value_is_cores(c->profile, c->value_type))
		type = "cores";
	for (; type[n] && n < sizeof(c->heading) - 1; n++)
		c->heading[n] = isprint((unsigned char)type[n]) ? (char)toupper((unsigned char)type[n]) : '?';
}

static void widen(struct columns *c, int64_t value)
{
	char cell[VALUE_TEXT_SIZE];

	value_format_cell(c->profile, c->value_type, value, cell);
	if (strlen(cell) > c->value_width)
		c->value_width = strlen(cell);
}

static void columns_init(struct columns *c, FILE *out, const struct profile *p, const struct top *top, size_t max_rows)
{
	*c = (struct columns){ .profile = p, .value_type = p->default_type, .line_width = text_width(out) };
	set_heading(c);
	c->value_width = strlen(c->heading);
	widen(c, top->sum);
	for (size_t i = 0; i < top->n_rows && i < max_rows; i++)
		widen(c, top->rows[i].self);
}

static void print_value(FILE *out, const struct columns *c, int64_t value)
{
	char cell[VALUE_TEXT_SIZE];

	value_format_cell(c->profile, c->value_type, value, cell);
	fprintf(out, "%*s", (int)c->value_width, cell);
}

static void print_share(FILE *out, const struct top *top, int64_t part)
{
	double whole = top->whole ? (double)top->whole : 1;

	fprintf(out, " %*.1f%%", SHARE_WIDTH - 2, 100.0 * (double)part / whole);
}

/* An unnamed function has its module in its name. */
static bool says_module(const struct top_row *row)
{
	size_t size = strlen(row->module);

	return size == 0 || (strncmp(row->name, row->module, size) == 0 && row->name[size] == '+');
}

/* The module has a third of the room at most, the name what is left. */
static int print_function(FILE *out, const struct top_row *row, size_t room)
{
	_cleanup_(buf_done) struct buf name = {}, module = {};
	int r;

	if (!says_module(row)) {
		r = text_add(&module, row->module, room / 3 < MAX_MODULE_CHARS ? room / 3 : MAX_MODULE_CHARS);
		if (r < 0)
			return r;
		room -= text_n_chars(&module) + strlen("  ()");
	}
	r = text_add_function(&name, row->name, room);
	if (r < 0)
		return r;
	fputs(name.data, out);
	if (module.size)
		fprintf(out, "  (%s)", module.data);
	fputc('\n', out);
	return 0;
}

static int print_value_name(FILE *out, const struct top_row *row, size_t room)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = text_add(&text, row->name, room);
	if (r < 0)
		return r;
	fprintf(out, "%s\n", text.size ? text.data : "(empty)");
	return 0;
}

/* What the rows leave out, so that the column adds up. */
static int print_rest(FILE *out, const struct columns *c, const struct top *top, size_t max_rows)
{
	int64_t rest = 0;

	if (top->n_rows <= max_rows)
		return 0;
	for (size_t i = max_rows; i < top->n_rows; i++)
		if (__builtin_add_overflow(rest, top->rows[i].self, &rest))
			return -ERANGE;
	print_value(out, c, rest);
	print_share(out, top, rest);
	fprintf(out, "%*s  (%zu more)\n", c->has_total ? SHARE_WIDTH : 0, "", top->n_rows - max_rows);
	return 0;
}

static int print_rows(FILE *out, const struct columns *c, const struct top *top, size_t max_rows)
{
	size_t taken = c->value_width + (c->has_total ? 2 : 1) * SHARE_WIDTH + 2;
	size_t room = c->line_width > taken + MIN_ROOM ? c->line_width - taken : MIN_ROOM;

	for (size_t i = 0; i < top->n_rows && i < max_rows; i++) {
		const struct top_row *row = &top->rows[i];
		int r;

		print_value(out, c, row->self);
		print_share(out, top, row->self);
		if (c->has_total)
			print_share(out, top, row->total);
		fputs("  ", out);
		r = c->has_total ? print_function(out, row, room) : print_value_name(out, row, room);
		if (r < 0)
			return r;
	}
	return print_rest(out, c, top, max_rows);
}

int tables_print_functions(FILE *out, const struct profile *p, size_t max_rows)
{
	_cleanup_(top_done) struct top top = {};
	struct columns c;
	int r;

	r = top_functions(p, p->default_type, &top);
	if (r < 0)
		return r;
	columns_init(&c, out, p, &top, max_rows);
	c.has_total = true;
	fprintf(out, "%*s %*s %*s  FUNCTION\n", (int)c.value_width, c.heading, SHARE_WIDTH - 1, "SELF%",
		SHARE_WIDTH - 1, "TOTAL%");
	return print_rows(out, &c, &top, max_rows);
}

int tables_print_values(FILE *out, const struct profile *p, const struct top *top, const char *heading, size_t max_rows)
{
	_cleanup_(buf_done) struct buf text = {};
	struct columns c;
	int r;

	columns_init(&c, out, p, top, max_rows);
	r = text_add(&text, heading, c.line_width / 2);
	if (r < 0)
		return r;
	fprintf(out, "%*s %*s  %s\n", (int)c.value_width, c.heading, SHARE_WIDTH - 1, "SHARE", text.data);
	return print_rows(out, &c, top, max_rows);
}

int tables_print_label(FILE *out, const struct profile *p, const char *key, const char *heading, size_t max_rows)
{
	_cleanup_(top_done) struct top top = {};
	int r;

	r = top_label(p, p->default_type, key, &top);
	return r < 0 ? r : tables_print_values(out, p, &top, heading, max_rows);
}

struct term {
	const char *name;
	uint64_t n;
};

/* " (in profile 1490, idle 12)": what is nothing is not told. */
static void print_terms(FILE *out, const struct term *terms, size_t n)
{
	const char *before = " (";

	for (size_t i = 0; i < n; i++) {
		if (terms[i].n == 0)
			continue;
		fprintf(out, "%s%s %" PRIu64, before, terms[i].name, terms[i].n);
		before = ", ";
	}
	if (before[0] == ',')
		fputc(')', out);
}

static void print_reasons(FILE *out, const char *before, const struct ledger_reason *reasons, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s %" PRIu64, i == 0 ? before : ", ", reasons[i].name, reasons[i].n);
}

/* Ledgers of before frames were counted have none. */
static void print_frames(FILE *out, const struct ledger *l)
{
	const struct term terms[] = {
		{ "named", l->frames.named },
		{ "module only", l->frames.module_only },
		{ "unreadable", l->frames.unreadable },
	};
	uint64_t n = l->frames.named + l->frames.module_only + l->frames.unreadable;

	if (n == 0)
		return;
	fprintf(out, "frames: %" PRIu64, n);
	print_terms(out, terms, ARRAY_SIZE(terms));
	if (l->windows > 1)
		fprintf(out, " in %" PRIu64 " windows", l->windows);
	fputc('\n', out);
}

void tables_print_ledger(FILE *out, const struct ledger *l)
{
	const struct term taken[] = {
		{ "in profile", l->in_profile },
		{ "idle", l->idle },
		{ "filtered", l->filtered },
		{ "lost", ledger_sum_lost(l) },
	};
	const struct term not_delivered[] = {
		{ "idle CPU", l->not_delivered.idle_cpu },
		{ "throttled", l->not_delivered.throttled },
		{ "other", l->not_delivered.other },
	};
	uint64_t n = l->not_delivered.idle_cpu + l->not_delivered.throttled + l->not_delivered.other;

	fprintf(out, "ledger: due %" PRIu64 " = taken %" PRIu64, l->due, l->taken);
	print_terms(out, taken, ARRAY_SIZE(taken));
	fprintf(out, " + not delivered %" PRIu64, n);
	print_terms(out, not_delivered, ARRAY_SIZE(not_delivered));
	if (l->n_lost == 0)
		fputs("; nothing lost", out);
	print_reasons(out, "; lost: ", l->lost, l->n_lost);
	print_reasons(out, "; truncated stacks: ", l->truncated, l->n_truncated);
	fputs(ledger_balances(l) ? "\n" : "; DOES NOT BALANCE\n", out);
	print_frames(out, l);
	if (l->reduced_windows)
		fprintf(out, "reduced: %" PRIu64 " windows with less detail than asked for, to keep within a budget\n",
			l->reduced_windows);
	if (l->down_ns)
		fprintf(out, "down: %.3f s before it were not recorded\n", (double)l->down_ns / NS_PER_S);
}
