// SPDX-License-Identifier: Apache-2.0
/*
 * losses as text: two columns of numbers, and beside them the reason, its words and its places.
 *
 *	SAMPLES  TAKEN%  STACKS THAT END SHORT: 812 of 1790 samples
 *	    700   21.8%  not_advancing: the next frame does not lie above this one
 *	                 -> a frame pointer that is none, or a switch of stacks: ...
 *	                 binaries
 *	    400   12.4%    libc.so.6
 */
#include <inttypes.h>
#include <string.h>

#include "cli/losses-view.h"
#include "cli/tables.h"
#include "cli/text.h"
#include "cli/words.h"
#include "pprof/profile.h"
#include "report/losses.h"

#define MIN_NUMBER_WIDTH 7 /* "SAMPLES" */
#define MIN_ROOM 24        /* for words: lines grow rather than lose them */
#define MAX_MODULE_CHARS 32
#define NUMBER_SIZE 24
#define SHARE_WIDTH 8 /* " TAKEN% ", "  100.0%" */
#define INDENT 2      /* of a place below its reason */

struct page {
	const struct losses_view *view;
	FILE *out;
	int number_width;
	double taken; /* what shares are shares of */
	size_t room;  /* right of the numbers */
};

static void widen(struct page *page, uint64_t n)
{
	char number[NUMBER_SIZE];
	int width = snprintf(number, sizeof(number), "%" PRIu64, n);

	if (width > page->number_width)
		page->number_width = width;
}

static void page_init(struct page *page, const struct losses_view *v, FILE *out)
{
	const struct losses *l = v->losses;
	size_t width = text_width(out), taken;

	*page = (struct page){ .view = v, .out = out, .number_width = MIN_NUMBER_WIDTH };
	page->taken = l->ledgers.n > 0 ? (double)l->ledgers.sum.taken : (double)l->n;
	widen(page, l->ledgers.sum.due); /* nothing in a true ledger is more */
	taken = (size_t)page->number_width + SHARE_WIDTH + 2;
	page->room = width > taken + MIN_ROOM ? width - taken : MIN_ROOM;
}

static void print_heading(const struct page *page, const char *number, const char *share)
{
	fprintf(page->out, "\n%*s%*s  ", page->number_width, number, SHARE_WIDTH, share);
}

static void print_numbers(const struct page *page, const char *number, double n, double whole)
{
	fprintf(page->out, "%*s%*.1f%%  ", page->number_width, number, SHARE_WIDTH - 1,
		whole != 0 ? 100 * n / whole : 0);
}

static void print_samples(const struct page *page, int64_t n)
{
	char number[NUMBER_SIZE];

	snprintf(number, sizeof(number), "%" PRId64, n);
	print_numbers(page, number, (double)n, page->taken);
}

static void print_ticks(const struct page *page, uint64_t n, double whole)
{
	char number[NUMBER_SIZE];

	snprintf(number, sizeof(number), "%" PRIu64, n);
	print_numbers(page, number, (double)n, whole);
}

static void print_indent(const struct page *page, size_t more)
{
	fprintf(page->out, "%*s", page->number_width + SHARE_WIDTH + 2 + (int)more, "");
}

static void print_words(const struct page *page, const char *text, size_t first, size_t indent)
{
	const struct words_column column = { .left = (size_t)page->number_width + SHARE_WIDTH + 2, .room = page->room };

	words_print(page->out, &column, text, first, indent);
}

static void print_explained(const struct page *page, enum loss_kind kind, const char *name, size_t used)
{
	const struct loss_reason *reason = loss_reason_find(kind, name);

	if (!reason) {
		fputs(": this version knows nothing about it\n", page->out);
		return;
	}
	fputs(": ", page->out);
	print_words(page, reason->what, used + 2, INDENT);
	print_indent(page, 0);
	fputs("-> ", page->out);
	print_words(page, reason->advice, 3, 3);
}

/* A name has what is left of the line after its module, which has a third at most. */
static int print_place(const struct page *page, const struct losses_row *row)
{
	_cleanup_(buf_done) struct buf name = {}, module = {}, text = {};
	size_t room = page->room - INDENT, share = room / 3 < MAX_MODULE_CHARS ? room / 3 : MAX_MODULE_CHARS;
	int r;

	if (row->name && row->module[0] && strcmp(row->name, row->module) != 0) {
		r = text_add(&module, row->module, share);
		if (r < 0)
			return r;
		room -= text_n_chars(&module) + strlen("  ()");
	}
	r = losses_view_add_name(&name, row);
	if (r == 0)
		r = text_add_function(&text, name.data, room);
	if (r < 0)
		return r;
	fprintf(page->out, "%*s%s", INDENT, "", text.size ? text.data : "(no file)");
	if (module.size)
		fprintf(page->out, "  (%s)", module.data);
	fputc('\n', page->out);
	return 0;
}

/* What the rows leave out, so that the column adds up. */
static int print_rest(const struct page *page, const struct losses_rows *rows)
{
	size_t max_rows = page->view->max_rows;
	int64_t rest = 0;

	if (rows->n <= max_rows)
		return 0;
	for (size_t i = max_rows; i < rows->n; i++)
		if (__builtin_add_overflow(rest, rows->rows[i].n, &rest))
			return -ERANGE;
	print_samples(page, rest);
	fprintf(page->out, "%*s(%zu more)\n", INDENT, "", rows->n - max_rows);
	return 0;
}

