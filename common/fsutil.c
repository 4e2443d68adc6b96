// SPDX-License-Identifier: Apache-2.0
#include "common/fsutil.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MIN_PIECE_BYTES ((size_t)4096)

/* Files of /proc do not tell their size, and others may grow meanwhile. */
static size_t likely_bytes(int fd, size_t limit_bytes)
{
	struct stat st;
	size_t size = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 0;

	return size > MIN_PIECE_BYTES && size <= limit_bytes ? size : MIN_PIECE_BYTES;
}

int fs_read(int dirfd, const char *path, size_t limit_bytes, struct buf *ret)
{
	_cleanup_close_ int fd = -1;
	size_t piece_bytes;
	int r;

	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	buf_clear(ret);
	piece_bytes = likely_bytes(fd, limit_bytes);
	for (;;) {
		ssize_t n;

		r = buf_reserve(ret, piece_bytes);
		if (r < 0)
			return r;
		piece_bytes = MIN_PIECE_BYTES;
		n = read(fd, ret->data + ret->size, ret->capacity - ret->size - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		ret->size += (size_t)n;
		ret->data[ret->size] = 0;
		if (n == 0)
			return 0;
		if (ret->size > limit_bytes)
			return -EFBIG;
	}
}

/* Turns an O_PATH descriptor of a regular file into one that can be read. */
static int reopen_regular(int path_fd, int *ret)
{
	char link[sizeof("/proc/self/fd/") + 12];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return FS_NOT_REGULAR;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path_fd);
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int open_path_in_root(int root_fd, const char *path, uint64_t more_flags)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | more_flags,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int fs_open_in_root(int root_fd, const char *path, int *ret)
{
	_cleanup_close_ int path_fd = open_path_in_root(root_fd, path, 0);

	return path_fd < 0 ? path_fd : reopen_regular(path_fd, ret);
}

int fs_open_dir_in_root(int root_fd, const char *path, int *ret)
{
	int fd = open_path_in_root(root_fd, path, O_DIRECTORY);

	if (fd < 0)
		return fd;
	*ret = fd;
	return 0;
}

int fs_open_in_root_nofollow(int root_fd, const char *path, int *ret, uid_t *ret_link_uid)
{
	_cleanup_close_ int path_fd = open_path_in_root(root_fd, path, O_NOFOLLOW);
	struct stat st;

	if (path_fd < 0)
		return path_fd;
	if (fstat(path_fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode)) {
		*ret_link_uid = st.st_uid;
		return FS_SYMLINK;
	}
	return reopen_regular(path_fd, ret);
}

int fs_open_regular(int dirfd, const char *path, int *ret)
{
	_cleanup_close_ int path_fd = -1;

	path_fd = openat(dirfd, path, O_PATH | O_CLOEXEC);
	if (path_fd < 0)
		return -errno;
	return reopen_regular(path_fd, ret);
}

int fs_open_dir(int dir_fd, DIR **ret)
{
	_cleanup_close_ int fd = -1;
	DIR *dir;

	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir)
		return -errno;
	(void)take_fd(fd); /* closedir() closes it */
	*ret = dir;
	return 0;
}

int fs_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t fs_pread_all(int fd, void *data, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)data + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fs_read_open(int fd, size_t limit_bytes, struct buf *ret)
{
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || (uint64_t)st.st_size > limit_bytes)
		return -EFBIG;
	r = buf_reserve(ret, (size_t)st.st_size);
	if (r < 0)
		return r;
	n = fs_pread_all(fd, ret->data, (size_t)st.st_size, 0);
	if (n < 0)
		return (int)n;
	ret->size = (size_t)n;
	ret->data[n] = 0;
	return 0;
}

int fs_temp_open(int dirfd, const char *final_name, mode_t mode, struct fs_temp *ret)
{
	const char *slash = strrchr(final_name, '/');
	int dir_size = slash ? (int)(slash - final_name) + 1 : 0;
	_cleanup_free_ char *name = NULL;
	unsigned int token;
	int fd;

	if (getrandom(&token, sizeof(token), 0) != sizeof(token))
		return -EIO;
	if (asprintf(&name, "%.*s.%s.%08x.tmp", dir_size, final_name, final_name + dir_size, token) < 0)
		return -ENOMEM;
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	*ret = (struct fs_temp){ .fd = fd, .dirfd = dirfd, .name = take_ptr(name) };
	return 0;
}

int fs_temp_publish(struct fs_temp *t, const char *final_name)
{
	if (fsync(t->fd) < 0)
		return -errno;
	if (renameat(t->dirfd, t->name, t->dirfd, final_name) < 0)
		return -errno;
	free(take_ptr(t->name));
	t->fd = close_fd(t->fd);
	return 0;
}

void fs_temp_done(struct fs_temp *t)
{
	if (t->name)
		unlinkat(t->dirfd, t->name, 0);
	free(take_ptr(t->name));
	t->fd = close_fd(t->fd);
}
