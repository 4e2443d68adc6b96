/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window files: the windows that were written, one file each, below windows/ of the state dir:
 * DAY/HOUR/START-HOST-SEQUENCE.pb.zst (pprof in zstd with a checksum). A file is there whole, after a power cut too, or
 * it is not. Beyond a limit in bytes the oldest make way, and are counted. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct window_files {
	int dir_fd;           /* borrowed */
	uint64_t limit_bytes; /* as the file system counts them (st_blocks) */
	uint64_t n_files, n_bytes;
	uint64_t n_evicted, n_evicted_bytes;
	uint64_t next_sequence; /* greater than that of any file that was there */
};

/* Counts what is there. What is no window file is left alone and not counted. */
_must_check_ int window_files_open(int dir_fd, uint64_t limit_bytes, struct window_files *ret);

struct window_name {
	int64_t start_realtime_ns;
	const char *host; /* what is no letter, digit, '.', '_' or '-' becomes '_'; cut at 64 bytes */
	uint64_t sequence;
};

/*
 * Writes one file, durable when this returns. The oldest ones make way before the limit is passed, and where the disk
 * is full. -EFBIG: larger than the limit itself.
 */
_must_check_ int window_files_write(struct window_files *w, const struct window_name *name, const void *data,
				    size_t size);
