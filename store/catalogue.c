// SPDX-License-Identifier: Apache-2.0
#include "store/catalogue.h"

#include "store/catalogue-inside.h"

static const char *const texts[] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_ADD_FOLDER] = "INSERT INTO folders (path, tier, mtime_ns) VALUES (?1, ?2, 0)",
	[STATEMENT_FIND_FOLDER] = "SELECT id FROM folders WHERE path = ?1",
	[STATEMENT_FOLDER_MTIME] = "SELECT mtime_ns FROM folders WHERE path = ?1",
	[STATEMENT_SET_FOLDER_MTIME] = "INSERT INTO folders (path, tier, mtime_ns) VALUES (?1, ?2, ?3)"
				       " ON CONFLICT (path) DO UPDATE SET mtime_ns = ?3",
	[STATEMENT_DOUBT_FOLDER] = "UPDATE folders SET mtime_ns = 0 WHERE path = ?1",
	[STATEMENT_FORGET_FOLDER] = "DELETE FROM folders WHERE path = ?1",
	[STATEMENT_ADD_HOST] = "INSERT INTO hosts (name) VALUES (?1)",
	[STATEMENT_FIND_HOST] = "SELECT id FROM hosts WHERE name = ?1",
	[STATEMENT_ADD_LABEL] = "INSERT INTO labels (key, value) VALUES (?1, ?2)",
	[STATEMENT_FIND_LABEL] = "SELECT id FROM labels WHERE key = ?1 AND value = ?2",
	[STATEMENT_ADD_LABEL_SET] = "INSERT INTO label_sets (labels) VALUES (?1)",
	[STATEMENT_FIND_LABEL_SET] = "SELECT id FROM label_sets WHERE labels = ?1",
	[STATEMENT_ADD_WINDOW] = "INSERT INTO windows (folder, file, tier, host, first, last, start_ns, n_windows,"
				 " n_disk_bytes, label_set) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[STATEMENT_ADD_FACTS] = "INSERT OR REPLACE INTO facts (id, window_id, duration_ns, period_ns, n_bytes,"
				" n_raw_bytes, ledger) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STATEMENT_REMOVE_WINDOW] =
		"DELETE FROM windows WHERE folder = (SELECT id FROM folders WHERE path = ?1) AND file = ?2",
	[STATEMENT_FIND_FILE] =
		"SELECT id FROM windows WHERE folder = (SELECT id FROM folders WHERE path = ?1) AND file = ?2",
	[STATEMENT_FIND_WINDOW] = "SELECT w.tier, h.name, w.first, w.last, w.start_ns, w.n_disk_bytes, f.window_id,"
				  " f.duration_ns, f.period_ns, f.n_bytes, f.n_raw_bytes, f.ledger FROM windows w"
				  " JOIN hosts h ON h.id = w.host JOIN facts f ON f.id = w.id WHERE w.id = ?1",
	[STATEMENT_LIST_FOLDER] = "SELECT file FROM windows WHERE folder = (SELECT id FROM folders WHERE path "
				  "= ?1) ORDER BY file",
	[STATEMENT_LIST_FOLDERS] = "SELECT path FROM folders WHERE tier = ?1 ORDER BY path",
	[STATEMENT_BY_TIME] = "SELECT id, host, label_set, tier, first, last, n_windows, start_ns FROM windows"
			      " WHERE start_ns >= ?1 AND start_ns < ?2",
	[STATEMENT_FIND_FIRST] = "SELECT id FROM windows WHERE tier = ?1 AND first = ?2",
	[STATEMENT_HAS_COVER] = "SELECT EXISTS (SELECT 1 FROM windows WHERE tier = ?1"
				" AND host = (SELECT id FROM hosts WHERE name = ?2) AND last >= ?4 AND first <= ?3)",
	[STATEMENT_BY_SEQUENCE] = "SELECT id, host, label_set, tier, first, last, n_windows, start_ns FROM windows"
				  " WHERE tier = ?1 AND last >= ?2 AND first <= ?3 ORDER BY last LIMIT ?4",
	[STATEMENT_BY_SEQUENCE_DOWN] = "SELECT id, host, label_set, tier, first, last, n_windows, start_ns FROM windows"
				       " WHERE tier = ?1 AND last >= ?2 AND first <= ?3 ORDER BY last DESC LIMIT ?4",
	[STATEMENT_GREATEST] = "SELECT max(last) FROM (SELECT max(last) AS last FROM windows WHERE tier = 0 UNION ALL"
			       " SELECT max(last) FROM windows WHERE tier = 1 UNION ALL"
			       " SELECT max(last) FROM windows WHERE tier = 2)",
	[STATEMENT_TOTALS] =
		"SELECT n_files, n_disk_bytes, n_windows,"
		" (SELECT start_ns FROM windows WHERE tier = ?1 ORDER BY start_ns LIMIT 1),"
		" (SELECT start_ns FROM windows WHERE tier = ?1 ORDER BY start_ns DESC LIMIT 1) FROM totals"
		" WHERE tier = ?1",
	[STATEMENT_IS_COMPLETE] = "SELECT id FROM complete",
	[STATEMENT_SET_COMPLETE] = "INSERT OR IGNORE INTO complete (id) VALUES (1)",
	[STATEMENT_LABELS_OF_KEY] = "SELECT id, value FROM labels WHERE key = ?1",
	[STATEMENT_LABEL_SETS] = "SELECT id, labels FROM label_sets",
	[STATEMENT_LABELS] = "SELECT id, key, value FROM labels ORDER BY key, value",
	[STATEMENT_FORGET_LABEL_SETS] = "DELETE FROM label_sets WHERE id NOT IN (SELECT label_set FROM windows)",
	[STATEMENT_FORGET_LABEL] = "DELETE FROM labels WHERE id = ?1",
	[STATEMENT_VERSION] = "PRAGMA data_version",
};

