// SPDX-License-Identifier: Apache-2.0
#include "store/catalogue.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/suffix.h"
#include "store/catalogue-inside.h"
#include "store/files.h"

#define OUR_NAME                                                                                                       \
	"catalog.v1.db" /* where catalog.db is a newer cpuhound's: with our version, so that it is always ours */
#define OLD_NAME CATALOGUE_NAME ".old"
#define NAME_SIZE 32
#define NEWER (CATALOGUE_END + 1)      /* an answer within this file */
#define ROOM_BYTES ((uint64_t)8 << 20) /* for a journal that waits for a reader, and as much again in the database */
#define BUSY_MS 2000                   /* others write for some milliseconds */

_Static_assert(CATALOGUE_VERSION == 1, "OUR_NAME has it");

/* Why one is not used. */
enum fault {
	FAULT_UNREADABLE,
	FAULT_ABSENT,
	FAULT_OLDER,
	FAULT_NEWER,
	FAULT_NO_ROOM,
};
static const char *const faults[] = {
	[FAULT_UNREADABLE] = "cannot be read",         [FAULT_ABSENT] = "is not there",
	[FAULT_OLDER] = "is of an older cpuhound",     [FAULT_NEWER] = "is of a newer cpuhound",
	[FAULT_NO_ROOM] = "finds no room on the disk",
};

/*
 * Small pages in a small cache: it is looked at a few times a minute. A killed process loses what was written last, no
 * more, and the files tell of it; so nothing waits for the disk but a checkpoint, after 1 MiB.
 */
static const char pragmas[] = "PRAGMA cache_size = -1024; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
			      "PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 1048576;"
			      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON";

/*
 * windows is what selections go over: by_time has all that they need of it. label_sets are numbers of labels as
 * varints: most windows of a host have the labels of the one before. totals is kept by triggers.
 */
static const char schema[] =
	"CREATE TABLE folders (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, tier INTEGER NOT NULL,"
	" mtime_ns INTEGER NOT NULL);"
	"CREATE TABLE hosts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE labels (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (key, value));"
	"CREATE TABLE label_sets (id INTEGER PRIMARY KEY, labels BLOB NOT NULL UNIQUE);"
	"CREATE TABLE windows (id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, file TEXT NOT NULL,"
	" tier INTEGER NOT NULL, host INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" start_ns INTEGER NOT NULL, n_windows INTEGER NOT NULL, n_disk_bytes INTEGER NOT NULL,"
	" label_set INTEGER NOT NULL, UNIQUE (folder, file));"
	"CREATE INDEX by_time ON windows (start_ns, tier, host, first, last, n_windows, label_set);"
	"CREATE INDEX by_sequence ON windows (tier, last, first);"
	"CREATE INDEX by_start ON windows (tier, start_ns);"
	"CREATE TABLE facts (id INTEGER PRIMARY KEY, window_id TEXT NOT NULL, duration_ns INTEGER NOT NULL,"
	" period_ns INTEGER NOT NULL, n_bytes INTEGER NOT NULL, n_raw_bytes INTEGER NOT NULL, ledger TEXT NOT NULL);"
	"CREATE TABLE totals (tier INTEGER PRIMARY KEY, n_files INTEGER NOT NULL, n_disk_bytes INTEGER NOT NULL,"
	" n_windows INTEGER NOT NULL);"
	"INSERT INTO totals VALUES (0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0);"
	"CREATE TABLE complete (id INTEGER PRIMARY KEY);"
	"CREATE TRIGGER window_comes AFTER INSERT ON windows BEGIN"
	" UPDATE totals SET n_files = n_files + 1, n_disk_bytes = n_disk_bytes + new.n_disk_bytes,"
	" n_windows = n_windows + new.n_windows WHERE tier = new.tier; END;"
	"CREATE TRIGGER window_goes AFTER DELETE ON windows BEGIN"
	" DELETE FROM facts WHERE id = old.id;"
	" UPDATE totals SET n_files = n_files - 1, n_disk_bytes = n_disk_bytes - old.n_disk_bytes,"
	" n_windows = n_windows - old.n_windows WHERE tier = old.tier; END;";

