// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>

#include "common/fsutil.h"
#include "common/parse.h"
#include "common/suffix.h"

#define NAME_SIZE (BUILD_ID_HEX_SIZE + 1 + 16 + 1 + 16 + 1 + 16 + sizeof(".idx"))
#define SHA_NAME_BYTES 8
#define NO_BUILD_ID "0" /* in a name; an id has an even number of digits */
#define TOUCH_S (24 * 3600)
#define TEMP_AGE_S 3600               /* left by a process that died */
#define MAX_FILES 100000              /* that one scan looks at */
#define LARGE_BYTES ((size_t)2 << 20) /* half a millisecond of checks */

struct index_cache {
	int dir;
	uint64_t limit_bytes;
	uint64_t bytes; /* as of the last scan, and what was put since */
};

/* One file as a scan finds it. */
struct cached {
	time_t mtime;
	uint64_t bytes;
	char name[NAME_SIZE];
};

struct scan {
	struct cached *files;
	size_t n, capacity;
	uint64_t bytes;
};

static void scan_done(struct scan *s)
{
	free(s->files);
}

int index_cache_open_dir(const char *path, int *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return INDEX_CACHE_UNSAFE;
	*ret = take_fd(fd);
	return 0;
}

static int open_dir(const char *path, int *ret)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	return index_cache_open_dir(path, ret);
}

static int add_cached(struct scan *s, const char *name, const struct stat *st)
{
	struct cached *c;

	if (s->n == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 64;
		struct cached *files = reallocarray(s->files, capacity, sizeof(*files));

		if (!files)
			return -ENOMEM;
		s->files = files;
		s->capacity = capacity;
	}
	c = &s->files[s->n++];
	c->mtime = st->st_mtime;
	c->bytes = (uint64_t)st->st_blocks * 512;
	strcpy(c->name, name); /* the caller has checked its length */
	s->bytes += c->bytes;
	return 0;
}

