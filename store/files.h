/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: windows' files and folders, by descriptors of the store's directory. A file is there whole, after a power cut
 * too, or it is not. Who adds and who removes may be two processes at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/clean.h"
#include "store/name.h"

#define FILES_DIR_MODE 0750
#define FILES_MODE 0640

/*
 * Writes one file, durable when this returns: the file, its name, and the names of its folders. Of a folder that was
 * there nobody knows whether its name is: that of who was killed is not. So the first file in a folder waits for all.
 */
struct files_writer {
	int store_fd; /* borrowed */
	char synced[FOLDER_BYTES];
};
_must_check_ int files_write(struct files_writer *w, const struct window_path *path, const void *data, size_t size,
			     struct stat *ret);

/* FILES_GONE: it is not there. A folder that is empty afterwards goes too. */
enum files_answer {
	FILES_GONE = 1,
};
_must_check_ int files_remove(int store_fd, const struct window_path *path);

/* As the file system counts it: st_blocks. */
uint64_t files_disk_bytes(const struct stat *st);

/* Names in order, which is that of time. Begins with `= {}`, ends with files_listing_done(). */
struct files_listing {
	char **names;
	size_t n;
};
void files_listing_done(struct files_listing *l);
_must_check_ int files_listing_add(struct files_listing *l, const char *name);

/* A tier's folders from the oldest on, as in window_path. None where there is no such tier. */
_must_check_ int files_list_folders(int store_fd, enum window_tier tier, struct files_listing *ret);

/* What may be windows' files, by its suffix. None where the folder has gone. */
_must_check_ int files_list(int store_fd, const char *folder, struct files_listing *ret);

/* Removes what was left half written in a folder and those below it, of temporaries that nobody writes any more. */
_must_check_ int files_remove_temporaries(int store_fd, const char *folder, unsigned int depth);

/*
 * The mark below which no sequence will be used again: kept only when the file with the greatest number of all goes, so
 * that no write of a window waits for it. Never lowered. *ret is 0 where there is none, or a damaged one.
 */
_must_check_ int files_read_mark(int store_fd, uint64_t *ret);
_must_check_ int files_raise_mark(int store_fd, uint64_t next_sequence);
