// SPDX-License-Identifier: Apache-2.0
/* catalogue rows: what is put into the catalogue, taken out of it, and found in it. */
#include <string.h>

#include "common/buf.h"
#include "pprof/label-values.h"
#include "store/catalogue-inside.h"
#include "store/files.h"

#define MAX_VARINT_BYTES 10

static void bind_text(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* The first column of a row, or none: 0. Ends the statement. */
static int take_number(sqlite3_stmt *s, int64_t *ret)
{
	int r = catalogue_step(s);

	*ret = r > 0 ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return r < 0 ? r : 0;
}

/* The number of a text's row (of two texts), which is made if it is not there. */
static int number_of(struct catalogue *c, enum catalogue_statement find, enum catalogue_statement add, const char *a,
		     const char *b, int64_t *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, find, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, a);
	if (b)
		bind_text(s, 2, b);
	r = take_number(s, ret);
	if (r < 0 || *ret)
		return r;
	r = catalogue_statement(c, add, &s);
	if (r < 0)
		return r;
	bind_text(s, 1, a);
	if (b)
		bind_text(s, 2, b);
	r = catalogue_run(s);
	*ret = sqlite3_last_insert_rowid(c->db);
	return r;
}

static int number_of_folder(struct catalogue *c, const char *folder, enum window_tier tier, int64_t *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_FIND_FOLDER, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, folder);
	r = take_number(s, ret);
	if (r < 0 || *ret)
		return r;
	r = catalogue_statement(c, STATEMENT_ADD_FOLDER, &s);
	if (r < 0)
		return r;
	bind_text(s, 1, folder);
	sqlite3_bind_int(s, 2, (int)tier);
	r = catalogue_run(s);
	*ret = sqlite3_last_insert_rowid(c->db);
	return r;
}

static int add_varint(struct buf *b, uint64_t n)
{
	uint8_t bytes[MAX_VARINT_BYTES];
	size_t size = 0;

	do {
		bytes[size] = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
		n >>= 7;
	} while (bytes[size++] & 0x80);
	return buf_add(b, bytes, size);
}

static int compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Whether it is partial, and then the numbers, each less the one before. */
static int pack_labels(struct catalogue *c, const struct label_values *labels, struct buf *ret)
{
	_cleanup_free_ int64_t *numbers = calloc(labels->n + 1, sizeof(*numbers));
	int r = numbers ? add_varint(ret, labels->is_partial) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < labels->n; i++)
		r = number_of(c, STATEMENT_FIND_LABEL, STATEMENT_ADD_LABEL, labels->items[i].key,
			      labels->items[i].value, &numbers[i + 1]);
	if (r < 0)
		return r;
	qsort(numbers + 1, labels->n, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; r == 0 && i < labels->n; i++)
		r = add_varint(ret, (uint64_t)(numbers[i + 1] - numbers[i]));
	return r;
}

static int number_of_labels(struct catalogue *c, const struct label_values *labels, int64_t *ret)
{
	_cleanup_(buf_done) struct buf packed = {};
	sqlite3_stmt *s;
	int r = pack_labels(c, labels, &packed);

	if (r == 0)
		r = catalogue_statement(c, STATEMENT_FIND_LABEL_SET, &s);
	if (r < 0)
		return r;
	sqlite3_bind_blob64(s, 1, packed.data, packed.size, SQLITE_TRANSIENT);
	r = take_number(s, ret);
	if (r < 0 || *ret)
		return r;
	r = catalogue_statement(c, STATEMENT_ADD_LABEL_SET, &s);
	if (r < 0)
		return r;
	sqlite3_bind_blob64(s, 1, packed.data, packed.size, SQLITE_TRANSIENT);
	r = catalogue_run(s);
	*ret = sqlite3_last_insert_rowid(c->db);
	return r;
}

static int remove_row(struct catalogue *c, const struct window_path *path)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_REMOVE_WINDOW, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, path->folder);
	bind_text(s, 2, path->file);
	return catalogue_run(s);
}

static int add_window(struct catalogue *c, const struct window_path *path, const struct window_info *info,
		      int64_t label_set, int64_t *ret)
{
	int64_t folder, host;
	sqlite3_stmt *s;
	int r;

	r = number_of_folder(c, path->folder, info->tier, &folder);
	if (r == 0)
		r = number_of(c, STATEMENT_FIND_HOST, STATEMENT_ADD_HOST, info->host, NULL, &host);
	if (r == 0)
		r = catalogue_statement(c, STATEMENT_ADD_WINDOW, &s);
	if (r < 0)
		return r;
	sqlite3_bind_int64(s, 1, folder);
	bind_text(s, 2, path->file);
	sqlite3_bind_int(s, 3, (int)info->tier);
	sqlite3_bind_int64(s, 4, host);
	sqlite3_bind_int64(s, 5, (int64_t)info->first);
	sqlite3_bind_int64(s, 6, (int64_t)info->last);
	sqlite3_bind_int64(s, 7, info->start_ns);
	sqlite3_bind_int64(s, 8, (int64_t)info->ledger.windows);
	sqlite3_bind_int64(s, 9, (int64_t)info->n_disk_bytes);
	sqlite3_bind_int64(s, 10, label_set);
	r = catalogue_run(s);
	*ret = sqlite3_last_insert_rowid(c->db);
	return r;
}

