// SPDX-License-Identifier: Apache-2.0
/* cgroup table: what it keeps and forgets, and the mounted hierarchy as stat sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "workload/cgroup.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AB "aaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct cgroups *new_table(size_t max)
{
	struct cgroups *c;

	assert_int_equal(cgroups_new(max, &c), 0);
	return c;
}

static void add(struct cgroups *c, uint64_t id, const char *path)
{
	assert_int_equal(cgroups_add(c, id, path), 0);
}

static void test_add_and_find(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(10);
	const struct cgroup *found;

	add(c, 7, "/docker/" A);
	found = cgroups_find(c, 7);
	assert_non_null(found);
	assert_int_equal(found->id, 7);
	assert_string_equal(found->path, "/docker/" A);
	assert_int_equal(found->identity.runtime, CONTAINER_DOCKER);
	assert_string_equal(found->identity.container_id, A);
	assert_null(cgroups_find(c, 8));

	add(c, 7, "/system.slice/x.service"); /* the newest wins */
	found = cgroups_find(c, 7);
	assert_string_equal(found->path, "/system.slice/x.service");
	assert_string_equal(found->identity.container_id, "");
	assert_string_equal(found->identity.unit, "x.service");
}

static void test_limits(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(3), *none = new_table(0);
	char *path = calloc(1, 4097);

	add(c, 1, "/1");
	add(c, 2, "/2");
	add(c, 3, "/3");
	add(c, 1, "/1"); /* confirmed */
	add(c, 4, "/4");
	assert_null(cgroups_find(c, 2));
	assert_non_null(cgroups_find(c, 1));
	assert_non_null(cgroups_find(c, 3));
	assert_non_null(cgroups_find(c, 4));
	assert_int_equal(cgroups_add(none, 1, "/1"), -ENOSPC);

	memset(path, 'x', 4096);
	assert_int_equal(cgroups_add(c, 9, path), -ENAMETOOLONG);
	path[4095] = 0;
	assert_int_equal(cgroups_add(c, 9, path), 0);
	free(path);
}

static void test_find_container(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(100);
	const struct cgroup *found = NULL;

	add(c, 1, "/docker/" A "/init.scope");
	add(c, 2, "/docker/" A);
	add(c, 3, "/docker/" AB);
	add(c, 4, "/lxc/webserver");
	add(c, 5, "/lxc/webserver-2");
	assert_int_equal(cgroups_find_container(c, "aaaa", &found), CGROUP_AMBIGUOUS);
	assert_null(found);
	assert_int_equal(cgroups_find_container(c, "aaaaa", &found), 0);
	assert_int_equal(found->id, 2); /* not the cgroup below */
	assert_int_equal(cgroups_find_container(c, AB, &found), 0);
	assert_int_equal(found->id, 3);
	assert_int_equal(cgroups_find_container(c, "webserver", &found), 0); /* whole, so not ambiguous */
	assert_int_equal(found->id, 4);
	assert_int_equal(cgroups_find_container(c, "webs", &found), CGROUP_AMBIGUOUS);
	assert_int_equal(cgroups_find_container(c, "aaa", &found), CGROUP_NONE);
	assert_int_equal(cgroups_find_container(c, "", &found), CGROUP_NONE);
	assert_int_equal(cgroups_find_container(c, "cccc", &found), CGROUP_NONE);

	add(c, 9, "/docker/" A); /* started again under the same id: the newest is meant */
	assert_int_equal(cgroups_find_container(c, A, &found), 0);
	assert_int_equal(found->id, 9);
}

static void test_find_path(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(100);
	const struct cgroup_hierarchy h = { .mount_point = "/sys/fs/cgroup" };
	const struct cgroup *found = NULL;

	add(c, 1, "/");
	add(c, 2, "/a/b");
	add(c, 3, "/sys/fs/cgroup2");
	assert_int_equal(cgroups_find_path(c, &h, "/a/b", &found), 0);
	assert_int_equal(found->id, 2);
	assert_int_equal(cgroups_find_path(c, &h, "/sys/fs/cgroup/a/b//", &found), 0);
	assert_int_equal(found->id, 2);
	assert_int_equal(cgroups_find_path(c, &h, "/sys/fs/cgroup", &found), 0);
	assert_int_equal(found->id, 1);
	assert_int_equal(cgroups_find_path(c, &h, "/", &found), 0);
	assert_int_equal(found->id, 1);
	assert_int_equal(cgroups_find_path(c, &h, "/sys/fs/cgroup2", &found), 0);
	assert_int_equal(found->id, 3);
	assert_int_equal(cgroups_find_path(c, &h, "/a", &found), CGROUP_NONE);
	assert_int_equal(cgroups_find_path(c, &h, "/a/bc", &found), CGROUP_NONE);
	add(c, 4, "/a/b");
	assert_int_equal(cgroups_find_path(c, &h, "/a/b", &found), 0);
	assert_int_equal(found->id, 4);
}

/* For nftw, which has no context. */
static const struct cgroups *walked_table;
static const char *walked_root;
static size_t n_walked;

/* The inode number is the kernel's id; path, inode and the handle of the scan must agree. */
static int check_directory(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const struct cgroup *found;
	const char *below = path + strlen(walked_root);

	if (type != FTW_D)
		return 0;
	found = cgroups_find(walked_table, st->st_ino);
	if (!found && access(path, F_OK) != 0)
		return 0;
	assert_non_null(found);
	assert_string_equal(found->path, *below ? below : "/");
	n_walked++;
	return 0;
}

static int open_hierarchy(struct cgroup_hierarchy *ret)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return cgroup_choose_hierarchy(proc_fd, ret);
}

