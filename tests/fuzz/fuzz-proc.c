// SPDX-License-Identifier: Apache-2.0
/* fuzz proc: the texts of /proc: stat, maps, cgroup, mountinfo, cgroups. The first byte chooses which. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "workload/cgroup-parse.h"
#include "workload/proc-parse.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_stat(const char *text, size_t size)
{
	struct proc_stat s;

	if (proc_parse_stat(text, size, 10000000, &s) < 0)
		return;
	must(strnlen(s.comm, sizeof(s.comm)) < sizeof(s.comm));
	must(s.start_ns <= s.start_max_ns);
	proc_stat_is_kernel_thread(&s);
	proc_stat_is_over(&s);
}

static void fuzz_status(const char *text, size_t size)
{
	struct proc_status s;

	if (proc_parse_status(text, size, &s) == 0)
		must(s.ns_pid > 0);
}

static void fuzz_mapping(char *line, size_t size)
{
	struct proc_mapping m;
	size_t name_size, path_size;
	char *name;

	if (proc_parse_mapping(line, size, &m) < 0)
		return;
	must(m.start < m.end);
	must(m.name >= line && m.name + m.name_size <= line + size);
	name = line + (m.name - line);
	name_size = proc_unescape(name, m.name_size);
	must(name_size <= m.name_size);
	path_size = name_size;
	mapping_name_classify(name, &path_size);
	must(path_size <= name_size);
}

static void fuzz_cgroup(const char *text)
{
	for (int hierarchy = 0; hierarchy < 14; hierarchy++) {
		const char *path;
		size_t size;

		if (cgroup_path_in(text, hierarchy, &path, &size) != 0)
			continue;
		must(path >= text && path + size <= text + strlen(text));
		must(size > 0 && path[0] == '/' && !memchr(path, '\n', size));
	}
}

static void fuzz_hierarchies(char *text)
{
	char *second = strchr(text, '|');
	struct cgroup_hierarchy h;

	if (second)
		*second++ = 0;
	if (cgroup_choose_from_text(text, second ? second : "", &h) != 0)
		return;
	must(strnlen(h.mount_point, sizeof(h.mount_point)) < sizeof(h.mount_point));
	must(h.id >= CGROUP_V2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1 || size > 65536)
		return 0;
	text = strndup((const char *)data + 1, size - 1); /* as /proc is read: ends at the first NUL */
	if (!text)
		abort();
	switch (data[0]) {
	case 's':
		fuzz_stat((const char *)data + 1, size - 1);
		break;
	case 'u':
		fuzz_status((const char *)data + 1, size - 1);
		break;
	case 'm':
		fuzz_mapping(text, strlen(text));
		break;
	case 'c':
		fuzz_cgroup(text);
		break;
	default:
		fuzz_hierarchies(text);
	}
	free(text);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"s4711 (a) b) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 12345 169799680 3328 18446\n",
		"s9 (kworker/u8:2-events_unbound) I 2 0 0 0 -1 69238880 0 0 0 0 0 5 0 0 20 0 1 0 7",
		"u\nUid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t4711\t1\nSigCgt:\t0000000000000004\n",
		"m55f928c92000-55f928c97000 r-xp 00002000 fe:13 247026                     /usr/bin/c\\012at "
		"(deleted)\n",
		"mffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n",
		"c12:memory:/docker/abc\n4:cpu,cpuacct:/x:y\n1:name=systemd:/init.scope\n0::/unified\n",
		"h31 23 0:27 / /sys/fs/cgroup/memory rw shared:15 - cgroup cgroup rw,memory\n"
		"30 23 0:26 / /sys/fs/my\\040cgroup rw - cgroup2 cgroup2 rw\n"
		"|#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t4\t96\t1\nmemory\t12\t141\t1\n",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
