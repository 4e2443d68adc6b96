// SPDX-License-Identifier: Apache-2.0
/* cgroup hierarchy: the texts of real machines, and this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "workload/cgroup-parse.h"

#define PROC "22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw\n"
#define V2(point) "30 23 0:26 / " point " rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(point, options) "31 23 0:27 / " point " rw,nosuid shared:15 - cgroup cgroup " options "\n"

#define CGROUPS_V2                                                                                                     \
	"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t101\t1\ncpu\t0\t101\t1\nmemory\t0\t101\t1\n"
#define CGROUPS_V1                                                                                                     \
	"#subsys_name\thierarchy\tnum_cgroups\tenabled\n"                                                              \
	"cpuset\t11\t1\t1\ncpu\t4\t96\t1\ncpuacct\t4\t96\t1\nblkio\t8\t96\t1\nmemory\t12\t141\t1\ndevices\t2\t96\t1\n"

struct answer {
	int r;
	struct cgroup_hierarchy h;
};

static struct answer choose(const char *mountinfo, const char *cgroups)
{
	struct answer a = {};

	a.r = cgroup_choose_from_text(mountinfo, cgroups, &a.h);
	return a;
}

static void check_v2(struct answer a, const char *mount_point)
{
	assert_int_equal(a.r, 0);
	assert_int_equal(a.h.id, 0);
	assert_string_equal(a.h.mount_point, mount_point);
	assert_string_equal(a.h.name, "v2");
}

static void check_memory(struct answer a, int id, const char *mount_point)
{
	assert_int_equal(a.r, 0);
	assert_int_equal(a.h.id, id);
	assert_string_equal(a.h.mount_point, mount_point);
	assert_string_equal(a.h.name, "v1 memory");
}

static void test_v2_alone(void **state)
{
	check_v2(choose(PROC V2("/sys/fs/cgroup"), CGROUPS_V2), "/sys/fs/cgroup");
	check_v2(choose(PROC V2("/sys/fs/cgroup"), ""), "/sys/fs/cgroup"); /* no v1 in the kernel */
}

static void test_hybrid_of_systemd(void **state)
{
	check_memory(choose(V2("/sys/fs/cgroup/unified") V1("/sys/fs/cgroup/systemd", "rw,xattr,name=systemd")
				    V1("/sys/fs/cgroup/cpu,cpuacct", "rw,cpu,cpuacct")
					    V1("/sys/fs/cgroup/memory", "rw,memory"),
			    CGROUPS_V1),
		     12, "/sys/fs/cgroup/memory");
}

static void test_v1_alone(void **state)
{
	check_memory(choose(V1("/sys/fs/cgroup/memory", "rw,memory") PROC, CGROUPS_V1), 12, "/sys/fs/cgroup/memory");
	check_memory(choose(V1("/cgroup/all", "rw,cpu,memory,pids"), CGROUPS_V1), 12, "/cgroup/all");
}

static void test_v2_where_memory_is_there(void **state)
{
	check_v2(choose(V1("/sys/fs/cgroup/freezer", "rw,freezer") V2("/sys/fs/cgroup/unified"), CGROUPS_V2),
		 "/sys/fs/cgroup/unified");
}

static void test_none(void **state)
{
	assert_int_equal(choose(PROC, CGROUPS_V1).r, CGROUP_NONE);
	assert_int_equal(choose("", "").r, CGROUP_NONE);
	assert_int_equal(choose(V1("/x", "rw,name=memory"), CGROUPS_V1).r, CGROUP_NONE); /* only called so */
	assert_int_equal(choose(V1("/x", "rw,memory"), "memory\t12").r, 0);
	assert_int_equal(choose(V1("/x", "rw,memory"), "memory").r, CGROUP_NONE);
}

static void test_mount_points(void **state)
{
	check_v2(choose(V2("/sys/fs/my\\040cgroup\\134"), ""), "/sys/fs/my cgroup\\");
	/* part of a tree, then the whole one */
	check_v2(choose("30 23 0:26 /docker/x /sys/fs/part rw - cgroup2 cgroup2 rw\n" V2("/whole"), ""), "/whole");
	/* any number of optional fields */
	check_v2(choose("30 23 0:26 / /a rw - cgroup2 none rw\n", ""), "/a");
	check_v2(choose("30 23 0:26 / /a rw shared:1 master:2 unbindable - cgroup2 none rw\n", ""), "/a");
	assert_int_equal(choose("30 23 0:26 / /a rw shared:1 cgroup2 none rw\n", "").r, CGROUP_NONE);
}

