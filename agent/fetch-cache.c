// SPDX-License-Identifier: Apache-2.0
#include "agent/fetch-cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"

#define BLOCK_BYTES 512ULL /* the unit of st_blocks */
#define MAX_ENTRIES 65536  /* that one look takes in */

struct entry {
	char name[BUILD_ID_HEX_SIZE];
	time_t read_s;
	uint64_t n_bytes;
};

struct listing {
	struct entry *entries;
	size_t n;
	uint64_t n_bytes;
};

static void listing_done(struct listing *l)
{
	free(l->entries);
}

static bool is_build_id(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");

	return n > 0 && n < BUILD_ID_HEX_SIZE && !name[n];
}

static int add(struct listing *l, int dir_fd, const char *name)
{
	char path[BUILD_ID_HEX_SIZE + sizeof("/" FETCH_CACHE_FILE)];
	struct entry *more;
	struct stat st;

	snprintf(path, sizeof(path), "%.*s/" FETCH_CACHE_FILE, BUILD_ID_HEX_SIZE - 1, name);
	if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || l->n == MAX_ENTRIES)
		return 0;
	more = reallocarray(l->entries, l->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->entries = more;
	more += l->n++;
	*more = (struct entry){ .read_s = st.st_atime, .n_bytes = (uint64_t)st.st_blocks * BLOCK_BYTES };
	strcpy(more->name, name);
	l->n_bytes += more->n_bytes;
	return 0;
}

static int list(int dir_fd, struct listing *ret)
{
	struct dirent *entry;
	DIR *dir;
	int r;

	r = fs_open_dir(dir_fd, &dir);
	if (r < 0)
		return r;
	while (r == 0 && (entry = readdir(dir))) {
		if (is_build_id(entry->d_name))
			r = add(ret, dir_fd, entry->d_name);
	}
	closedir(dir);
	return r;
}

static int compare_age(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->read_s > y->read_s) - (x->read_s < y->read_s);
}

static int drop(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || unlinkat(fd, FETCH_CACHE_FILE, 0) < 0)
		return -errno;
	unlinkat(dir_fd, name, AT_REMOVEDIR); /* other files of that build id are not ours to remove */
	return 0;
}

int fetch_cache_prune(const char *path, uint64_t limit_bytes, const struct build_id *newest)
{
	_cleanup_(listing_done) struct listing all = {};
	_cleanup_close_ int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char kept[BUILD_ID_HEX_SIZE];
	int r;

	if (dir_fd < 0)
		return -errno;
	r = list(dir_fd, &all);
	if (r < 0)
		return r;
	build_id_to_hex(newest, kept);
	if (all.n)
		qsort(all.entries, all.n, sizeof(*all.entries), compare_age);
	for (size_t i = 0; r == 0 && i < all.n && all.n_bytes > limit_bytes; i++) {
		if (strcmp(all.entries[i].name, kept) == 0)
			continue;
		r = drop(dir_fd, all.entries[i].name);
		all.n_bytes -= all.entries[i].n_bytes;
	}
	return r;
}