static int scan_name(const struct index_cache *cache, const char *name, struct scan *s)
{
	struct stat st;

	if (fstatat(cache->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0; /* gone again, or none of ours */
	if (name[0] == '.' && has_suffix(name, ".tmp") && time(NULL) - st.st_mtime > TEMP_AGE_S)
		unlinkat(cache->dir, name, 0);
	if (!has_suffix(name, ".idx") || strlen(name) >= NAME_SIZE || name[0] == '.')
		return 0;
	return add_cached(s, name, &st);
}

static int scan(const struct index_cache *cache, struct scan *ret)
{
	struct dirent *entry;
	DIR *dir;
	int r;

	r = fs_open_dir(cache->dir, &dir);
	if (r < 0)
		return r;
	while (r == 0 && ret->n < MAX_FILES && (entry = readdir(dir)))
		r = scan_name(cache, entry->d_name, ret);
	closedir(dir);
	return r;
}

static int compare_age(const void *va, const void *vb)
{
	const struct cached *a = va, *b = vb;

	if (a->mtime != b->mtime)
		return a->mtime < b->mtime ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Brings the directory well below its limit, so that not every put has to scan it. */
static int trim(struct index_cache *cache)
{
	_cleanup_(scan_done) struct scan s = {};
	uint64_t target = cache->limit_bytes / 10 * 9;
	int r;

	r = scan(cache, &s);
	if (r < 0)
		return r;
	if (s.bytes > cache->limit_bytes) {
		qsort(s.files, s.n, sizeof(*s.files), compare_age);
		for (size_t i = 0; i < s.n && s.bytes > target; i++) {
			if (unlinkat(cache->dir, s.files[i].name, 0) == 0 || errno == ENOENT)
				s.bytes -= s.files[i].bytes;
		}
	}
	cache->bytes = s.bytes;
	return 0;
}

int index_cache_new(const char *dir, uint64_t limit_bytes, struct index_cache **ret)
{
	_cleanup_(index_cache_freep) struct index_cache *cache = calloc(1, sizeof(*cache));
	int r;

	if (!cache)
		return -ENOMEM;
	cache->dir = -1;
	cache->limit_bytes = limit_bytes;
	r = open_dir(dir, &cache->dir);
	if (r != 0)
		return r;
	r = trim(cache);
	if (r < 0)
		return r;
	*ret = take_ptr(cache);
	return 0;
}

struct index_cache *index_cache_free(struct index_cache *cache)
{
	if (!cache)
		return NULL;
	close_fd(cache->dir);
	free(cache);
	return NULL;
}

static void make_name(const struct content_key *key, char ret[static NAME_SIZE])
{
	char hex[BUILD_ID_HEX_SIZE], debug[1 + 16 + 1] = "";
	uint64_t sha = 0;

	build_id_to_hex(&key->build_id, hex);
	for (size_t i = 0; i < SHA_NAME_BYTES; i++)
		sha = sha << 8 | key->sha[i];
	if (key->debug)
		snprintf(debug, sizeof(debug), "-%016" PRIx64, key->debug);
	snprintf(ret, NAME_SIZE, "%s-%" PRIx64 "-%016" PRIx64 "%s.idx", hex[0] ? hex : NO_BUILD_ID, key->n_bytes, sha,
		 debug);
}

bool index_cache_parse_name(const char *name, struct index_cache_name *ret)
{
	size_t id_bytes = strspn(name, "0123456789abcdef"), stem_bytes;
	const char *p = name + id_bytes, *end = name + strlen(name);
	struct index_cache_name parsed = {};
	uint64_t number;

	if (id_bytes == 0 || *p++ != '-' || parse_u64_at(&p, end, 16, &parsed.n_bytes) < 0)
		return false;
	stem_bytes = (size_t)(p - name);
	if (*p++ != '-' || parse_u64_at(&p, end, 16, &number) < 0)
		return false;
	if (strncmp(name, NO_BUILD_ID "-", sizeof(NO_BUILD_ID)) == 0)
		stem_bytes = (size_t)(p - name);
	parsed.is_debug = *p == '-';
	if (parsed.is_debug && (p++, parse_u64_at(&p, end, 16, &number) < 0))
		return false;
	if (strcmp(p, ".idx") != 0 || stem_bytes >= sizeof(parsed.stem))
		return false;
	memcpy(parsed.stem, name, stem_bytes);
	*ret = parsed;
	return true;
}

/* Its time of use; once a day is enough to tell the old ones. */
static void touch(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && time(NULL) - st.st_mtime > TOUCH_S)
		(void)futimens(fd, NULL);
}

/* A large one has its rows first. */
static int open_found(int fd, const struct content_key *key, struct index **ret)
{
	_cleanup_(index_freep) struct index *index = NULL;
	size_t n_bytes;
	int r;

	r = index_open_rows(fd, &index);
	if (r < 0)
		return r;
	if (!build_id_equal(index_build_id(index), &key->build_id))
		return -EBADMSG;
	n_bytes = index_mapped_bytes(index);
	r = key->debug || n_bytes < LARGE_BYTES ? index_check(index, n_bytes) : INDEX_CACHE_UNCHECKED;
	if (r >= 0)
		*ret = take_ptr(index);
	return r;
}

int index_cache_find(struct index_cache *cache, const struct content_key *key, struct index **ret)
{
	_cleanup_close_ int fd = -1;
	char name[NAME_SIZE];
	int r;

	make_name(key, name);
	fd = openat(cache->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? INDEX_CACHE_MISS : -errno;
	r = open_found(fd, key, ret);
	if (r == -EBADMSG) {
		unlinkat(cache->dir, name, 0); /* of another version, or damaged: it is remade */
		return INDEX_CACHE_MISS;
	}
	if (r >= 0)
		touch(fd);
	return r;
}

void index_cache_remove(struct index_cache *cache, const struct content_key *key)
{
	char name[NAME_SIZE];

	make_name(key, name);
	unlinkat(cache->dir, name, 0);
}

static int copy(int from, int to)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0)
		return -errno;
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
	}
	return 0;
}

/* Without fsync: after a power cut the CRC tells what is torn, and waiting for a disk would hold up the agent. */
static int publish(struct fs_temp *t, const char *name)
{
	if (renameat(t->dirfd, t->name, t->dirfd, name) < 0)
		return -errno;
	free(take_ptr(t->name));
	return 0;
}

int index_cache_put(struct index_cache *cache, const struct content_key *key, int fd, struct index **ret)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	char name[NAME_SIZE] = "unnamed";
	int r;

	if (key)
		make_name(key, name);
	r = fs_temp_open(cache->dir, name, 0600, &temp);
	if (r < 0)
		return r;
	r = copy(fd, temp.fd);
	if (r < 0)
		return r;
	r = index_open(temp.fd, &index);
	if (r < 0)
		return r;
	if (!key) {
		*ret = take_ptr(index);
		return 0;
	}
	r = publish(&temp, name);
	if (r < 0)
		return r;
	cache->bytes += index_mapped_bytes(index);
	if (cache->bytes > cache->limit_bytes && trim(cache) < 0)
		cache->bytes = cache->limit_bytes; /* tried again at the next put */
	*ret = take_ptr(index);
	return 0;
}

uint64_t index_cache_bytes(const struct index_cache *cache)
{
	return cache->bytes;
}