int catalogue_error(int sqlite_result)
{
	switch (sqlite_result & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_IOERR:
		return -EIO;
	default: /* damaged; or it has not the tables that its version says */
		return -EBADMSG;
	}
}

int catalogue_statement(struct catalogue *c, enum catalogue_statement which, sqlite3_stmt **ret)
{
	sqlite3_stmt **place = &c->statements[which];
	int r = *place ? SQLITE_OK
		       : sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, place, NULL);

	*ret = *place;
	return catalogue_error(r);
}

int catalogue_step(sqlite3_stmt *s)
{
	int r = sqlite3_step(s);

	return r == SQLITE_ROW ? 1 : catalogue_error(r);
}

int catalogue_run(sqlite3_stmt *s)
{
	int r = catalogue_step(s);

	sqlite3_reset(s);
	return r < 0 ? r : 0;
}

void catalogue_bind_text(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

int catalogue_take_number(sqlite3_stmt *s, int64_t *ret)
{
	int r = catalogue_step(s);

	*ret = r > 0 ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_reset(s);
	return r < 0 ? r : 0;
}

int catalogue_begin(struct catalogue *c)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_BEGIN, &s);

	return r == 0 ? catalogue_run(s) : r;
}

int catalogue_end(struct catalogue *c, int r)
{
	sqlite3_stmt *s = NULL;
	int e = catalogue_statement(c, r == 0 ? STATEMENT_COMMIT : STATEMENT_ROLLBACK, &s);

	if (e == 0)
		e = catalogue_run(s);
	if (e < 0 && r == 0 && !sqlite3_get_autocommit(c->db)) /* a commit that failed is still to be ended */
		sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	return r == 0 ? e : r;
}

struct catalogue *catalogue_ref(struct catalogue *c)
{
	c->n_refs++;
	return c;
}

struct catalogue *catalogue_unref(struct catalogue *c)
{
	if (!c || --c->n_refs > 0)
		return NULL;
	for (size_t i = 0; i < STATEMENT_N; i++)
		sqlite3_finalize(c->statements[i]);
	sqlite3_close(c->db);
	free(c);
	return NULL;
}

bool catalogue_is_shared(const struct catalogue *c)
{
	return !c->is_memory && sqlite3_db_readonly(c->db, "main") == 0;
}

int catalogue_version(struct catalogue *c, struct catalogue_version *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_statement(c, STATEMENT_VERSION, &s);

	if (r == 0)
		r = catalogue_take_number(s, &ret->others);
	ret->own = sqlite3_total_changes(c->db);
	return r;
}

bool catalogue_is_stale(const struct catalogue *c)
{
	int has_moved = 0;

	return !c->is_memory && sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) == SQLITE_OK &&
	       has_moved;
}

int catalogue_copy(struct catalogue *c, struct catalogue **ret)
{
	_cleanup_(catalogue_unrefp) struct catalogue *copy = NULL;
	sqlite3_backup *backup;
	int r = catalogue_open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
					&copy);

	if (r < 0)
		return r;
	backup = sqlite3_backup_init(copy->db, "main", c->db, "main");
	if (!backup)
		return catalogue_error(sqlite3_errcode(copy->db));
	sqlite3_backup_step(backup, -1);
	r = catalogue_error(sqlite3_backup_finish(backup));
	if (r == 0)
		*ret = take_ptr(copy);
	return r;
}
