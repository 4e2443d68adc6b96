// SPDX-License-Identifier: Apache-2.0
/* catalogue find: what is found in the catalogue. */
#include <string.h>

#include "store/catalogue-inside.h"
#include "store/files.h"

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
	sqlite3_stmt *s = NULL;
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
	sqlite3_stmt *s = NULL;
	int64_t row;
	int r = catalogue_statement(c, STATEMENT_FIND_FILE, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, path->folder);
	catalogue_bind_text(s, 2, path->file);
	r = catalogue_take_number(s, &row);
	return r == 0 ? catalogue_get(c, row, ret) : r;
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
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_LIST_FOLDER, &s);

	if (r < 0)
		return r;
	catalogue_bind_text(s, 1, folder);
	return take_names(s, ret);
}

int catalogue_list_folders(struct catalogue *c, enum window_tier tier, struct files_listing *ret)
{
	sqlite3_stmt *s = NULL;
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
	sqlite3_stmt *s = NULL;
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
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, newest_first ? STATEMENT_BY_SEQUENCE_DOWN : STATEMENT_BY_SEQUENCE, &s);

	if (r < 0 || first > INT64_MAX)
		return r;
	sqlite3_bind_int(s, 1, (int)tier);
	sqlite3_bind_int64(s, 2, (int64_t)first);
	sqlite3_bind_int64(s, 3, last > INT64_MAX ? INT64_MAX : (int64_t)last);
	sqlite3_bind_int64(s, 4, max > INT64_MAX ? -1 : (int64_t)max);
	return take_rows(s, ret);
}

int catalogue_find_first(struct catalogue *c, enum window_tier tier, uint64_t first, struct window_info *ret)
{
	sqlite3_stmt *s = NULL;
	int64_t row;
	int r = catalogue_statement(c, STATEMENT_FIND_FIRST, &s);

	if (r < 0)
		return r;
	sqlite3_bind_int(s, 1, (int)tier);
	sqlite3_bind_int64(s, 2, first > INT64_MAX ? -1 : (int64_t)first);
	r = catalogue_take_number(s, &row);
	return r == 0 ? catalogue_get(c, row, ret) : r;
}

int catalogue_has_cover(struct catalogue *c, enum window_tier tier, const struct window_info *of, bool *ret)
{
	sqlite3_stmt *s = NULL;
	int64_t exists;
	int r = catalogue_statement(c, STATEMENT_HAS_COVER, &s);

	if (r < 0)
		return r;
	sqlite3_bind_int(s, 1, (int)tier);
	catalogue_bind_text(s, 2, of->host);
	sqlite3_bind_int64(s, 3, (int64_t)of->first);
	sqlite3_bind_int64(s, 4, (int64_t)of->last);
	r = catalogue_take_number(s, &exists);
	*ret = exists;
	return r;
}

int catalogue_next_sequence(struct catalogue *c, uint64_t *ret)
{
	sqlite3_stmt *s = NULL;
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
	sqlite3_stmt *s = NULL;
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
	sqlite3_stmt *s = NULL;

	return catalogue_statement(c, STATEMENT_IS_COMPLETE, &s) == 0 && catalogue_take_number(s, &is_complete) == 0 &&
	       is_complete;
}