static const char *const texts[] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_ADD_FOLDER] = "INSERT INTO folders (path, tier, mtime_ns) VALUES (?1, ?2, 0)",
	[STATEMENT_FIND_FOLDER] = "SELECT id FROM folders WHERE path = ?1",
	[STATEMENT_FOLDER_MTIME] = "SELECT mtime_ns FROM folders WHERE path = ?1",
	[STATEMENT_SET_FOLDER_MTIME] = "INSERT INTO folders (path, tier, mtime_ns) VALUES (?1, ?2, ?3)"
				       " ON CONFLICT (path) DO UPDATE SET mtime_ns = ?3",
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
	[STATEMENT_LIST_FOLDER] =
		"SELECT file FROM windows WHERE folder = (SELECT id FROM folders WHERE path = ?1) ORDER BY file",
	[STATEMENT_LIST_FOLDERS] = "SELECT path FROM folders WHERE tier = ?1 ORDER BY path",
	[STATEMENT_BY_TIME] = "SELECT id, host, label_set, tier, first, last, n_windows, start_ns FROM windows"
			      " WHERE start_ns >= ?1 AND start_ns < ?2",
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
	[STATEMENT_LABELS] = "SELECT id FROM labels",
	[STATEMENT_FORGET_LABEL_SETS] = "DELETE FROM label_sets WHERE id NOT IN (SELECT label_set FROM windows)",
	[STATEMENT_FORGET_LABEL] = "DELETE FROM labels WHERE id = ?1",
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

int catalogue_begin(struct catalogue *c)
{
	sqlite3_stmt *s;
	int r = catalogue_statement(c, STATEMENT_BEGIN, &s);

	return r == 0 ? catalogue_run(s) : r;
}

