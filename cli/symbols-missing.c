// SPDX-License-Identifier: Apache-2.0
/*
 * symbols missing: which binaries of the profiles cost names and lines, why, and what can be done.
 *
 *	NO LINE  SELF%   TOTAL  NO NAME   TOTAL  BINARY
 *	    700  39.1%     812       12      40  /usr/lib/x86_64-linux-gnu/libfoo.so.1
 *	                                         no debug info found
 *	                                         -> install its debug package ...
 */
#include <inttypes.h>
#include <string.h>

#include "cli/json.h"
#include "cli/symbols-view.h"
#include "cli/text.h"
#include "cli/words.h"
#include "report/missing-remedies.h"
#include "report/missing.h"
#include "symbolizer/binary.h"
#include "symbolizer/index-catalog.h"

#define MIN_NUMBER_WIDTH 7 /* "NO LINE" */
#define SHARE_WIDTH 7      /* " SELF%" */
#define MIN_ROOM 24        /* for words: lines grow rather than lose them */
#define NUMBER_SIZE 24

/* A row with what is known of its binary. */
struct known_row {
	const struct missing_row *row;
	struct missing_remedy remedy;
	const struct index_catalog_entry *entry; /* NULL: it is not in the cache */
};

static bool is_same(const struct index_catalog_entry *e, const struct missing_row *row)
{
	char id[BUILD_ID_HEX_SIZE];

	if (!row->build_id[0])
		return e->path && strcmp(e->path, row->path) == 0;
	build_id_to_hex(&e->build_id, id);
	return strcmp(id, row->build_id) == 0;
}

/* Of copies of one binary the one that is known best. */
static const struct index_catalog_entry *find_entry(const struct index_catalog *c, const struct missing_row *row)
{
	const struct index_catalog_entry *best = NULL;

	for (size_t i = 0; c && i < c->n; i++) {
		const struct index_catalog_entry *e = &c->entries[i];

		if (is_same(e, row) && (!best || e->has_lines > best->has_lines ||
					(e->has_lines == best->has_lines && e->debug.is_there > best->debug.is_there)))
			best = e;
	}
	return best;
}

static enum missing_cause cause_of(const struct missing_row *row, enum missing_place place,
				   const struct index_catalog_entry *e)
{
	if (place != MISSING_IN_FILE)
		return MISSING_CAUSE_PLACE;
	if (missing_is_partial(row))
		return MISSING_CAUSE_PARTIAL;
	if (!e)
		return MISSING_CAUSE_UNKNOWN;
	if (e->failure)
		return MISSING_CAUSE_UNREADABLE;
	if (e->has_lines)
		return MISSING_CAUSE_READ_NOW;
	if (!e->debug.is_there)
		return MISSING_CAUSE_NOT_READ;
	return !e->debug_failure || strcmp(e->debug_failure, BINARY_NO_DEBUG_INFO) == 0 ? MISSING_CAUSE_NOT_FOUND
											: MISSING_CAUSE_REFUSED;
}

static struct known_row know(const struct symbols_missing *v, const struct missing_row *row)
{
	enum missing_place place = missing_place_of(row->path);
	struct known_row known = { .row = row };

	if (place == MISSING_IN_FILE)
		known.entry = find_entry(v->catalog, row);
	known.remedy = missing_remedy_of(place, cause_of(row, place, known.entry));
	if (known.entry && !known.remedy.reason)
		known.remedy.reason = known.entry->failure ? known.entry->failure : known.entry->debug_failure;
	return known;
}

struct page {
	FILE *out;
	int number_width;
	double whole; /* what shares are shares of */
	struct words_column column;
};

static void page_init(struct page *page, const struct missing *m, FILE *out)
{
	char number[NUMBER_SIZE];
	int width = snprintf(number, sizeof(number), "%" PRId64, m->counts.all.total);
	size_t total = text_width(out);

	*page = (struct page){ .out = out, .number_width = width > MIN_NUMBER_WIDTH ? width : MIN_NUMBER_WIDTH };
	page->whole = (double)m->counts.all.total;
	page->column.left = 4 * (size_t)page->number_width + 2 * 3 + SHARE_WIDTH + 2;
	page->column.room = total > page->column.left + MIN_ROOM ? total - page->column.left : MIN_ROOM;
}

static double share(const struct page *page, int64_t n)
{
	return page->whole != 0 ? 100 * (double)n / page->whole : 0;
}

static void print_numbers(const struct page *page, const struct missing_counts *c)
{
	int width = page->number_width;

	fprintf(page->out, "%*" PRId64 "%*.1f%%  %*" PRId64 "  %*" PRId64 "  %*" PRId64 "  ", width, c->no_line.self,
		SHARE_WIDTH - 1, share(page, c->no_line.self), width, c->no_line.total, width, c->no_name.self, width,
		c->no_name.total);
}

/* Foreign words: of a file's reason, for instance. */
static int print_text(const struct page *page, const char *text)
{
	_cleanup_(buf_done) struct buf clean = {};
	int r;

	r = text_add(&clean, text, page->column.room);
	if (r == 0)
		fprintf(page->out, "%s\n", clean.data);
	return r;
}

static int print_reason(const struct page *page, const struct known_row *known)
{
	bool is_its_own = known->entry && known->remedy.reason == known->entry->debug_failure;
	_cleanup_(buf_done) struct buf text = {};
	int r;

	fprintf(page->out, "%*s", (int)page->column.left, "");
	r = buf_printf(&text, "%s%s", is_its_own ? "debug info: " : "", known->remedy.reason);
	return r < 0 ? r : print_text(page, text.data);
}

