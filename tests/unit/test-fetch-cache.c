// SPDX-License-Identifier: Apache-2.0
/* fetch cache: what was read longest ago makes way, and nothing else. */
#include "agent/fetch-cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka-all.h"

#define KIB_EACH 64

static char dir[] = "/tmp/test-fetch-cache-XXXXXX";

static struct build_id id_of(uint8_t first)
{
	return (struct build_id){ .n_bytes = 2, .bytes = { first, 0x2a } };
}

static void path_of(uint8_t first, const char *file, char ret[static 256])
{
	const struct build_id id = id_of(first);
	char hex[BUILD_ID_HEX_SIZE];

	build_id_to_hex(&id, hex);
	snprintf(ret, 256, "%s/%s%s%s", dir, hex, file[0] ? "/" : "", file);
}

static void add(uint8_t first, time_t read_s)
{
	static const char data[KIB_EACH << 10] = { 1 };
	const struct timespec times[] = { { .tv_sec = read_s }, { .tv_sec = read_s } };
	char path[256];
	int fd;

	path_of(first, "", path);
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(first, FETCH_CACHE_FILE, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0400);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool is_there(uint8_t first, const char *file)
{
	char path[256];

	path_of(first, file, path);
	return access(path, F_OK) == 0;
}

static void test_oldest_make_way(void **state)
{
	const struct build_id newest = id_of(1);
	char path[256];

	add(1, 1000); /* read longest ago, but just fetched */
	add(2, 4000);
	add(3, 2000);
	add(4, 3000);
	path_of(3, "executable", path); /* not ours to remove */
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	assert_int_equal(fetch_cache_prune(dir, 4 * (KIB_EACH << 10), &newest), 0);
	assert_true(is_there(1, FETCH_CACHE_FILE) && is_there(2, FETCH_CACHE_FILE) && is_there(3, FETCH_CACHE_FILE) &&
		    is_there(4, FETCH_CACHE_FILE));
	assert_int_equal(fetch_cache_prune(dir, 3 * (KIB_EACH << 10) - 1, &newest), 0);
	assert_true(is_there(1, FETCH_CACHE_FILE) && is_there(2, FETCH_CACHE_FILE));
	assert_false(is_there(3, FETCH_CACHE_FILE) || is_there(4, ""));
	assert_true(is_there(3, "executable"));
}

static void test_no_directory(void **state)
{
	const struct build_id newest = id_of(1);

	assert_int_equal(fetch_cache_prune("/nonexistent", 1, &newest), -ENOENT);
}

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_make_way),
		cmocka_unit_test(test_no_directory),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
