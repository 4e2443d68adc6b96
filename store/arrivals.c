// SPDX-License-Identifier: Apache-2.0
#include "store/arrivals.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "store/catalogue-inside.h"

#define OLD_NAME ARRIVALS_NAME ".old"

enum statement {
	FIND,
	ANNOUNCE,
	FORGET,
	N_STATEMENTS,
};

static const char *const texts[] = {
	/* This part's row, if there is one, else any of its batch. */
	[FIND] = "SELECT part = ?3 FROM arrivals WHERE batch = ?1 AND host = ?2 AND sequence < ?4"
		 " ORDER BY part = ?3 DESC LIMIT 1",
	[ANNOUNCE] =
		"INSERT OR REPLACE INTO arrivals (batch, host, part, sequence, time_ns) VALUES (?1, ?2, ?3, ?4, ?5)",
	[FORGET] = "DELETE FROM arrivals WHERE time_ns < ?1",
};

/* Each commit waits for the disk: an announcement that a power cut takes back is none. */
static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;"
			      "PRAGMA journal_size_limit = 1048576; PRAGMA temp_store = MEMORY;"
			      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON";

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE arrivals (batch TEXT NOT NULL, host TEXT NOT NULL, part INTEGER NOT NULL,"
	" sequence INTEGER NOT NULL UNIQUE, time_ns INTEGER NOT NULL, PRIMARY KEY (batch, host, part)) WITHOUT ROWID;"
	"CREATE INDEX by_time ON arrivals (time_ns);"
	"CREATE TABLE horizon (time_ns INTEGER NOT NULL); INSERT INTO horizon VALUES (0);"
	"PRAGMA user_version = 1;"
	"COMMIT";
_Static_assert(ARRIVALS_VERSION == 1, "the schema has it");

struct arrivals {
	sqlite3 *db;
	sqlite3_stmt *statements[N_STATEMENTS];
	int64_t horizon_ns;
};

struct arrivals *arrivals_free(struct arrivals *a)
{
	if (!a)
		return NULL;
	for (size_t i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(a->statements[i]);
	sqlite3_close(a->db);
	free(a);
	return NULL;
}

static int execute(struct arrivals *a, const char *text)
{
	return catalogue_error(sqlite3_exec(a->db, text, NULL, NULL, NULL));
}

/* 0 where there is no row. */
static int read_number(struct arrivals *a, const char *text, int64_t *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_error(sqlite3_prepare_v2(a->db, text, -1, &s, NULL));

	if (r == 0)
		r = catalogue_step(s);
	if (r >= 0)
		*ret = r > 0 ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_finalize(s);
	return r < 0 ? r : 0;
}

static int prepare(struct arrivals *a)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < N_STATEMENTS; i++)
		r = catalogue_error(
			sqlite3_prepare_v3(a->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &a->statements[i], NULL));
	return r;
}

static int try_to_open(int dir_fd, struct arrivals **ret)
{
	_cleanup_(arrivals_freep) struct arrivals *a = calloc(1, sizeof(*a));
	int64_t version = 0;
	char path[64];
	int r;

	if (!a)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/" ARRIVALS_NAME, dir_fd);
	r = catalogue_error(
		sqlite3_open_v2(path, &a->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
	if (r == 0)
		r = read_number(a, "PRAGMA user_version", &version);
	if (r == 0 && version > ARRIVALS_VERSION)
		return ARRIVALS_NEWER;
	if (r == 0)
		r = execute(a, pragmas);
	if (r == 0 && version == 0)
		r = execute(a, schema);
	if (r == 0)
		r = read_number(a, "SELECT time_ns FROM horizon", &a->horizon_ns);
	if (r == 0)
		r = prepare(a);
	if (r == 0)
		*ret = take_ptr(a);
	return r;
}

/* With SQLite's own files, which belong to it. */
static int set_aside(int dir_fd)
{
	static const char *const companions[] = { ARRIVALS_NAME "-wal", ARRIVALS_NAME "-shm" };

	if (renameat(dir_fd, ARRIVALS_NAME, dir_fd, OLD_NAME) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(companions); i++)
		if (unlinkat(dir_fd, companions[i], 0) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}

int arrivals_open(int dir_fd, struct arrivals **ret, bool *ret_is_anew)
{
	int r = try_to_open(dir_fd, ret);

	*ret_is_anew = r == -EBADMSG;
	if (r == -EBADMSG)
		r = set_aside(dir_fd);
	else
		return r;
	return r == 0 ? try_to_open(dir_fd, ret) : r;
}

static void bind(sqlite3_stmt *s, const struct arrival *arrival, uint64_t sequence)
{
	catalogue_bind_text(s, 1, arrival->batch);
	catalogue_bind_text(s, 2, arrival->host);
	sqlite3_bind_int64(s, 3, arrival->part);
	sqlite3_bind_int64(s, 4, (int64_t)sequence);
}

int arrivals_find(struct arrivals *a, const struct arrival *arrival, uint64_t next_sequence)
{
	sqlite3_stmt *s = a->statements[FIND];
	int r;

	bind(s, arrival, next_sequence);
	r = catalogue_step(s);
	if (r > 0)
		r = sqlite3_column_int(s, 0) ? ARRIVALS_TAKEN : ARRIVALS_OTHER_PART;
	sqlite3_reset(s);
	return r;
}

int arrivals_announce(struct arrivals *a, const struct arrival *arrival, uint64_t sequence)
{
	sqlite3_stmt *s = a->statements[ANNOUNCE];

	if (sequence > INT64_MAX)
		return -ERANGE;
	bind(s, arrival, sequence);
	sqlite3_bind_int64(s, 5, arrival->time_ns);
	return catalogue_run(s);
}

int64_t arrivals_horizon_ns(const struct arrivals *a)
{
	return a->horizon_ns;
}

/* The time behind which so many rows are left. */
static int find_beyond(struct arrivals *a, uint64_t max_rows, int64_t *ret)
{
	char text[128];
	int64_t time_ns = 0;
	int r;

	snprintf(text, sizeof(text), "SELECT time_ns + 1 FROM arrivals ORDER BY time_ns DESC LIMIT 1 OFFSET %llu",
		 (unsigned long long)max_rows);
	r = read_number(a, text, &time_ns);
	if (r == 0 && time_ns > *ret)
		*ret = time_ns;
	return r;
}

int arrivals_forget(struct arrivals *a, int64_t before_ns, uint64_t max_rows)
{
	int64_t horizon_ns = before_ns > a->horizon_ns ? before_ns : a->horizon_ns;
	sqlite3_stmt *s = a->statements[FORGET];
	char text[64];
	int r = find_beyond(a, max_rows, &horizon_ns);

	if (r < 0 || horizon_ns == a->horizon_ns)
		return r;
	/* First: what is forgotten and not yet refused could be taken again. */
	snprintf(text, sizeof(text), "UPDATE horizon SET time_ns = %lld", (long long)horizon_ns);
	r = execute(a, text);
	if (r < 0)
		return r;
	a->horizon_ns = horizon_ns;
	sqlite3_bind_int64(s, 1, horizon_ns);
	return catalogue_run(s);
}