static int add_facts(struct catalogue *c, int64_t row, const struct window_info *info)
{
	_cleanup_(buf_done) struct buf ledger = {};
	sqlite3_stmt *s;
	int r = ledger_format(&info->ledger, info->id, &ledger);

	if (r == 0)
		r = catalogue_statement(c, STATEMENT_ADD_FACTS, &s);
	if (r < 0)
		return r;
	sqlite3_bind_int64(s, 1, row);
	bind_text(s, 2, info->id);
	sqlite3_bind_int64(s, 3, (int64_t)info->duration_ns);
	sqlite3_bind_int64(s, 4, (int64_t)info->period_ns);
	sqlite3_bind_int64(s, 5, (int64_t)info->n_bytes);
	sqlite3_bind_int64(s, 6, (int64_t)info->n_raw_bytes);
	sqlite3_bind_text64(s, 7, ledger.data, ledger.size, SQLITE_TRANSIENT, SQLITE_UTF8);
	return catalogue_run(s);
}

/* Of a file that was replaced the old row goes first. */
int catalogue_put(struct catalogue *c, const struct window_path *path, const struct window_info *info,
		  const struct label_values *labels)
{
	int64_t label_set, row;
	int r = catalogue_begin(c);

	if (r < 0)
		return r;
	r = remove_row(c, path);
	if (r == 0)
		r = number_of_labels(c, labels, &label_set);
	if (r == 0)
		r = add_window(c, path, info, label_set, &row);
	if (r == 0)
		r = add_facts(c, row, info);
	return catalogue_end(c, r);
}

int catalogue_remove(struct catalogue *c, const struct window_path *path)
{
	int r = catalogue_begin(c);

	return r == 0 ? catalogue_end(c, remove_row(c, path)) : r;
}

static int read_info(sqlite3_stmt *s, struct window_info *ret)
{
	const char *host = (const char *)sqlite3_column_text(s, 1), *id = (const char *)sqlite3_column_text(s, 6),
		   *ledger = (const char *)sqlite3_column_text(s, 11);
	struct window_info info = {
		.tier = (enum window_tier)sqlite3_column_int(s, 0),
		.first = (uint64_t)sqlite3_column_int64(s, 2),
		.last = (uint64_t)sqlite3_column_int64(s, 3),
		.start_ns = sqlite3_column_int64(s, 4),
		.n_disk_bytes = (uint64_t)sqlite3_column_int64(s, 5),
		.duration_ns = (uint64_t)sqlite3_column_int64(s, 7),
		.period_ns = (uint64_t)sqlite3_column_int64(s, 8),
		.n_bytes = (uint64_t)sqlite3_column_int64(s, 9),
		.n_raw_bytes = (uint64_t)sqlite3_column_int64(s, 10),
	};

	if (!host || !id || !ledger || info.tier >= WINDOW_N_TIERS || strlen(host) >= sizeof(info.host) ||
	    strlen(id) >= sizeof(info.id) || ledger_parse(ledger, &info.ledger) != 0)
		return -EBADMSG;
	strcpy(info.host, host);
	strcpy(info.id, id);
	*ret = info;
	return 0;
}

int catalogue_get(struct catalogue *c, int64_t row, struct window_info *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_FIND_WINDOW, &s);

	if (r < 0)
		return r;
	sqlite3_bind_int64(s, 1, row);
	r = catalogue_step(s);
	if (r > 0)
		r = read_info(s, ret);
	else if (r == 0)
		r = CATALOGUE_END;
	sqlite3_reset(s);
	return r;
}

int catalogue_find_file(struct catalogue *c, const struct window_path *path, struct window_info *ret)
{
	sqlite3_stmt *s;
	int64_t row;
	int r = catalogue_statement(c, STATEMENT_FIND_FILE, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, path->folder);
	bind_text(s, 2, path->file);
	r = take_number(s, &row);
	return r == 0 ? catalogue_get(c, row, ret) : r;
}

int catalogue_folder_mtime(struct catalogue *c, const char *folder, int64_t *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_FOLDER_MTIME, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, folder);
	return take_number(s, ret);
}

int catalogue_set_folder_mtime(struct catalogue *c, const char *folder, enum window_tier tier, int64_t mtime_ns)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_SET_FOLDER_MTIME, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, folder);
	sqlite3_bind_int(s, 2, (int)tier);
	sqlite3_bind_int64(s, 3, mtime_ns);
	return catalogue_run(s);
}

int catalogue_forget_folder(struct catalogue *c, const char *folder)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_FORGET_FOLDER, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, folder);
	return catalogue_run(s);
}

