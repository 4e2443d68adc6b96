// SPDX-License-Identifier: Apache-2.0
#include "agent/state-dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "common/suffix.h"

#define PID_TEXT_BYTES 32
#define WINDOWS_DEPTH 3 /* windows/DAY/HOUR */

static int open_dir_at(int dirfd, const char *path, int *ret)
{
	int fd;

	if (mkdirat(dirfd, path, STATE_DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static pid_t holder(int dirfd)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t pid;

	if (fs_read(dirfd, "lock", PID_TEXT_BYTES, &text) < 0)
		return 0;
	if (text.size && text.data[text.size - 1] == '\n')
		text.data[text.size - 1] = 0;
	return parse_u64(text.data ?: "", 10, &pid) == 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static int take_lock(struct state_dir *d, pid_t *ret_pid)
{
	char text[PID_TEXT_BYTES];
	int n;

	d->lock_fd = openat(d->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, STATE_FILE_MODE);
	if (d->lock_fd < 0)
		return -errno;
	if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_pid = holder(d->fd);
		return STATE_DIR_IN_USE;
	}
	n = snprintf(text, sizeof(text), "%d\n", getpid());
	if (ftruncate(d->lock_fd, 0) < 0)
		return -errno;
	return fs_write_all(d->lock_fd, text, (size_t)n);
}

/* Temporary files of fs_temp_open(): with the lock held nobody writes them any more. */
static bool is_left_over(const char *name)
{
	return name[0] == '.' && has_suffix(name, ".tmp");
}

static int remove_left_over(int dir_fd, unsigned int depth, size_t *n_removed)
{
	struct dirent *entry;
	DIR *dir;
	int e;

	e = fs_open_dir(dir_fd, &dir);
	if (e < 0)
		return e;
	while (e == 0 && (entry = readdir(dir))) {
		if (is_left_over(entry->d_name)) {
			if (unlinkat(dir_fd, entry->d_name, 0) == 0)
				(*n_removed)++;
		} else if (depth > 1 && entry->d_name[0] != '.') {
			_cleanup_close_ int below =
				openat(dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (below >= 0)
				e = remove_left_over(below, depth - 1, n_removed);
		}
	}
	closedir(dir);
	return e;
}

int state_dir_open(const char *path, struct state_dir *ret, pid_t *ret_pid, size_t *ret_n_removed)
{
	_cleanup_close_ int windows_fd = -1;
	struct state_dir d = STATE_DIR_NONE;
	int r;

	*ret_pid = 0;
	*ret_n_removed = 0;
	r = open_dir_at(AT_FDCWD, path, &d.fd);
	if (r == 0)
		r = take_lock(&d, ret_pid);
	if (r == 0)
		r = open_dir_at(d.fd, "windows", &windows_fd);
	if (r == 0)
		r = remove_left_over(d.fd, 1, ret_n_removed);
	if (r == 0)
		r = remove_left_over(windows_fd, WINDOWS_DEPTH, ret_n_removed);
	if (r != 0) {
		state_dir_done(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void state_dir_done(struct state_dir *d)
{
	d->lock_fd = close_fd(d->lock_fd); /* and so gives the lock back */
	d->fd = close_fd(d->fd);
}
