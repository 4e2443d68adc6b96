// SPDX-License-Identifier: Apache-2.0
/* quarantine: files that cannot be read go to bad/, where they are kept for whoever wants to know why, as long as there
 * are not too many of them: then the oldest go for good. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store/store-inside.h"

#define BAD_DIR "bad"
#define BAD_MAX_FILES 64
#define BAD_MAX_BYTES ((uint64_t)64 << 20)

static void name_bad(const char *file, char *ret, size_t size)
{
	snprintf(ret, size, BAD_DIR "/%s", file);
}

/* -errno, or its bytes. */
static int64_t bytes_of(const struct store *s, const char *file)
{
	char name[FOLDER_BYTES + NAME_BYTES];
	struct stat st;

	name_bad(file, name, sizeof(name));
	return fstatat(s->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : (int64_t)files_disk_bytes(&st);
}

int quarantine_count(const struct store *s, uint64_t *ret_n_files, uint64_t *ret_n_disk_bytes)
{
	_cleanup_(files_listing_done) struct files_listing files = {};
	int r = files_list(s->dir_fd, BAD_DIR, &files);

	*ret_n_files = files.n;
	*ret_n_disk_bytes = 0;
	for (size_t i = 0; i < files.n; i++) {
		int64_t n = bytes_of(s, files.names[i]);

		*ret_n_disk_bytes += n > 0 ? (uint64_t)n : 0;
	}
	return r;
}

static int keep_bound(const struct store *s)
{
	_cleanup_(files_listing_done) struct files_listing files = {};
	uint64_t n_files, n_bytes;
	int r = quarantine_count(s, &n_files, &n_bytes);

	if (r == 0)
		r = files_list(s->dir_fd, BAD_DIR, &files);
	for (size_t i = 0; r == 0 && i < files.n && (n_files > BAD_MAX_FILES || n_bytes > BAD_MAX_BYTES); i++) {
		char name[FOLDER_BYTES + NAME_BYTES];
		int64_t n = bytes_of(s, files.names[i]);

		name_bad(files.names[i], name, sizeof(name));
		if (n >= 0 && unlinkat(s->dir_fd, name, 0) == 0) {
			n_files--;
			n_bytes -= (uint64_t)n;
		}
	}
	return r;
}

int quarantine_file(struct store *s, const struct window_path *path)
{
	char from[FOLDER_BYTES + NAME_BYTES], to[FOLDER_BYTES + NAME_BYTES];
	uint64_t sequence;
	int r;

	if (name_find_sequence(path->file, &sequence)) {
		r = store_keep_sequence(s, sequence);
		if (r < 0)
			return r;
	}
	if (mkdirat(s->dir_fd, BAD_DIR, FILES_DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	snprintf(from, sizeof(from), "%s/%s", path->folder, path->file);
	name_bad(path->file, to, sizeof(to));
	if (renameat(s->dir_fd, from, s->dir_fd, to) < 0)
		return errno == ENOENT ? STORE_GONE : -errno;
	s->counts.n_quarantined++;
	return keep_bound(s);
}