/* As a container sees them whose cgroup is two levels below the root. */
static void test_cgroup_namespace(void **state)
{
	const char own[] = "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
	const char parent[] = "31 23 0:26 /.. /parent ro - cgroup2 cgroup rw\n";
	const char whole[] = "32 23 0:26 /../.. /host/cgroup ro - cgroup2 cgroup rw\n";
	const char part[] = "33 23 0:26 /../../other /part ro - cgroup2 cgroup rw\n";
	char text[400];

	snprintf(text, sizeof(text), "%s%s%s%s", own, parent, whole, part);
	check_v2(choose(text, ""), "/host/cgroup");
	snprintf(text, sizeof(text), "%s%s%s%s", part, whole, parent, own);
	check_v2(choose(text, ""), "/host/cgroup");
	check_v2(choose(whole, ""), "/host/cgroup");
	assert_int_equal(choose(part, "").r, CGROUP_NONE);
	assert_int_equal(choose("30 23 0:26 /..x /a rw - cgroup2 cgroup rw\n", "").r, CGROUP_NONE);
}

static void test_too_long_mount_point(void **state)
{
	char text[600], name[300] = { 0 };
	struct answer a;

	memset(name, 'a', 255);
	snprintf(text, sizeof(text), "30 23 0:26 / %s rw - cgroup2 none rw\n", name);
	a = choose(text, "");
	check_v2(a, name);
	name[255] = 'a';
	snprintf(text, sizeof(text), "30 23 0:26 / %s rw - cgroup2 none rw\n", name);
	assert_int_equal(choose(text, "").r, CGROUP_NONE);
}

static void check_path(const char *text, int hierarchy, const char *wanted)
{
	const char *path;
	size_t size;

	if (!wanted) {
		assert_int_equal(cgroup_path_in(text, hierarchy, &path, &size), CGROUP_NONE);
		return;
	}
	assert_int_equal(cgroup_path_in(text, hierarchy, &path, &size), 0);
	assert_int_equal(size, strlen(wanted));
	assert_memory_equal(path, wanted, size);
	assert_true(path > text && path < text + strlen(text)); /* into the text */
}

static void test_path_in(void **state)
{
	static const char text[] =
		"12:memory:/docker/abc\n4:cpu,cpuacct:/x:y\n1:name=systemd:/init.scope\n0::/un:i/fied\n";

	check_path(text, 12, "/docker/abc");
	check_path(text, 4, "/x:y");
	check_path(text, 1, "/init.scope");
	check_path(text, 0, "/un:i/fied");
	check_path(text, 2, NULL);
	check_path("", 0, NULL);
	check_path("0::/", 0, "/");
	check_path("0::", 0, NULL);
	check_path("0:/", 0, NULL);
	check_path("00x::/a\n0::/b", 0, "/b");
}

/* The choice on this machine, against what stat and readlink say of it. */
static void test_this_machine(void **state)
{
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cgroup_hierarchy h;
	struct stat st;
	int r;

	assert_true(proc_fd >= 0);
	r = cgroup_choose_hierarchy(proc_fd, &h);
	close(proc_fd);
	if (r == CGROUP_NONE) {
		print_message("no cgroup hierarchy is mounted\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(stat(h.mount_point, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	if (stat("/sys/fs/cgroup/memory/memory.limit_in_bytes", &st) == 0) {
		assert_string_equal(h.mount_point, "/sys/fs/cgroup/memory");
		assert_true(h.id > 0);
	} else if (stat("/sys/fs/cgroup/cgroup.controllers", &st) == 0) {
		assert_string_equal(h.mount_point, "/sys/fs/cgroup");
		assert_int_equal(h.id, CGROUP_V2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2_alone),
		cmocka_unit_test(test_hybrid_of_systemd),
		cmocka_unit_test(test_v1_alone),
		cmocka_unit_test(test_v2_where_memory_is_there),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_mount_points),
		cmocka_unit_test(test_cgroup_namespace),
		cmocka_unit_test(test_too_long_mount_point),
		cmocka_unit_test(test_path_in),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
