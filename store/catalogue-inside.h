/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue, inside: the database and its statements, which are made when they are first used and kept. */
#pragma once

#include <sqlite3.h>

#include "store/catalogue.h"

enum catalogue_statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_ADD_FOLDER,
	STATEMENT_FIND_FOLDER,
	STATEMENT_FOLDER_MTIME,
	STATEMENT_SET_FOLDER_MTIME,
	STATEMENT_DOUBT_FOLDER,
	STATEMENT_FORGET_FOLDER,
	STATEMENT_ADD_HOST,
	STATEMENT_FIND_HOST,
	STATEMENT_ADD_LABEL,
	STATEMENT_FIND_LABEL,
	STATEMENT_ADD_LABEL_SET,
	STATEMENT_FIND_LABEL_SET,
	STATEMENT_ADD_WINDOW,
	STATEMENT_ADD_FACTS,
	STATEMENT_REMOVE_WINDOW,
	STATEMENT_FIND_FILE,
	STATEMENT_FIND_WINDOW,
	STATEMENT_LIST_FOLDER,
	STATEMENT_LIST_FOLDERS,
	STATEMENT_BY_TIME,
	STATEMENT_FIND_FIRST,
	STATEMENT_HAS_COVER,
	STATEMENT_BY_SEQUENCE,
	STATEMENT_BY_SEQUENCE_DOWN,
	STATEMENT_GREATEST,
	STATEMENT_TOTALS,
	STATEMENT_IS_COMPLETE,
	STATEMENT_SET_COMPLETE,
	STATEMENT_LABELS_OF_KEY,
	STATEMENT_LABEL_SETS,
	STATEMENT_LABELS,
	STATEMENT_FORGET_LABEL_SETS,
	STATEMENT_FORGET_LABEL,
	STATEMENT_VERSION,
	STATEMENT_N,
};

struct catalogue {
	sqlite3 *db;
	unsigned int n_refs;
	bool is_memory;
	const char *name; /* of its file: static */
	sqlite3_stmt *statements[STATEMENT_N];
};

/* -EBADMSG: the database is damaged. */
_must_check_ int catalogue_error(int sqlite_result);

/* Ready to be bound; ends with catalogue_run() or sqlite3_reset(). */
_must_check_ int catalogue_statement(struct catalogue *c, enum catalogue_statement which, sqlite3_stmt **ret);

/* Steps once: SQLITE_ROW is 1, SQLITE_DONE 0. */
_must_check_ int catalogue_step(sqlite3_stmt *s);

/* Of statements that give no rows. */
_must_check_ int catalogue_run(sqlite3_stmt *s);

/* The text is borrowed until the statement is reset. */
void catalogue_bind_text(sqlite3_stmt *s, int at, const char *text);

/* The first column of a row, or 0: there is none. Ends the statement. */
_must_check_ int catalogue_take_number(sqlite3_stmt *s, int64_t *ret);

/* SQLite's name and flags of open. What is in it nobody has looked at. */
_must_check_ int catalogue_open_database(const char *name, int flags, struct catalogue **ret);

/* Of a begin (of a transaction that writes) and its end: r 0 commits, else it is rolled back and r returned. */
_must_check_ int catalogue_begin(struct catalogue *c);
_must_check_ int catalogue_end(struct catalogue *c, int r);
