/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsutil: files that others may have laid as traps, and files that we write whole or not at all.
 */
#pragma once

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/clean.h"

/*
 * Reads a whole small file (proc, sysfs). dirfd may be AT_FDCWD. -EFBIG when it is larger than limit_bytes.
 */
_must_check_ int fs_read(int dirfd, const char *path, size_t limit_bytes, struct buf *ret);

/* Reads an open file from its start to its end. -EFBIG likewise; one that shrinks meanwhile gives less. */
_must_check_ int fs_read_open(int fd, size_t limit_bytes, struct buf *ret);

/*
 * Opens a regular file below root_fd for reading: openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, O_PATH), then
 * fstat, then a reopen by descriptor. Never blocks on a FIFO or device, never leaves the root through a symlink.
 * path may be absolute (it is then absolute within root_fd).
 * -ELOOP, -ENOENT, ... from the kernel; FS_NOT_REGULAR when something else than a regular file lies there.
 */
enum fs_answer {
	FS_NOT_REGULAR = 1,
	FS_SYMLINK, /* only from fs_open_in_root_nofollow() */
};
_must_check_ int fs_open_in_root(int root_fd, const char *path, int *ret);

/* The same where the last part of the path must not be a symlink: FS_SYMLINK, and the owner of the link. */
_must_check_ int fs_open_in_root_nofollow(int root_fd, const char *path, int *ret, uid_t *ret_link_uid);

/* A directory likewise, O_PATH. */
_must_check_ int fs_open_dir_in_root(int root_fd, const char *path, int *ret);

/* The same check for a path that must be followed as it is (a magic link such as map_files/START-END). */
_must_check_ int fs_open_regular(int dirfd, const char *path, int *ret);

/* A listing of an open directory with a position of its own; the caller ends it with closedir(). */
_must_check_ int fs_open_dir(int dir_fd, DIR **ret);

/* Writes all bytes, across short writes and EINTR. */
_must_check_ int fs_write_all(int fd, const void *data, size_t size);

/* pread until size bytes, end of file or an error; returns the number read. */
_must_check_ ssize_t fs_pread_all(int fd, void *data, size_t size, uint64_t offset);

/*
 * A file written beside its final name and renamed over it: readers see the old or the new one, never a part.
 * fs_temp_open, write to ->fd, fs_temp_publish; fs_temp_done() removes what was not published.
 */
struct fs_temp {
	int fd;     /* -1: none */
	int dirfd;  /* borrowed */
	char *name; /* of the temporary, relative to dirfd */
};
#define FS_TEMP_NONE                                                                                                   \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}
_must_check_ int fs_temp_open(int dirfd, const char *final_name, mode_t mode, struct fs_temp *ret);
_must_check_ int fs_temp_publish(struct fs_temp *t, const char *final_name);
void fs_temp_done(struct fs_temp *t);
