// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/suffix.h"
#include "pprof/profile.h"
#include "store/losses.h"
#include "store/store-inside.h"

#define STATE_FILE_BYTES ((size_t)1 << 20)
#define TARGETS_DIR "targets"

struct copying {
	int from_fd, to_fd;
	struct backup_stats stats;
};

static int write_state(int to_fd, const char *name, const struct buf *text)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	int r = fs_temp_open(to_fd, name, FILES_MODE, &temp);

	if (r == 0)
		r = fs_write_all(temp.fd, text->data, text->size);
	return r == 0 ? fs_temp_publish(&temp, name) : r;
}

/* A small file as it is; one that is not there needs no copy. */
static int copy_target(int from_fd, int to_fd, const char *name)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = fs_read(from_fd, name, STATE_FILE_BYTES, &text);

	return r == 0 ? write_state(to_fd, name, &text) : r == -ENOENT ? 0 : r;
}

static int copy_losses(struct copying *c)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = losses_read_text(c->from_fd, &text);

	return r == 0 ? write_state(c->to_fd, LOSSES_NAME, &text) : r == -ENOENT ? 0 : r;
}

static int copy_targets_to(int from_fd, int to_fd)
{
	struct dirent *entry;
	DIR *dir;
	int r = fs_open_dir(from_fd, &dir);

	if (r < 0)
		return r;
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && has_suffix(entry->d_name, ".json"))
			r = copy_target(from_fd, to_fd, entry->d_name);
	closedir(dir);
	return r == 0 && fsync(to_fd) < 0 ? -errno : r;
}

static int copy_targets(struct copying *c)
{
	_cleanup_close_ int from = openat(c->from_fd, TARGETS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC), to = -1;

	if (from < 0)
		return errno == ENOENT ? 0 : -errno;
	if (mkdirat(c->to_fd, TARGETS_DIR, FILES_DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	to = openat(c->to_fd, TARGETS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return to < 0 ? -errno : copy_targets_to(from, to);
}

/* Decoded first: what is in a backup can be read. */
static int copy_window(struct copying *c, struct files_writer *writer, const struct window_path *path)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf bytes = {};
	uint64_t n_raw_bytes;
	struct stat st;
	int r;

	r = window_file_load(c->from_fd, path, &p, &n_raw_bytes);
	if (r == 0)
		r = window_file_read(c->from_fd, path, &bytes);
	if (r == 0)
		r = files_write(writer, path, bytes.data, bytes.size, &st);
	if (r < 0)
		return r;
	c->stats.n_bad += r == STORE_BAD;
	c->stats.n_files += r == 0; /* else it has made way meanwhile */
	c->stats.n_bytes += r == 0 ? bytes.size : 0;
	return 0;
}

static int copy_folder(struct copying *c, struct files_writer *writer, const char *folder)
{
	_cleanup_(files_listing_done) struct files_listing files = {};
	struct window_path path = {};
	int r = files_list(c->from_fd, folder, &files);

	snprintf(path.folder, sizeof(path.folder), "%s", folder);
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		snprintf(path.file, sizeof(path.file), "%s", files.names[i]);
		r = copy_window(c, writer, &path);
	}
	return r;
}

static int copy_windows(struct copying *c)
{
	struct files_writer writer = { .store_fd = c->to_fd };
	int r = 0;

	for (int tier = WINDOW_HOUR; r == 0 && tier >= WINDOW_RAW; tier--) {
		_cleanup_(files_listing_done) struct files_listing folders = {};

		r = files_list_folders(c->from_fd, (enum window_tier)tier, &folders);
		for (size_t i = 0; r == 0 && i < folders.n; i++)
			r = copy_folder(c, &writer, folders.names[i]);
	}
	return r;
}

static int copy_all(struct copying *c)
{
	int r;

	r = copy_targets(c);
	if (r == 0)
		r = copy_losses(c);
	if (r == 0)
		r = copy_windows(c);
	return r == 0 && fsync(c->to_fd) < 0 ? -errno : r;
}

static int is_empty(int dir_fd, bool *ret)
{
	struct dirent *entry;
	DIR *dir;
	int r = fs_open_dir(dir_fd, &dir);

	if (r < 0)
		return r;
	*ret = true;
	while (*ret && (entry = readdir(dir)))
		*ret = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return 0;
}

int backup_make(struct store *s, int to_fd, struct backup_stats *ret)
{
	struct copying c = { .from_fd = s->dir_fd, .to_fd = to_fd };
	bool empty = false;
	int r = is_empty(to_fd, &empty);

	if (r == 0 && !empty)
		return BACKUP_NOT_EMPTY;
	if (r == 0)
		r = copy_all(&c);
	/* A directory without windows is a store, too. */
	if (r == 0 && mkdirat(to_fd, name_of_tier_dir(WINDOW_RAW), FILES_DIR_MODE) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = files_raise_mark(to_fd, s->next_sequence);
	if (r == 0)
		*ret = c.stats;
	return r;
}

/* The agent's own lock, agent/state-dir.h; held until the program ends. */
static int exclude_agent(int dir_fd)
{
	int fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILES_MODE);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? BACKUP_IN_USE : -errno;
	return 0;
}

int backup_restore(struct store *s, int from_fd, struct backup_stats *ret)
{
	struct copying c = { .from_fd = from_fd, .to_fd = s->dir_fd };
	uint64_t mark;
	int r;

	if (faccessat(from_fd, name_of_tier_dir(WINDOW_RAW), F_OK, 0) < 0)
		return errno == ENOENT ? BACKUP_NONE : -errno;
	r = exclude_agent(s->dir_fd);
	if (r == 0 && s->counts.n_files > 0)
		return BACKUP_NOT_EMPTY;
	if (r == 0)
		r = copy_all(&c);
	if (r == 0)
		r = files_read_mark(from_fd, &mark);
	if (r == 0)
		r = files_raise_mark(s->dir_fd, mark);
	if (r == 0)
		*ret = c.stats;
	return r;
}
