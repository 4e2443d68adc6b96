// SPDX-License-Identifier: Apache-2.0
/* catalogue rows: what is put into the catalogue and taken out of it. */
#include <string.h>

#include "common/buf.h"
#include "pprof/label-values.h"
#include "store/catalogue-inside.h"
#include "store/files.h"

#define MAX_VARINT_BYTES 10

/* The number of a text's row (of two texts), which is made if it is not there. */
static int number_of(struct catalogue *c, enum catalogue_statement find, enum catalogue_statement add, const char *a,
		     const char *b, int64_t *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, find, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, a);
	if (b)
		catalogue_bind_text(s, 2, b);
	r = catalogue_take_number(s, ret);
	if (r < 0 || *ret)
		return r;
	r = catalogue_statement(c, add, &s);
	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, a);
	if (b)
		catalogue_bind_text(s, 2, b);
	r = catalogue_run(s);
	*ret = sqlite3_last_insert_rowid(c->db);
	return r;
}

static int number_of_folder(struct catalogue *c, const char *folder, enum window_tier tier, int64_t *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_FIND_FOLDER, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
	r = catalogue_take_number(s, ret);
	if (r < 0 || *ret)
		return r;
	r = catalogue_statement(c, STATEMENT_ADD_FOLDER, &s);
	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
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
	sqlite3_stmt *s = NULL;
	int r = pack_labels(c, labels, &packed);

	if (r == 0)
		r = catalogue_statement(c, STATEMENT_FIND_LABEL_SET, &s);
	if (r < 0)
		return r;
	sqlite3_bind_blob64(s, 1, packed.data, packed.size, SQLITE_TRANSIENT);
	r = catalogue_take_number(s, ret);
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
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_REMOVE_WINDOW, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, path->folder);
	catalogue_bind_text(s, 2, path->file);
	return catalogue_run(s);
}

static int add_window(struct catalogue *c, const struct window_path *path, const struct window_info *info,
		      int64_t label_set, int64_t *ret)
{
	int64_t folder = 0, host = 0;
	sqlite3_stmt *s = NULL;
	int r;

	r = number_of_folder(c, path->folder, info->tier, &folder);
	if (r == 0)
		r = number_of(c, STATEMENT_FIND_HOST, STATEMENT_ADD_HOST, info->host, NULL, &host);
	if (r == 0)
		r = catalogue_statement(c, STATEMENT_ADD_WINDOW, &s);
	if (r < 0)
		return r;
	sqlite3_bind_int64(s, 1, folder);
	catalogue_bind_text(s, 2, path->file);
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
	sqlite3_stmt *s = NULL;
	int r = ledger_format(&info->ledger, info->id, &ledger);

	if (r == 0)
		r = catalogue_statement(c, STATEMENT_ADD_FACTS, &s);
	if (r < 0)
		return r;
	sqlite3_bind_int64(s, 1, row);
	catalogue_bind_text(s, 2, info->id);
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

/* A power cut may bring back the file, and with it the folder's time, for which the row would not be missed. */
static int doubt_folder(struct catalogue *c, const char *folder)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_DOUBT_FOLDER, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
	return catalogue_run(s);
}

int catalogue_remove(struct catalogue *c, const struct window_path *path)
{
	int r = catalogue_begin(c);

	if (r < 0)
		return r;
	r = remove_row(c, path);
	return catalogue_end(c, r == 0 ? doubt_folder(c, path->folder) : r);
}

int catalogue_folder_mtime(struct catalogue *c, const char *folder, int64_t *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_FOLDER_MTIME, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
	return catalogue_take_number(s, ret);
}

int catalogue_set_folder_mtime(struct catalogue *c, const char *folder, enum window_tier tier, int64_t mtime_ns)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_SET_FOLDER_MTIME, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
	sqlite3_bind_int(s, 2, (int)tier);
	sqlite3_bind_int64(s, 3, mtime_ns);
	return catalogue_run(s);
}

int catalogue_forget_folder(struct catalogue *c, const char *folder)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_FORGET_FOLDER, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
	return catalogue_run(s);
}

int catalogue_set_complete(struct catalogue *c)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_SET_COMPLETE, &s);

	return r == 0 ? catalogue_run(s) : r;
}
