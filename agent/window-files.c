// SPDX-License-Identifier: Apache-2.0
#include "agent/window-files.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "common/suffix.h"

#define DIR_MODE 0750
#define FILE_MODE 0640
#define BLOCK_BYTES 512ULL /* the unit of st_blocks */
#define NAME_BYTES 192
#define HOST_BYTES 64
#define SUFFIX ".pb.zst"

struct window_path {
	char day[16], hour[4], name[NAME_BYTES];
};

static int make_path(const struct window_name *n, struct window_path *ret)
{
	time_t seconds = (time_t)(n->start_realtime_ns / (int64_t)NS_PER_S);
	unsigned int ms = (unsigned int)(n->start_realtime_ns % (int64_t)NS_PER_S / (int64_t)NS_PER_MS);
	char start[32], host[HOST_BYTES + 1];
	size_t i;
	struct tm tm;

	if (n->start_realtime_ns < 0 || !gmtime_r(&seconds, &tm))
		return -EINVAL;
	for (i = 0; i < HOST_BYTES && n->host[i]; i++)
		host[i] = isalnum((unsigned char)n->host[i]) || strchr("._-", n->host[i]) ? n->host[i] : '_';
	host[i] = 0;
	strftime(ret->day, sizeof(ret->day), "%Y-%m-%d", &tm);
	strftime(ret->hour, sizeof(ret->hour), "%H", &tm);
	strftime(start, sizeof(start), "%Y%m%dT%H%M%S", &tm);
	snprintf(ret->name, sizeof(ret->name), "%s.%03uZ-%s-%08" PRIu64 SUFFIX, start, ms, host, n->sequence);
	return 0;
}