static int print_row(const struct page *page, const struct known_row *known)
{
	const struct missing_row *row = known->row;
	int r;

	print_numbers(page, &row->counts);
	r = print_text(page, row->path[0] ? row->path : "(no file)");
	if (r == 0)
		r = print_reason(page, known);
	if (r < 0)
		return r;
	fprintf(page->out, "%*s-> ", (int)page->column.left, "");
	words_print(page->out, &page->column, known->remedy.advice, 3, 3);
	return 0;
}

static int print_rows(const struct page *page, const struct symbols_missing *v)
{
	const struct missing *m = v->missing;
	int width = page->number_width, r = 0;

	fprintf(page->out, "\n%*s%*s  %*s  %*s  %*s  BINARY\n", width, "NO LINE", SHARE_WIDTH, "SELF%", width, "TOTAL",
		width, "NO NAME", width, "TOTAL");
	for (size_t i = 0; r == 0 && i < m->n_rows && i < v->max_rows; i++) {
		const struct known_row known = know(v, &m->rows[i]);

		r = print_row(page, &known);
	}
	if (r == 0 && m->n_rows > v->max_rows)
		fprintf(page->out, "%*s(%zu more)\n", (int)page->column.left, "", m->n_rows - v->max_rows);
	return r;
}

static void print_sums(const struct page *page, const struct missing *m)
{
	const struct missing_counts *c = &m->counts;
	const struct {
		const char *name;
		const struct missing_count *count;
	} sums[] = { { "without a line", &c->no_line }, { "without a name", &c->no_name } };

	fprintf(page->out, "samples with code  %" PRId64 "\n", c->all.total);
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		fprintf(page->out,
			"%-18s %" PRId64 " (%.1f%%) where they ran, %" PRId64 " (%.1f%%) anywhere in the stack\n",
			sums[i].name, sums[i].count->self, share(page, sums[i].count->self), sums[i].count->total,
			share(page, sums[i].count->total));
	fprintf(page->out, "binaries           %zu miss something, %zu nothing\n", m->n_rows, m->n_complete);
}

static int print_type(FILE *out, const struct missing *m)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	if (!m->type[0] || strcmp(m->type, "samples") == 0)
		return 0;
	r = text_add(&text, m->type, MISSING_UNIT_SIZE);
	if (r == 0)
		r = buf_add_char(&text, '/');
	if (r == 0)
		r = text_add(&text, m->unit, MISSING_UNIT_SIZE);
	if (r == 0)
		fprintf(out, "note: no samples are counted: the numbers are of %s\n", text.data);
	return r;
}

int symbols_missing_print(const struct symbols_missing *v, FILE *out)
{
	struct page page;
	int r;

	page_init(&page, v->missing, out);
	r = print_type(out, v->missing);
	if (r < 0)
		return r;
	print_sums(&page, v->missing);
	return v->missing->n_rows ? print_rows(&page, v) : 0;
}

static int add_count(struct json_object *parent, const char *name, const struct missing_count *c)
{
	struct json_object *object = NULL;
	int r;

	r = json_add_object(parent, name, &object);
	if (r == 0)
		r = json_add_number(object, "self", c->self);
	return r < 0 ? r : json_add_number(object, "total", c->total);
}

static int add_counts(struct json_object *object, const struct missing_counts *c)
{
	int r;

	r = add_count(object, "all", &c->all);
	if (r == 0)
		r = add_count(object, "no_line", &c->no_line);
	return r < 0 ? r : add_count(object, "no_name", &c->no_name);
}

static int append_row(struct json_object *array, const struct known_row *known)
{
	const struct missing_row *row = known->row;
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = symbols_add_string(object, "path", row->path[0] ? row->path : NULL);
	if (r == 0)
		r = symbols_add_string(object, "build_id", row->build_id[0] ? row->build_id : NULL);
	if (r == 0)
		r = add_counts(object, &row->counts);
	if (r == 0)
		r = json_add_string(object, "reason", known->remedy.reason);
	if (r == 0)
		r = json_add_string(object, "advice", known->remedy.advice);
	return r < 0 ? r : symbols_add_string(object, "key", known->entry ? known->entry->key : NULL);
}

static int add_rows(struct json_object *top, const struct symbols_missing *v)
{
	const struct missing *m = v->missing;
	struct json_object *array = NULL;
	int r;

	r = json_add_number(top, "n_binaries", (int64_t)m->n_rows);
	if (r == 0)
		r = json_add_array(top, "binaries", &array);
	for (size_t i = 0; r == 0 && i < m->n_rows && i < v->max_rows; i++) {
		const struct known_row known = know(v, &m->rows[i]);

		r = append_row(array, &known);
	}
	return r;
}

static int add_type(struct json_object *top, const struct missing *m)
{
	struct json_object *object = NULL;
	int r;

	r = json_add_object(top, "counted", &object);
	if (r == 0)
		r = json_add_string(object, "type", m->type);
	return r < 0 ? r : json_add_string(object, "unit", m->unit);
}

int symbols_missing_to_json(const struct symbols_missing *v, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = add_type(top, v->missing);
	if (r == 0)
		r = add_counts(top, &v->missing->counts);
	if (r == 0)
		r = json_add_number(top, "n_complete", (int64_t)v->missing->n_complete);
	if (r == 0)
		r = add_rows(top, v);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
