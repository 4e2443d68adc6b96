// SPDX-License-Identifier: Apache-2.0
/* index cache: what comes back, what is refused and remade, what is removed first. */
#include "tests/unit/tool.h"

#include <sys/stat.h>
#include <time.h>

#include "symbolizer/index-cache.h"
#include "symbolizer/index-writer.h"

/* An index file of some KiB with one function called `name`. */
static int make_index(const struct build_id *id, const char *name)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	int fd = tool_memory_file("", 0);
	char filler[64];

	assert_int_equal(index_writer_new(62, id, &w), 0);
	assert_int_equal(index_writer_add_segment(w, &(struct index_segment){}), 0);
	assert_int_equal(index_writer_add_function(w, 0x1000, 16, name, NULL), 0);
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(filler, sizeof(filler), "filler %u of the index of %s", i, name);
		assert_int_equal(index_writer_add_function(w, 0x2000 + 16 * i, 16, filler, NULL), 0);
	}
	assert_int_equal(index_writer_finish(w, fd), 0);
	return fd;
}

static struct content_key make_key(uint8_t n)
{
	return (struct content_key){
		.build_id = { .n_bytes = 3, .bytes = { 0xde, 0xad, n } },
		.n_bytes = 0x1234,
		.sha = { 1, 2, 3, 4, 5, 6, 7, n, 9 },
	};
}

static void put(struct index_cache *cache, uint8_t n, const char *name)
{
	const struct content_key key = make_key(n);
	_cleanup_close_ int fd = make_index(&key.build_id, name);
	_cleanup_(index_freep) struct index *index = NULL;

	assert_int_equal(index_cache_put(cache, &key, fd, &index), 0);
	assert_string_equal(tool_name_at(index, 0x1000), name);
}

static int find(struct index_cache *cache, uint8_t n, const char *name)
{
	const struct content_key key = make_key(n);
	_cleanup_(index_freep) struct index *index = NULL;
	int r;

	r = index_cache_find(cache, &key, &index);
	if (r == 0)
		assert_string_equal(tool_name_at(index, 0x1000), name);
	return r;
}

static void make_path(char ret[static 300], const char *dir, const char *name)
{
	snprintf(ret, 300, "%s/cache/%s", dir, name);
}

static struct index_cache *open_cache(const char *dir, uint64_t limit_bytes)
{
	struct index_cache *cache;
	char path[300];

	make_path(path, dir, "");
	assert_int_equal(index_cache_new(path, limit_bytes, &cache), 0);
	return cache;
}

static int setup(void **state)
{
	return tool_dir_new(state);
}