int catalogue_end(struct catalogue *c, int r)
{
	sqlite3_stmt *s;
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

static int execute(struct catalogue *c, const char *text)
{
	return catalogue_error(sqlite3_exec(c->db, text, NULL, NULL, NULL));
}

static int read_number(struct catalogue *c, const char *text, int64_t *ret)
{
	sqlite3_stmt *s = NULL;
	int r = catalogue_error(sqlite3_prepare_v2(c->db, text, -1, &s, NULL));

	if (r == 0)
		r = catalogue_step(s);
	if (r > 0)
		*ret = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return r < 0 ? r : 0;
}

static int open_database(const char *name, int flags, struct catalogue **ret)
{
	_cleanup_(catalogue_unrefp) struct catalogue *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->n_refs = 1;
	r = catalogue_error(sqlite3_open_v2(name, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL));
	if (r < 0)
		return r;
	c->is_memory = flags & SQLITE_OPEN_MEMORY;
	sqlite3_busy_timeout(c->db, BUSY_MS);
	r = execute(c, pragmas);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

/* In one transaction, unless another has done it in the meantime. */
static int make_schema(struct catalogue *c)
{
	char version[64];
	int64_t n_tables;
	int r = catalogue_begin(c);

	if (r < 0)
		return r;
	r = read_number(c, "SELECT count(*) FROM sqlite_schema", &n_tables);
	snprintf(version, sizeof(version), "PRAGMA user_version = %d", CATALOGUE_VERSION);
	if (r == 0 && n_tables == 0)
		r = execute(c, schema);
	if (r == 0 && n_tables == 0)
		r = execute(c, version);
	return catalogue_end(c, r);
}

static int open_memory(struct catalogue **ret)
{
	_cleanup_(catalogue_unrefp) struct catalogue *c = NULL;
	int r = open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, &c);

	if (r == 0)
		r = make_schema(c);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

/* A file of the group that the directory belongs to, whoever makes it. */
static int make_file(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat dir, st;

	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILES_MODE);
	if (fd < 0 || fstat(dir_fd, &dir) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_gid != dir.st_gid && fchown(fd, (uid_t)-1, dir.st_gid) < 0)
		return errno == EPERM ? 0 : -errno;
	return 0;
}

static int remove_if_there(int dir_fd, const char *name, const char *suffix)
{
	char text[NAME_SIZE];

	snprintf(text, sizeof(text), "%s%s", name, suffix);
	return unlinkat(dir_fd, text, 0) < 0 && errno != ENOENT ? -errno : 0;
}

/*
 * Everybody who has it open sees that the name belongs to another file now (catalogue_is_stale()). SQLite's own files
 * beside it belong to what goes.
 */
static int set_aside(int dir_fd, const char *name)
{
	int r;

	if (renameat(dir_fd, name, dir_fd, OLD_NAME) < 0 && errno != ENOENT)
		return -errno;
	r = remove_if_there(dir_fd, name, "-wal");
	return r == 0 ? remove_if_there(dir_fd, name, "-shm") : r;
}

/* CATALOGUE_UNUSABLE: it has not our version. */
static int check_version(struct catalogue *c, enum fault *ret_fault)
{
	int64_t version = 0, n_tables = 0;
	int r = read_number(c, "PRAGMA user_version", &version);

	if (r == 0)
		r = read_number(c, "SELECT count(*) FROM sqlite_schema", &n_tables);
	if (r < 0 || version == CATALOGUE_VERSION)
		return r;
	*ret_fault = version > CATALOGUE_VERSION ? FAULT_NEWER : n_tables == 0 ? FAULT_ABSENT : FAULT_OLDER;
	return CATALOGUE_UNUSABLE;
}

bool catalogue_has_room(int dir_fd)
{
	struct statvfs fs;

	return fstatvfs(dir_fd, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize >= ROOM_BYTES;
}

static int open_file(int dir_fd, const char *name, const char *format, int flags, struct catalogue **ret)
{
	char uri[96];
	int r;

	snprintf(uri, sizeof(uri), "file:/proc/self/fd/%d/%s%s", dir_fd, name, format);
	r = open_database(uri, flags, ret);
	if (r == 0)
		(*ret)->name = name;
	return r;
}

static int open_to_read(int dir_fd, const char *name, struct catalogue **ret, enum fault *ret_fault)
{
	/* A catalogue that nobody has open cannot be read where its companions cannot be made; then nobody writes. */
	static const struct {
		const char *format;
		int flags;
	} ways[] = { { "", SQLITE_OPEN_READWRITE }, { "?immutable=1", SQLITE_OPEN_READONLY } };
	int r = -EROFS;

	if (faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		*ret_fault = FAULT_ABSENT;
		return CATALOGUE_UNUSABLE;
	}
	for (size_t i = 0; r == -EROFS && i < ARRAY_SIZE(ways); i++) {
		_cleanup_(catalogue_unrefp) struct catalogue *c = NULL;

		r = open_file(dir_fd, name, ways[i].format, ways[i].flags, &c);
		if (r == 0)
			r = check_version(c, ret_fault);
		if (r == 0)
			*ret = take_ptr(c);
	}
	return r;
}

static int try_to_write(int dir_fd, const char *name, struct catalogue **ret, enum fault *ret_fault)
{
	_cleanup_(catalogue_unrefp) struct catalogue *c = NULL;
	int r = make_file(dir_fd, name);

	if (r == 0)
		r = open_file(dir_fd, name, "", SQLITE_OPEN_READWRITE, &c);
	if (r == 0)
		r = check_version(c, ret_fault);
	if (r == CATALOGUE_UNUSABLE && *ret_fault == FAULT_ABSENT) {
		r = execute(c, "PRAGMA journal_mode = WAL");
		if (r == 0)
			r = make_schema(c);
	}
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

static int open_to_write(int dir_fd, const char *name, struct catalogue **ret, enum fault *ret_fault)
{
	int r;

	if (!catalogue_has_room(dir_fd)) {
		*ret_fault = FAULT_NO_ROOM;
		return CATALOGUE_UNUSABLE;
	}
	r = try_to_write(dir_fd, name, ret, ret_fault);
	if ((r == CATALOGUE_UNUSABLE && *ret_fault != FAULT_NEWER) || r == -EBADMSG) {
		r = set_aside(dir_fd, name);
		if (r == 0)
			r = try_to_write(dir_fd, name, ret, ret_fault);
	}
	return r;
}

static int open_named(int dir_fd, enum catalogue_access access, const char *name, struct catalogue **ret,
		      const char **ret_why)
{
	enum fault fault = FAULT_UNREADABLE;
	int r = access == CATALOGUE_READ ? open_to_read(dir_fd, name, ret, &fault)
					 : open_to_write(dir_fd, name, ret, &fault);

	if (r == 0 || r == -ENOMEM)
		return r;
	*ret_why = faults[fault];
	return fault == FAULT_NEWER ? NEWER : CATALOGUE_UNUSABLE;
}

int catalogue_open(int dir_fd, enum catalogue_access access, struct catalogue **ret, const char **ret_why)
{
	const char *why;
	int r;

	*ret_why = NULL;
	if (access == CATALOGUE_MEMORY)
		return open_memory(ret);
	r = open_named(dir_fd, access, CATALOGUE_NAME, ret, ret_why);
	if (r == 0 && access == CATALOGUE_WRITE)
		return remove_if_there(dir_fd, OUR_NAME, ""); /* of when there was a newer one */
	if (r == NEWER)
		r = open_named(dir_fd, access, OUR_NAME, ret, &why);
	return r == NEWER ? CATALOGUE_UNUSABLE : r;
}

int catalogue_discard(struct catalogue *c, int dir_fd)
{
	int r = set_aside(dir_fd, c->name);

	catalogue_unref(c);
	return r;
}

bool catalogue_is_shared(const struct catalogue *c)
{
	return !c->is_memory && sqlite3_db_readonly(c->db, "main") == 0;
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
	int r = open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY, &copy);

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