static void test_scan_of_this_machine(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(10000);
	struct cgroup_hierarchy h;

	if (open_hierarchy(&h) != 0) {
		print_message("no cgroup hierarchy is mounted\n");
		skip();
	}
	assert_int_equal(cgroups_scan(c, &h), 0);
	walked_table = c;
	walked_root = h.mount_point;
	assert_int_equal(nftw(h.mount_point, check_directory, 32, FTW_PHYS), 0);
	assert_true(n_walked >= 1);
}

/* A cgroup made by hand, and its own processes' line in /proc. */
static void test_scan_finds_a_new_one(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(10000);
	const struct cgroup *found = NULL;
	struct cgroup_hierarchy h;
	char path[512], name[64];
	struct stat st;
	int r;

	if (open_hierarchy(&h) != 0)
		skip();
	snprintf(name, sizeof(name), "/cpuhound-test-%d", getpid());
	snprintf(path, sizeof(path), "%s%s", h.mount_point, name);
	if (mkdir(path, 0755) < 0) {
		print_message("cannot make %s: %s\n", path, strerror(errno));
		skip();
	}
	assert_int_equal(stat(path, &st), 0);
	r = cgroups_scan(c, &h);
	rmdir(path);
	assert_int_equal(r, 0);
	assert_int_equal(cgroups_find_path(c, &h, name, &found), 0);
	assert_int_equal(found->id, st.st_ino);
	assert_int_equal(cgroups_scan(c, &h), 0);
	assert_non_null(cgroups_find(c, st.st_ino)); /* a sample may still name it */
}

/* An ordinary directory serves as a hierarchy, too: depth, count, links. */
static void test_scan_is_bounded(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(40);
	struct cgroup_hierarchy h = { .mount_point = "/tmp/cpuhound-cgroup-XXXXXX" };
	const struct cgroup *found;
	char path[1024];
	size_t n;

	assert_non_null(mkdtemp(h.mount_point));
	n = (size_t)snprintf(path, sizeof(path), "%s", h.mount_point);
	for (int i = 0; i < 100; i++) {
		n += (size_t)snprintf(path + n, sizeof(path) - n, "/d");
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(cgroups_scan(c, &h), -ENOSPC);
	c = cgroups_free(c);
	c = new_table(1000);
	snprintf(path, sizeof(path), "%s/loop", h.mount_point);
	assert_int_equal(symlink(".", path), 0);
	assert_int_equal(cgroups_scan(c, &h), 0);
	assert_int_equal(cgroups_find_path(c, &h, "/d/d", &found), 0);
	assert_int_equal(cgroups_find_path(c, &h, "/loop", &found), CGROUP_NONE);
	path[0] = 0;
	for (int i = 0; i < 64; i++)
		strcat(path, "/d");
	assert_int_equal(cgroups_find_path(c, &h, path, &found), 0);
	strcat(path, "/d");
	assert_int_equal(cgroups_find_path(c, &h, path, &found), CGROUP_NONE); /* too deep to be followed */
	snprintf(path, sizeof(path), "rm -r %s", h.mount_point);
	assert_int_equal(system(path), 0);
	assert_int_equal(cgroups_scan(c, &h), -ENOENT);
}

/* Containers come and go: what the scan does not find any more is forgotten, unless a sample names it. */
static void test_expire(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(1000);
	struct cgroup_hierarchy h = { .mount_point = "/tmp/cpuhound-cgroup-XXXXXX" };
	const struct cgroup *found;
	char path[300];
	size_t n_before;

	assert_non_null(mkdtemp(h.mount_point));
	snprintf(path, sizeof(path), "%s/stays", h.mount_point);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(cgroups_expire(c, &h), 0);
	n_before = cgroups_n(c);
	assert_int_equal(n_before, 2); /* the root too */
	for (uint64_t round = 1; round <= 20; round++) {
		for (uint64_t i = 0; i < 900; i++) {
			snprintf(path, sizeof(path), "/gone/%d-%d", (int)round, (int)i);
			add(c, round << 60 | i, path);
		}
		cgroups_keep(c, round << 60 | 7);
		assert_int_equal(cgroups_expire(c, &h), 0);
		assert_int_equal(cgroups_n(c), n_before + 1);
		assert_non_null(cgroups_find(c, round << 60 | 7));
		assert_int_equal(cgroups_expire(c, &h), 0); /* nothing names it any more */
		assert_int_equal(cgroups_n(c), n_before);
	}
	assert_int_equal(cgroups_find_path(c, &h, "/stays", &found), 0);

	/* Where nothing can be found out nothing is forgotten. */
	snprintf(path, sizeof(path), "rm -r %s", h.mount_point);
	assert_int_equal(system(path), 0);
	assert_int_equal(cgroups_expire(c, &h), -ENOENT);
	assert_int_equal(cgroups_n(c), n_before);
}

static void test_count_containers(void **state)
{
	_cleanup_(cgroups_freep) struct cgroups *c = new_table(100);

	add(c, 1, "/docker/" A);
	add(c, 2, "/docker/" A "/init");
	add(c, 3, "/system.slice/docker-" AB ".scope");
	add(c, 4, "/system.slice/nginx.service");
	assert_int_equal(cgroups_n_containers(c), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_find),         cmocka_unit_test(test_limits),
		cmocka_unit_test(test_find_container),       cmocka_unit_test(test_find_path),
		cmocka_unit_test(test_scan_of_this_machine), cmocka_unit_test(test_scan_finds_a_new_one),
		cmocka_unit_test(test_scan_is_bounded),      cmocka_unit_test(test_expire),
		cmocka_unit_test(test_count_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
