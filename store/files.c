// SPDX-License-Identifier: Apache-2.0
#include "store/files.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "common/suffix.h"

#define BLOCK_BYTES 512ULL /* the unit of st_blocks */
#define MARK_NAME "sequence"
#define MARK_BYTES 32

/* A folder is durable with its parent's list of names. */
static int open_or_make(int dir_fd, const char *name, bool is_synced, int *ret)
{
	bool is_new = mkdirat(dir_fd, name, FILES_DIR_MODE) == 0;
	int fd;

	if (!is_new && errno != EEXIST)
		return -errno;
	if ((is_new || !is_synced) && fsync(dir_fd) < 0)
		return -errno;
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int open_path(struct files_writer *w, const char *folder, int *ret)
{
	bool is_synced = strcmp(folder, w->synced) == 0;
	_cleanup_close_ int fd = -1;
	char path[FOLDER_BYTES], *rest = path, *name;

	strcpy(path, folder);
	while ((name = strsep(&rest, "/"))) {
		int below = -1, e = open_or_make(fd < 0 ? w->store_fd : fd, name, is_synced, &below);

		if (e < 0)
			return e;
		close_fd(fd);
		fd = below;
	}
	strcpy(w->synced, folder);
	*ret = take_fd(fd);
	return 0;
}

static int write_in(int folder_fd, const char *file, const void *data, size_t size, struct stat *ret)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	int e;

	e = fs_temp_open(folder_fd, file, FILES_MODE, &temp);
	if (e == 0)
		e = fs_write_all(temp.fd, data, size);
	if (e == 0)
		e = fs_temp_publish(&temp, file);
	if (e < 0)
		return e;
	return fsync(folder_fd) < 0 || fstatat(folder_fd, file, ret, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* Who removes folders that are empty may take a new one away before its first file is there. */
int files_write(struct files_writer *w, const struct window_path *path, const void *data, size_t size, struct stat *ret)
{
	int e = -ENOENT;

	for (int i = 0; e == -ENOENT && i < 3; i++) {
		_cleanup_close_ int folder_fd = -1;

		e = open_path(w, path->folder, &folder_fd);
		if (e == 0)
			e = write_in(folder_fd, path->file, data, size, ret);
	}
	return e;
}

static void remove_empty(int store_fd, const char *folder)
{
	char path[FOLDER_BYTES], *slash;

	strcpy(path, folder);
	while ((slash = strrchr(path, '/')) && unlinkat(store_fd, path, AT_REMOVEDIR) == 0)
		*slash = 0;
}

int files_remove(int store_fd, const struct window_path *path)
{
	char name[FOLDER_BYTES + NAME_BYTES];

	snprintf(name, sizeof(name), "%s/%s", path->folder, path->file);
	if (unlinkat(store_fd, name, 0) < 0)
		return errno == ENOENT ? FILES_GONE : -errno;
	remove_empty(store_fd, path->folder);
	return 0;
}

int files_sync_folder(int store_fd, const char *folder)
{
	char path[FOLDER_BYTES];

	snprintf(path, sizeof(path), "%s", folder);
	for (;;) {
		_cleanup_close_ int fd = openat(store_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		char *slash = strrchr(path, '/');

		if (fd >= 0)
			return fsync(fd) < 0 ? -errno : 0;
		if (errno != ENOENT)
			return -errno;
		if (slash)
			*slash = 0;
		else if (strcmp(path, ".") == 0)
			return -ENOENT;
		else
			strcpy(path, ".");
	}
}

uint64_t files_disk_bytes(const struct stat *st)
{
	return (uint64_t)st->st_blocks * BLOCK_BYTES;
}

void files_listing_done(struct files_listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	*l = (struct files_listing){};
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int files_listing_add(struct files_listing *l, const char *name)
{
	bool is_full = (l->n & (l->n - 1)) == 0; /* it doubles */
	char **more = is_full ? reallocarray(l->names, l->n ? 2 * l->n : 1, sizeof(*more)) : l->names;

	if (!more)
		return -ENOMEM;
	l->names = more;
	l->names[l->n] = strdup(name);
	if (!l->names[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

/* Opens a folder for listing; FILES_GONE. */
static int open_listing(int store_fd, const char *folder, DIR **ret)
{
	_cleanup_close_ int fd = openat(store_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? FILES_GONE : -errno;
	return fs_open_dir(fd, ret);
}

/* Folders DAY and HOUR: their names begin with a digit, and fit. */
static int add_folders(int store_fd, const char *folder, unsigned int depth, struct files_listing *ret)
{
	struct dirent *entry;
	DIR *dir = NULL;
	int r = open_listing(store_fd, folder, &dir);

	if (!dir)
		return r == FILES_GONE || r == -ENOTDIR ? 0 : r;
	while (r == 0 && (entry = readdir(dir))) {
		char path[FOLDER_BYTES];

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= sizeof(path))
			continue;
		r = depth > 1 ? add_folders(store_fd, path, depth - 1, ret) : files_listing_add(ret, path);
	}
	closedir(dir);
	return r;
}

static void sort(struct files_listing *l)
{
	if (l->n)
		qsort(l->names, l->n, sizeof(*l->names), compare_names);
}

int files_list_folders(int store_fd, enum window_tier tier, struct files_listing *ret)
{
	int r = add_folders(store_fd, name_of_tier_dir(tier), name_tier_depth(tier), ret);

	sort(ret);
	return r;
}

int files_list(int store_fd, const char *folder, struct files_listing *ret)
{
	struct dirent *entry;
	DIR *dir = NULL;
	int r = open_listing(store_fd, folder, &dir);

	if (!dir)
		return r == FILES_GONE || r == -ENOTDIR ? 0 : r;
	while (r == 0 && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && has_suffix(entry->d_name, NAME_SUFFIX))
			r = files_listing_add(ret, entry->d_name);
	closedir(dir);
	sort(ret);
	return r;
}

/* As fs_temp_open() names them. */
static bool is_temporary(const char *name)
{
	return name[0] == '.' && has_suffix(name, ".tmp");
}

int files_remove_temporaries(int store_fd, const char *folder, unsigned int depth)
{
	struct dirent *entry;
	DIR *dir = NULL;
	int r = open_listing(store_fd, folder, &dir);

	if (!dir)
		return r == FILES_GONE || r == -ENOTDIR ? 0 : r;
	while (r == 0 && (entry = readdir(dir))) {
		char path[FOLDER_BYTES];

		if (is_temporary(entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
		else if (depth > 0 && entry->d_name[0] != '.' &&
			 (size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < sizeof(path))
			r = files_remove_temporaries(store_fd, path, depth - 1);
	}
	closedir(dir);
	return r;
}

int files_read_mark(int store_fd, uint64_t *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	const char *p;
	uint64_t mark;
	int e;

	*ret = 0;
	e = fs_read(store_fd, MARK_NAME, MARK_BYTES, &text);
	if (e == -ENOENT || e == -EFBIG)
		return 0;
	if (e < 0)
		return e;
	p = text.data;
	if (parse_u64_at(&p, text.data + text.size, 10, &mark) == 0 && *p == '\n')
		*ret = mark;
	return 0;
}

int files_raise_mark(int store_fd, uint64_t next_sequence)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	char text[MARK_BYTES];
	uint64_t mark;
	int n, e;

	e = files_read_mark(store_fd, &mark);
	if (e < 0 || mark >= next_sequence)
		return e;
	n = snprintf(text, sizeof(text), "%" PRIu64 "\n", next_sequence);
	e = fs_temp_open(store_fd, MARK_NAME, FILES_MODE, &temp);
	if (e == 0)
		e = fs_write_all(temp.fd, text, (size_t)n);
	if (e == 0)
		e = fs_temp_publish(&temp, MARK_NAME);
	return e == 0 && fsync(store_fd) < 0 ? -errno : e;
}