static void test_put_and_find(void **state)
{
	_cleanup_(index_cache_freep) struct index_cache *cache = open_cache(*state, 1 << 20), *again = NULL;
	struct stat st;
	char path[300];

	make_path(path, *state, "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(find(cache, 1, NULL), INDEX_CACHE_MISS);
	put(cache, 1, "one");
	assert_int_equal(find(cache, 1, "one"), 0);
	assert_int_equal(find(cache, 2, NULL), INDEX_CACHE_MISS);
	make_path(path, *state, "dead01-1234-0102030405060701.idx");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	put(cache, 1, "replaced"); /* by another process, for instance */
	again = open_cache(*state, 1 << 20);
	assert_int_equal(find(again, 1, "replaced"), 0);
}

static void test_damage(void **state)
{
	_cleanup_(index_cache_freep) struct index_cache *cache = open_cache(*state, 1 << 20);
	char path[300];

	make_path(path, *state, "dead01-1234-0102030405060701.idx");
	put(cache, 1, "one");
	tool_run("printf x | dd of='%s' bs=1 seek=500 conv=notrunc status=none", path);
	assert_int_equal(find(cache, 1, NULL), INDEX_CACHE_MISS);
	assert_int_equal(access(path, F_OK), -1); /* it is gone, and can be made again */
	put(cache, 1, "one");
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(find(cache, 1, NULL), INDEX_CACHE_MISS);
	/* An index of a later version. */
	put(cache, 1, "one");
	tool_run("printf '\\177' | dd of='%s' bs=1 seek=8 conv=notrunc status=none", path);
	assert_int_equal(find(cache, 1, NULL), INDEX_CACHE_MISS);
	/* A good index of another file, and things that are no files. */
	put(cache, 2, "two");
	tool_run("cd '%s/cache' && mv dead02-1234-0102030405060702.idx dead01-1234-0102030405060701.idx",
		 (char *)*state);
	assert_int_equal(find(cache, 1, NULL), INDEX_CACHE_MISS);
	tool_run("mkfifo '%s'", path);
	assert_true(find(cache, 1, NULL) != 0);
	tool_run("rm -f '%s' && ln -s /etc/passwd '%s'", path, path);
	assert_true(find(cache, 1, NULL) != 0);
	tool_run("rm -r '%s/cache'", (char *)*state);
	assert_int_equal(find(cache, 1, NULL), INDEX_CACHE_MISS);
}

static void test_bad_index_is_not_kept(void **state)
{
	_cleanup_(index_cache_freep) struct index_cache *cache = open_cache(*state, 1 << 20);
	_cleanup_close_ int fd = tool_memory_file("cpuh.idx but no more", 20);
	const struct content_key key = make_key(1);
	_cleanup_(buf_done) struct buf names = {};
	struct index *index;

	assert_int_equal(index_cache_put(cache, &key, fd, &index), -EBADMSG);
	tool_read(&names, "ls -A '%s/cache'", (char *)*state);
	assert_string_equal(names.data, "");
}

static void set_age(const char *dir, uint8_t n, unsigned int days)
{
	tool_run("touch -d '%u days ago' '%s/cache/dead%02x-1234-01020304050607%02x.idx'", days, dir, n, n);
}

/* Files of 12 KiB each in a cache of 60: the sixth makes room, and the least recently used go. */
static void test_limit(void **state)
{
	const char *dir = *state;
	_cleanup_(index_cache_freep) struct index_cache *cache = open_cache(dir, 60 << 10);
	_cleanup_(buf_done) struct buf size = {};

	for (uint8_t n = 1; n <= 4; n++) {
		put(cache, n, "x");
		set_age(dir, n, 10 - n);
	}
	assert_int_equal(find(cache, 1, "x"), 0); /* used today: no longer the oldest */
	for (uint8_t n = 5; n <= 8; n++)
		put(cache, n, "x");
	tool_read(&size, "du -k '%s/cache' | cut -f1", dir);
	assert_in_range(strtoul(size.data, NULL, 10), 30, 68);
	assert_int_equal(find(cache, 2, NULL), INDEX_CACHE_MISS);
	assert_int_equal(find(cache, 3, NULL), INDEX_CACHE_MISS);
	assert_int_equal(find(cache, 1, "x"), 0);
	assert_int_equal(find(cache, 8, "x"), 0);
	index_cache_free(take_ptr(cache));
	cache = open_cache(dir, 20 << 10); /* a smaller limit holds at start */
	tool_read(&size, "du -k '%s/cache' | cut -f1", dir);
	assert_in_range(strtoul(size.data, NULL, 10), 0, 28);
}

static void test_leftovers(void **state)
{
	const char *dir = *state;
	_cleanup_(buf_done) struct buf names = {};

	tool_run("mkdir -m 700 '%s/cache' && cd '%s/cache' && touch .new.0badcafe.tmp other && "
		 "touch -d '2 hours ago' .old.0badcafe.tmp",
		 dir, dir);
	index_cache_free(open_cache(dir, 1 << 20));
	tool_read(&names, "ls -A '%s/cache'", dir);
	assert_string_equal(names.data, ".new.0badcafe.tmp\nother\n");
}

static void test_unsafe_directory(void **state)
{
	struct index_cache *cache;
	char path[300];

	make_path(path, *state, "");
	tool_run("mkdir '%s' && chmod 0770 '%s'", path, path);
	assert_int_equal(index_cache_new(path, 1 << 20, &cache), INDEX_CACHE_UNSAFE);
	tool_run("chmod 0702 '%s'", path);
	assert_int_equal(index_cache_new(path, 1 << 20, &cache), INDEX_CACHE_UNSAFE);
	tool_run("chmod 0755 '%s'", path);
	assert_int_equal(index_cache_new(path, 1 << 20, &cache), 0);
	index_cache_free(cache);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		assert_int_equal(index_cache_new(path, 1 << 20, &cache), INDEX_CACHE_UNSAFE);
	}
	assert_int_equal(index_cache_new("/no/such/place", 1 << 20, &cache), -ENOENT);
	assert_int_equal(index_cache_new("/etc/passwd", 1 << 20, &cache), -ENOTDIR);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, tool_dir_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_put_and_find), TEST(test_damage),    TEST(test_bad_index_is_not_kept),
		TEST(test_limit),        TEST(test_leftovers), TEST(test_unsafe_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