static int take_names(sqlite3_stmt *s, struct files_listing *ret)
{
	int r;

	while ((r = catalogue_step(s)) > 0) {
		const char *name = (const char *)sqlite3_column_text(s, 0);

		r = name ? files_listing_add(ret, name) : -ENOMEM;
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

int catalogue_list(struct catalogue *c, const char *folder, struct files_listing *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_LIST_FOLDER, &s);

	if (r < 0)
		return r;
	bind_text(s, 1, folder);
	return take_names(s, ret);
}

int catalogue_list_folders(struct catalogue *c, enum window_tier tier, struct files_listing *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_LIST_FOLDERS, &s);

	if (r < 0)
		return r;
	sqlite3_bind_int(s, 1, (int)tier);
	return take_names(s, ret);
}

void catalogue_rows_done(struct catalogue_rows *r)
{
	free(r->rows);
	*r = (struct catalogue_rows){};
}

static int add_row(struct catalogue_rows *rows, sqlite3_stmt *s)
{
	bool is_full = rows->n == 0 || (rows->n >= 64 && (rows->n & (rows->n - 1)) == 0); /* it doubles */
	struct catalogue_row *more = rows->rows;

	if (is_full)
		more = reallocarray(rows->rows, rows->n ? 2 * rows->n : 64, sizeof(*more));
	if (!more)
		return -ENOMEM;
	rows->rows = more;
	more[rows->n++] = (struct catalogue_row){
		.row = sqlite3_column_int64(s, 0),
		.host = sqlite3_column_int64(s, 1),
		.labels = sqlite3_column_int64(s, 2),
		.tier = (enum window_tier)sqlite3_column_int(s, 3),
		.first = (uint64_t)sqlite3_column_int64(s, 4),
		.last = (uint64_t)sqlite3_column_int64(s, 5),
		.n_windows = (uint64_t)sqlite3_column_int64(s, 6),
		.start_ns = sqlite3_column_int64(s, 7),
	};
	return 0;
}

static int take_rows(sqlite3_stmt *s, struct catalogue_rows *ret)
{
	int r;

	while ((r = catalogue_step(s)) > 0) {
		r = add_row(ret, s);
		if (r < 0)
			break;
	}
	sqlite3_reset(s);
	return r;
}

int catalogue_find_by_time(struct catalogue *c, int64_t since_ns, int64_t until_ns, struct catalogue_rows *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_BY_TIME, &s);

	if (r < 0)
		return r;
	sqlite3_bind_int64(s, 1, since_ns);
	sqlite3_bind_int64(s, 2, until_ns);
	return take_rows(s, ret);
}

int catalogue_find_by_sequence(struct catalogue *c, enum window_tier tier, uint64_t first, uint64_t last,
			       bool newest_first, size_t max, struct catalogue_rows *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, newest_first ? STATEMENT_BY_SEQUENCE_DOWN : STATEMENT_BY_SEQUENCE, &s);

	if (r < 0 || first > INT64_MAX)
		return r;
	sqlite3_bind_int(s, 1, (int)tier);
	sqlite3_bind_int64(s, 2, (int64_t)first);
	sqlite3_bind_int64(s, 3, last > INT64_MAX ? INT64_MAX : (int64_t)last);
	sqlite3_bind_int64(s, 4, max > INT64_MAX ? -1 : (int64_t)max);
	return take_rows(s, ret);
}

int catalogue_next_sequence(struct catalogue *c, uint64_t *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_GREATEST, &s);

	if (r < 0)
		return r;
	r = catalogue_step(s);
	if (r > 0)
		*ret = sqlite3_column_type(s, 0) == SQLITE_NULL ? 0 : (uint64_t)sqlite3_column_int64(s, 0) + 1;
	sqlite3_reset(s);
	return r < 0 ? r : 0;
}

int catalogue_totals(struct catalogue *c, enum window_tier tier, struct window_totals *ret)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_TOTALS, &s);

	if (r < 0)
		return r;
	sqlite3_bind_int(s, 1, (int)tier);
	r = catalogue_step(s);
	if (r > 0)
		*ret = (struct window_totals){
			.n_files = (uint64_t)sqlite3_column_int64(s, 0),
			.n_disk_bytes = (uint64_t)sqlite3_column_int64(s, 1),
			.n_windows = (uint64_t)sqlite3_column_int64(s, 2),
			.oldest_ns = sqlite3_column_int64(s, 3),
			.newest_ns = sqlite3_column_int64(s, 4),
		};
	sqlite3_reset(s);
	return r > 0 ? 0 : r == 0 ? -EBADMSG : r;
}

bool catalogue_is_complete(struct catalogue *c)
{
	int64_t is_complete = 0;
	sqlite3_stmt *s;

	return catalogue_statement(c, STATEMENT_IS_COMPLETE, &s) == 0 && take_number(s, &is_complete) == 0 &&
	       is_complete;
}

int catalogue_set_complete(struct catalogue *c)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_SET_COMPLETE, &s);

	return r == 0 ? catalogue_run(s) : r;
}
