/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file content: what tells one file from another without reading all of it: its size, its edges, and which inode it is
 * since when. The edges of a file can be had by anybody who copies it and changes its middle; an inode and the kernel's
 * own time of its last change cannot.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/clean.h"

#define CONTENT_SHA_BYTES 32

/* Compared as bytes. Its build id is no part: it is not known yet when the file comes. */
struct file_content {
	uint64_t n_bytes;
	uint8_t sha[CONTENT_SHA_BYTES]; /* SHA-256 of the inode's identity, the first and the last 4 KiB */
};

/* Which file it is, and since when it is what it is. */
struct file_identity {
	uint64_t dev, ino;
	int64_t mtime_s, mtime_ns, ctime_s, ctime_ns;
};
void file_identity_get(const struct stat *st, struct file_identity *ret);

/* *ret_is_unnamed: no name leads to it any more. -EINVAL: not a regular file. */
_must_check_ int file_content_read(int fd, struct file_content *ret, bool *ret_is_unnamed);
