// SPDX-License-Identifier: Apache-2.0
/* catalogue open: which database is used, its version, and its tables. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "store/catalogue-inside.h"
#include "store/files.h"

/* Where catalog.db is a newer cpuhound's: with our version, so that it is always ours. */
#define OUR_NAME "catalog.v1.db"
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
};
static const char *const faults[] = {
	[FAULT_UNREADABLE] = "cannot be read",
	[FAULT_ABSENT] = "is not there",
	[FAULT_OLDER] = "is of an older cpuhound",
	[FAULT_NEWER] = "is of a newer cpuhound",
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

/*
 * Many hosts' windows hold the same sequences. No part of the version: one of before gets them when it is next written,
 * and a cpuhound of before does not mind them.
 */
static const char more_indexes[] = "CREATE INDEX IF NOT EXISTS by_host ON windows (tier, host, last, first);"
				   "CREATE INDEX IF NOT EXISTS by_first ON windows (tier, first);";

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

int catalogue_open_database(const char *name, int flags, struct catalogue **ret)
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
	int r = catalogue_open_database(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY,
					&c);

	if (r == 0)
		r = make_schema(c);
	if (r == 0)
		r = execute(c, more_indexes);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

/*
 * A file of the group that the directory belongs to, whoever makes it. One that is there is not touched: whoever closes
 * a file of SQLite's ends the locks that this process has on it.
 */
static int make_file(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct stat dir, st;

	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILES_MODE);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	if (fstat(dir_fd, &dir) < 0 || fstat(fd, &st) < 0)
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
	r = catalogue_open_database(uri, flags, ret);
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
	if (c && r == CATALOGUE_UNUSABLE && *ret_fault == FAULT_ABSENT) {
		r = execute(c, "PRAGMA journal_mode = WAL");
		if (r == 0)
			r = make_schema(c);
	}
	if (r == 0)
		r = execute(c, more_indexes);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

static int open_to_write(int dir_fd, const char *name, struct catalogue **ret, enum fault *ret_fault)
{
	int r = try_to_write(dir_fd, name, ret, ret_fault);

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
	if (access == CATALOGUE_WRITE && !catalogue_has_room(dir_fd))
		access = CATALOGUE_READ; /* what is there is worth as much */
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