static int print_places(const struct page *page, const char *heading, const struct losses_rows *rows)
{
	int r = 0;

	if (rows->n == 0)
		return 0;
	print_indent(page, 0);
	fprintf(page->out, "%s\n", heading);
	for (size_t i = 0; r == 0 && i < rows->n && i < page->view->max_rows; i++) {
		print_samples(page, rows->rows[i].n);
		r = print_place(page, &rows->rows[i]);
	}
	return r < 0 ? r : print_rest(page, rows);
}

static int print_group(const struct page *page, enum loss_kind kind, const struct losses_group *group)
{
	_cleanup_(buf_done) struct buf text = {};
	bool differs =
		kind == LOSS_TRUNCATED && page->view->losses->ledgers.n > 0 && (uint64_t)group->n != group->n_counted;
	int r;

	r = text_add(&text, group->name, LEDGER_REASON_SIZE);
	if (r == 0 && differs)
		r = buf_printf(&text, " (%" PRIu64 " in the ledger)", group->n_counted);
	if (r < 0)
		return r;
	print_samples(page, group->n);
	fputs(text.data ? text.data : "", page->out);
	print_explained(page, kind, group->name, text_n_chars(&text));
	r = print_places(page, "binaries:", &group->binaries);
	if (r == 0)
		r = print_places(page, kind == LOSS_STACK ? "functions that ran:" : "functions that it stopped in:",
				 &group->functions);
	return r < 0 ? r : print_places(page, "services:", &group->services);
}

static int print_groups(const struct page *page, enum loss_kind kind, const struct losses_groups *groups)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < groups->n_groups; i++)
		r = print_group(page, kind, &groups->groups[i]);
	return r;
}

static const char *share_heading(const struct page *page)
{
	return page->view->losses->ledgers.n > 0 ? "TAKEN%" : "SHARE";
}

static int print_truncated(const struct page *page)
{
	const struct losses *l = page->view->losses;

	if (l->truncated.n_groups == 0) {
		fputs("\nNo stack ends short.\n", page->out);
		return 0;
	}
	print_heading(page, "SAMPLES", share_heading(page));
	fprintf(page->out, "STACKS THAT END SHORT: %" PRId64 " of the %" PRId64 " samples in the file\n",
		l->truncated.n, l->n);
	return print_groups(page, LOSS_TRUNCATED, &l->truncated);
}

static int print_stacks(const struct page *page)
{
	const struct losses_groups *stacks = &page->view->losses->stacks;

	if (stacks->n_groups == 0)
		return 0;
	print_heading(page, "SAMPLES", share_heading(page));
	fprintf(page->out, "STACKS FOUND OTHERWISE: %" PRId64 " samples\n", stacks->n);
	return print_groups(page, LOSS_STACK, stacks);
}

static void print_reasons(const struct page *page, enum loss_kind kind, const struct ledger_reason *reasons, size_t n,
			  double whole)
{
	for (size_t i = 0; i < n; i++) {
		if (reasons[i].n == 0)
			continue;
		print_ticks(page, reasons[i].n, whole);
		fputs(reasons[i].name, page->out);
		print_explained(page, kind, reasons[i].name, strlen(reasons[i].name));
	}
}

static void print_lost(const struct page *page)
{
	const struct ledger *l = &page->view->losses->ledgers.sum;

	if (l->n_lost == 0)
		return;
	print_heading(page, "TICKS", "TAKEN%");
	fputs("LOST: taken, and no stack is known\n", page->out);
	print_reasons(page, LOSS_LOST, l->lost, l->n_lost, (double)l->taken);
}

static void print_not_delivered(const struct page *page)
{
	const struct ledger *l = &page->view->losses->ledgers.sum;
	struct ledger_reason reasons[LEDGERS_N_NOT_DELIVERED];

	if (l->not_delivered.idle_cpu == 0 && l->not_delivered.throttled == 0 && l->not_delivered.other == 0)
		return;
	ledgers_not_delivered(l, reasons);
	print_heading(page, "TICKS", "DUE%");
	fputs("NOT DELIVERED: due, and never came\n", page->out);
	print_reasons(page, LOSS_NOT_DELIVERED, reasons, ARRAY_SIZE(reasons), (double)l->due);
}

static int print_type(FILE *out, const struct profile_value_type *type)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	if (strcmp(type->type, "samples") == 0)
		return 0;
	r = text_add(&text, type->type, TEXT_MAX_CHARS);
	if (r == 0)
		r = buf_add_char(&text, '/');
	if (r == 0)
		r = text_add(&text, type->unit, TEXT_MAX_CHARS);
	if (r == 0)
		fprintf(out, "note: the file counts no samples: the numbers are of %s\n", text.data);
	return r;
}

static void print_ledger(FILE *out, const struct losses *l)
{
	if (l->ledgers.n > 0)
		tables_print_ledger(out, &l->ledgers.sum);
	else if (l->ledgers.n_damaged == 0)
		fputs("ledger: none: what follows is what the samples alone tell\n", out);
	if (l->ledgers.n_damaged > 0)
		fprintf(out, "ledger: %zu damaged, and in no sum\n", l->ledgers.n_damaged);
	if (l->ledgers.n > 0 && !losses_match_ledger(l))
		fputs("note: the samples in the file are not those of the ledger: the file was changed afterwards\n",
		      out);
}

int losses_view_print(const struct losses_view *v, FILE *out)
{
	struct page page;
	int r;

	page_init(&page, v, out);
	print_ledger(out, v->losses);
	r = print_type(out, &v->profile->sample_types[v->losses->value_type]);
	if (r == 0)
		r = print_truncated(&page);
	if (r == 0)
		r = print_stacks(&page);
	if (r < 0)
		return r;
	print_lost(&page);
	print_not_delivered(&page);
	return 0;
}