/* Files and folders whose names begin with a digit are ours: DAY, HOUR and START. */
static bool is_ours(const char *name)
{
	return isdigit((unsigned char)name[0]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct listing {
	char **names; /* in order: the oldest first */
	size_t n;
};

static void listing_done(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
}

static int list(int dir_fd, struct listing *ret)
{
	struct dirent *entry;
	DIR *dir;
	int e;

	e = fs_open_dir(dir_fd, &dir);
	if (e < 0)
		return e;
	while (e == 0 && (entry = readdir(dir))) {
		char **more;

		if (!is_ours(entry->d_name))
			continue;
		more = reallocarray(ret->names, ret->n + 1, sizeof(*more));
		if (more) {
			ret->names = more;
			ret->names[ret->n] = strdup(entry->d_name);
		}
		if (!more || !ret->names[ret->n])
			e = -ENOMEM;
		else
			ret->n++;
	}
	closedir(dir);
	if (ret->n)
		qsort(ret->names, ret->n, sizeof(*ret->names), compare_names);
	return e;
}

/* Answers of a visitor. */
enum {
	VISIT_ON = 0,
	VISIT_ENOUGH = 1,
};
typedef int (*visit_fn)(struct window_files *w, int dir_fd, const char *name, const struct stat *st);

static int visit_hour(struct window_files *w, int hour_fd, visit_fn visit)
{
	_cleanup_(listing_done) struct listing files = {};
	int r = list(hour_fd, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		struct stat st;

		if (!has_suffix(files.names[i], SUFFIX) ||
		    fstatat(hour_fd, files.names[i], &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		r = visit(w, hour_fd, files.names[i], &st);
	}
	return r;
}

/* Below dir_fd, with so many levels of folders, the oldest file first. Folders that are empty afterwards are removed.
 */
static int visit_below(struct window_files *w, int dir_fd, unsigned int levels, visit_fn visit)
{
	_cleanup_(listing_done) struct listing folders = {};
	int r;

	if (levels == 0)
		return visit_hour(w, dir_fd, visit);
	r = list(dir_fd, &folders);
	for (size_t i = 0; r == 0 && i < folders.n; i++) {
		_cleanup_close_ int fd =
			openat(dir_fd, folders.names[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			continue;
		r = visit_below(w, fd, levels - 1, visit);
		unlinkat(dir_fd, folders.names[i], AT_REMOVEDIR); /* fails where anything is left in it */
	}
	return r;
}

static uint64_t disk_bytes(const struct stat *st)
{
	return (uint64_t)st->st_blocks * BLOCK_BYTES;
}

static void note_sequence(struct window_files *w, const char *name)
{
	const char *p = strrchr(name, '-'), *end = name + strlen(name);
	uint64_t sequence;

	if (p && ++p && parse_u64_at(&p, end, 10, &sequence) == 0 && sequence < UINT64_MAX &&
	    sequence >= w->next_sequence)
		w->next_sequence = sequence + 1;
}

static int count(struct window_files *w, int dir_fd, const char *name, const struct stat *st)
{
	note_sequence(w, name);
	w->n_files++;
	w->n_bytes += disk_bytes(st);
	return VISIT_ON;
}

static int evict(struct window_files *w, int dir_fd, const char *name, const struct stat *st)
{
	uint64_t bytes = disk_bytes(st);

	if (unlinkat(dir_fd, name, 0) < 0)
		return VISIT_ON;
	w->n_evicted++;
	w->n_evicted_bytes += bytes;
	w->n_files -= w->n_files > 0;
	w->n_bytes -= w->n_bytes < bytes ? w->n_bytes : bytes;
	return VISIT_ENOUGH;
}

int window_files_open(int dir_fd, uint64_t limit_bytes, struct window_files *ret)
{
	struct window_files w = { .dir_fd = dir_fd, .limit_bytes = limit_bytes };
	int e = visit_below(&w, dir_fd, 2, count);

	if (e == 0)
		*ret = w;
	return e;
}

/* -ENOSPC: none is left that could make way. */
static int evict_oldest(struct window_files *w)
{
	int r = visit_below(w, w->dir_fd, 2, evict);

	return r == VISIT_ENOUGH ? 0 : r == 0 ? -ENOSPC : r;
}

static int make_room(struct window_files *w, size_t more_bytes)
{
	int e = 0;

	if (more_bytes > w->limit_bytes)
		return -EFBIG;
	while (e == 0 && w->n_bytes + more_bytes > w->limit_bytes)
		e = evict_oldest(w);
	return e;
}

/* A folder that is new is durable with its parent's list of names. */
static int open_folder(int dir_fd, const char *name, int *ret)
{
	bool is_new = mkdirat(dir_fd, name, DIR_MODE) == 0;
	int fd;

	if (!is_new && errno != EEXIST)
		return -errno;
	if (is_new && fsync(dir_fd) < 0)
		return -errno;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int write_file(struct window_files *w, const struct window_path *path, const void *data, size_t size)
{
	_cleanup_close_ int day_fd = -1, hour_fd = -1;
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE; /* ends before the folder's descriptor */
	struct stat st;
	int e;

	e = open_folder(w->dir_fd, path->day, &day_fd);
	if (e == 0)
		e = open_folder(day_fd, path->hour, &hour_fd);
	if (e == 0)
		e = fs_temp_open(hour_fd, path->name, FILE_MODE, &temp);
	if (e == 0)
		e = fs_write_all(temp.fd, data, size);
	if (e == 0)
		e = fs_temp_publish(&temp, path->name);
	if (e < 0)
		return e;
	if (fsync(hour_fd) < 0 || fstatat(hour_fd, path->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return count(w, hour_fd, path->name, &st);
}

int window_files_write(struct window_files *w, const struct window_name *name, const void *data, size_t size)
{
	struct window_path path;
	int e;

	e = make_path(name, &path);
	if (e == 0)
		e = make_room(w, size);
	if (e < 0)
		return e;
	do
		e = write_file(w, &path, data, size);
	while ((e == -ENOSPC || e == -EDQUOT) && evict_oldest(w) == 0);
	return e;
}
