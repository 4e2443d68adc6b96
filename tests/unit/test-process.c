// SPDX-License-Identifier: Apache-2.0
/*
 * processes: scripts of events, with a /proc made by hand beside them. Times are small numbers of seconds: what is
 * asked with a sample's time has nothing to do with when the test runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/clock.h"
#include "workload/process.h"

#define S NS_PER_S
#define MS NS_PER_MS
#define HIERARCHY 4

struct fixture {
	struct processes *p;
	char proc[64];
	int proc_fd;
};

static void new_table(struct fixture *f, size_t max_processes, size_t max_mappings, size_t max_per_process)
{
	const struct processes_config config = { max_processes, max_mappings, max_per_process };

	f->p = processes_free(f->p);
	assert_int_equal(processes_new(&config, &f->p), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->proc, "/tmp/cpuhound-proc-XXXXXX");
	assert_non_null(mkdtemp(f->proc));
	f->proc_fd = open(f->proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->proc_fd >= 0);
	new_table(f, 1000, 10000, 1000);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	processes_expire(f->p, f->proc_fd, UINT64_MAX);
	processes_free(f->p);
	close(f->proc_fd);
	snprintf(command, sizeof(command), "rm -r %s", f->proc);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* --- /proc by hand --- */

static void write_file(struct fixture *f, uint32_t tgid, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%u/%s", f->proc, tgid, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_directory(struct fixture *f, uint32_t tgid, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u/%s", f->proc, tgid, name);
	if (mkdir(path, 0700) < 0)
		assert_int_equal(errno, EEXIST);
}

static void make_link(struct fixture *f, uint32_t tgid, const char *name, const char *target)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u/%s", f->proc, tgid, name);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

struct fake {
	uint32_t tgid;
	const char *comm, *maps, *exe, *cgroup, *root;
	char state;
	uint64_t start_ticks;
	unsigned int flags, n_threads;
};

static void fake_proc(struct fixture *f, struct fake fake)
{
	char stat[256], cgroup[256];

	make_directory(f, fake.tgid, "");
	make_directory(f, fake.tgid, "ns");
	snprintf(stat, sizeof(stat), "%u (%s) %c 1 1 1 0 -1 %u 1 2 3 4 5 6 7 8 20 0 %u 0 %llu 1 2 3\n", fake.tgid,
		 fake.comm ?: "app", fake.state ?: 'S', fake.flags, fake.n_threads ?: 1,
		 (unsigned long long)fake.start_ticks);
	write_file(f, fake.tgid, "stat", stat);
	write_file(f, fake.tgid, "maps", fake.maps ?: "");
	snprintf(cgroup, sizeof(cgroup), "12:pids:/wrong\n%d:memory:%s\n0::/\n", HIERARCHY, fake.cgroup ?: "/");
	write_file(f, fake.tgid, "cgroup", cgroup);
	write_file(f, fake.tgid, "ns/mnt", "");
	make_link(f, fake.tgid, "exe", fake.exe ?: "/bin/app");
	make_link(f, fake.tgid, "root", fake.root ?: "/");
}

static void fake_gone(struct fixture *f, uint32_t tgid)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s/%u", f->proc, tgid);
	assert_int_equal(system(command), 0);
}

static void scan(struct fixture *f)
{
	assert_int_equal(processes_scan(f->p, f->proc_fd, HIERARCHY), 0);
}

/* --- events --- */

static void apply(struct fixture *f, struct sideband_event event)
{
	assert_int_equal(processes_apply(f->p, f->proc_fd, &event), 0);
}

static void fork_process(struct fixture *f, uint64_t time, uint32_t parent, uint32_t child)
{
	apply(f, (struct sideband_event){
			 .kind = SIDEBAND_FORK, .time_ns = time, .pid = child, .tid = child, .ppid = parent });
}

static void fork_thread(struct fixture *f, uint64_t time, uint32_t pid, uint32_t tid)
{
	apply(f,
	      (struct sideband_event){ .kind = SIDEBAND_FORK, .time_ns = time, .pid = pid, .tid = tid, .ppid = pid });
}

static void exit_thread(struct fixture *f, uint64_t time, uint32_t pid, uint32_t tid)
{
	apply(f, (struct sideband_event){ .kind = SIDEBAND_EXIT, .time_ns = time, .pid = pid, .tid = tid });
}

static void exec(struct fixture *f, uint64_t time, uint32_t pid, const char *comm)
{
	apply(f,
	      (struct sideband_event){ .kind = SIDEBAND_EXEC, .time_ns = time, .pid = pid, .tid = pid, .name = comm });
}

static void map_at(struct fixture *f, uint64_t time, uint32_t pid, uint64_t start, uint64_t size, uint64_t offset,
		   const char *name, uint8_t build_id)
{
	struct sideband_event event = {
		.kind = SIDEBAND_MMAP,
		.time_ns = time,
		.pid = pid,
		.tid = pid,
		.start = start,
		.size = size,
		.file_offset = offset,
		.name = name,
	};

	if (build_id)
		event.build_id = (struct build_id){ .n_bytes = 2, .bytes = { build_id, 1 } };
	apply(f, event);
}

static void lose(struct fixture *f, uint64_t time)
{
	apply(f, (struct sideband_event){ .kind = SIDEBAND_LOST, .time_ns = time, .id = 1 });
}

/* --- questions --- */

static struct process *find(struct fixture *f, uint32_t tgid, uint64_t start, uint64_t time)
{
	return processes_find(f->p, tgid, start, time);
}

static struct process *must_find(struct fixture *f, uint32_t tgid, uint64_t time)
{
	struct process *process = find(f, tgid, 0, time);

	assert_non_null(process);
	return process;
}

/* "PATH+OFFSET in the file", "" for none, "anon". */
static const char *where(struct fixture *f, uint32_t tgid, uint64_t addr, uint64_t time)
{
	static char text[256];
	const struct process *process = must_find(f, tgid, time);
	const struct mapping *m = process_find_mapping(process, addr, time);

	if (!m)
		return "";
	if (!m->file)
		return "anon";
	snprintf(text, sizeof(text), "%s+%llx", m->file->path, (unsigned long long)(addr - m->start + m->file_offset));
	return text;
}

static const struct mapped_file *file_at(struct fixture *f, uint32_t tgid, uint64_t addr, uint64_t time)
{
	const struct mapping *m = process_find_mapping(must_find(f, tgid, time), addr, time);

	assert_non_null(m);
	return m->file;
}

/* Takes them as an agent that opens every one. */
static size_t count_new_files(struct fixture *f)
{
	struct new_file file;
	size_t n = 0;

	while (processes_take_new_file(f->p, &file)) {
		file.file->wants_opening = false;
		n++;
	}
	return n;
}

#define SHELL_MAPS                                                                                                     \
	"400000-401000 r--p 00000000 fe:00 10   /bin/sh\n"                                                             \
	"401000-480000 r-xp 00001000 fe:00 10   /bin/sh\n"                                                             \
	"7f0000000000-7f0000100000 r-xp 00002000 fe:00 11   /lib/libc.so.6\n"                                          \
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0   [stack]\n"                                                  \
	"7ffc00100000-7ffc00102000 r-xp 00000000 00:00 0   [vdso]\n"                                                   \
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0   [vsyscall]\n"

static void start_shell(struct fixture *f, uint32_t tgid)
{
	fake_proc(f, (struct fake){ .tgid = tgid,
				    .comm = "sh",
				    .maps = SHELL_MAPS,
				    .exe = "/bin/sh",
				    .cgroup = "/user",
				    .start_ticks = 100 });
	scan(f);
}

static void test_scan(void **state)
{
	struct fixture *f = *state;
	const struct process *shell;
	struct stat st;
	char path[96];

	fake_proc(f, (struct fake){ .tgid = 2, .comm = "kthreadd", .flags = 0x00200000 });
	fake_proc(f, (struct fake){ .tgid = 9, .comm = "zombie", .state = 'Z' });
	start_shell(f, 100);
	shell = must_find(f, 100, 5 * S);
	assert_int_equal(shell->start_ns, 1 * S);
	assert_int_equal(shell->first_ns, 1 * S);
	assert_false(shell->start_is_exact);
	assert_int_equal(shell->exit_ns, 0);
	assert_string_equal(shell->comm, "sh");
	assert_string_equal(shell->exe, "/bin/sh");
	assert_string_equal(shell->cgroup, "/user");
	assert_false(shell->incomplete);
	assert_int_equal(stat("/", &st), 0);
	assert_int_equal(shell->root.dev, st.st_dev);
	assert_int_equal(shell->root.ino, st.st_ino);
	snprintf(path, sizeof(path), "%s/100/ns/mnt", f->proc);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(shell->root.mnt_ns, st.st_ino);

	assert_string_equal(where(f, 100, 0x401010, 2 * S), "/bin/sh+1010");
	assert_string_equal(where(f, 100, 0x47ffff, 2 * S), "/bin/sh+7ffff");
	assert_string_equal(where(f, 100, 0x480000, 2 * S), "");
	assert_string_equal(where(f, 100, 0x400010, 2 * S), ""); /* not executable */
	assert_string_equal(where(f, 100, 0x7f0000000001, 2 * S), "/lib/libc.so.6+2001");
	assert_string_equal(where(f, 100, 0x7ffc00100005, 2 * S), "[vdso]+5");
	assert_string_equal(where(f, 100, 0xffffffffff600400, 2 * S), "[vsyscall]+400");
	assert_int_equal(file_at(f, 100, 0x401010, 2 * S)->dev, makedev(0xfe, 0));
	assert_int_equal(file_at(f, 100, 0x401010, 2 * S)->ino, 10);
	assert_int_equal(file_at(f, 100, 0x401010, 2 * S)->root.ino, shell->root.ino);
	assert_int_equal(file_at(f, 100, 0x7ffc00100005, 2 * S)->root.ino, 0);
	assert_false(file_at(f, 100, 0x401010, 2 * S)->is_private);

	assert_null(find(f, 2, 0, 5 * S));
	assert_null(find(f, 9, 0, 5 * S));
	assert_null(find(f, 100, 0, S - 1)); /* before its time */
	assert_int_equal(processes_stats(f->p)->n_processes, 1);
	assert_int_equal(processes_stats(f->p)->n_mappings, 4);
	assert_int_equal(processes_stats(f->p)->n_files, 4);
	assert_int_equal(processes_stats(f->p)->n_rescans, 0);
}

static void test_scan_names(void **state)
{
	struct fixture *f = *state;

	fake_proc(f, (struct fake){ .tgid = 100,
				    .exe = "/srv/box/bin/x (deleted)",
				    .root = "/",
				    .start_ticks = 1,
				    .maps = "1000-2000 r-xp 00000000 fe:00 5   /a b/c\\012d (deleted)\n"
					    "2000-3000 r-xp 00000000 00:00 0 \n"
					    "3000-4000 r-xp 00000000 00:00 0   [heap]\n"
					    "4000-5000 r-xp 00000000 00:01 7   /memfd:jit (deleted)\n"
					    "5000-6000 r-xs 00000000 00:01 8   /dev/zero (deleted)\n"
					    "6000-7000 r-xp 00000000 00:00 0   [vdso]\n"
					    "7000-8000 r-xp 00000000 fe:00 9   /x\xff\x01\xc3\x28\n"
					    "this is no line\n"
					    "8000-9000 r-xp 00000000 fe:00 9   /last" });
	scan(f);
	assert_string_equal(where(f, 100, 0x1000, S), "/a b/c\nd+0");
	assert_true(file_at(f, 100, 0x1000, S)->is_deleted);
	assert_string_equal(where(f, 100, 0x2000, S), "anon");
	assert_string_equal(where(f, 100, 0x3000, S), "anon");
	assert_string_equal(where(f, 100, 0x4000, S), "/memfd:jit+0");
	assert_true(file_at(f, 100, 0x4000, S)->is_deleted);
	assert_string_equal(where(f, 100, 0x5000, S), "anon");
	assert_string_equal(where(f, 100, 0x6000, S), "[vdso32]+0");
	assert_string_equal(where(f, 100, 0x7000, S), "/x\xff\x01\xc3\x28+0");
	assert_false(file_at(f, 100, 0x7000, S)->is_deleted);
	assert_string_equal(must_find(f, 100, S)->exe, "/srv/box/bin/x");
}

/* The kernel shows paths from our root; those of a chroot are meant from its own. */
static void test_scan_of_chroot(void **state)
{
	struct fixture *f = *state;
	char maps[512], exe[128];

	snprintf(exe, sizeof(exe), "%s/bin/x", f->proc);
	snprintf(maps, sizeof(maps),
		 "1000-2000 r-xp 00000000 fe:00 5   %s/bin/x\n3000-4000 r-xp 00000000 fe:00 6   %sother/y\n", f->proc,
		 f->proc);
	fake_proc(f, (struct fake){ .tgid = 100, .exe = exe, .root = f->proc, .maps = maps, .start_ticks = 1 });
	scan(f);
	assert_string_equal(must_find(f, 100, S)->exe, "/bin/x");
	assert_string_equal(where(f, 100, 0x1000, S), "/bin/x+0");
	snprintf(exe, sizeof(exe), "%sother/y+0", f->proc);
	assert_string_equal(where(f, 100, 0x3000, S), exe);
}

/* A leader that has exited has no maps; its threads have. */
static void test_scan_of_dead_leader(void **state)
{
	struct fixture *f = *state;

	fake_proc(f, (struct fake){ .tgid = 100, .state = 'Z', .n_threads = 2, .start_ticks = 100 });
	make_directory(f, 100, "task");
	make_directory(f, 100, "task/100"); /* no root: it is the dead one */
	make_directory(f, 100, "task/105");
	make_link(f, 100, "task/105/root", "/");
	write_file(f, 100, "task/105/maps", SHELL_MAPS);
	write_file(f, 100, "task/100/maps", "");
	scan(f);
	assert_string_equal(where(f, 100, 0x401000, 2 * S), "/bin/sh+1000");
}

static void test_exec_keeps_the_past(void **state)
{
	struct fixture *f = *state;
	const struct process *process;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	assert_string_equal(where(f, 200, 0x401000, 10 * S), "/bin/sh+1000");
	assert_string_equal(must_find(f, 200, 10 * S)->exe, "/bin/sh");
	assert_string_equal(must_find(f, 200, 10 * S)->comm, "sh");
	assert_string_equal(must_find(f, 200, 10 * S)->cgroup, "/user");
	assert_int_equal(must_find(f, 200, 10 * S)->root.ino, must_find(f, 100, 10 * S)->root.ino);

	exec(f, 11 * S, 200, "ls");
	process = must_find(f, 200, 11 * S);
	assert_null(process->exe);
	assert_int_equal(process->generation, 1);
	map_at(f, 11 * S + 1, 200, 0x401000, 0x1000, 0, "/bin/ls", 0x15);
	map_at(f, 11 * S + 2, 200, 0x7f0000000000, 0x1000, 0, "/lib/ld.so", 0x1d);
	assert_string_equal(process->exe, "/bin/ls");
	assert_string_equal(process->comm, "ls");
	assert_string_equal(process->cgroup, "/user");
	assert_int_equal(process->start_ns, 10 * S);

	assert_string_equal(where(f, 200, 0x401000, 11 * S - 1), "/bin/sh+1000");
	assert_string_equal(where(f, 200, 0x401000, 11 * S), "");
	assert_string_equal(where(f, 200, 0x401000, 11 * S + 1), "/bin/ls+0");
	assert_string_equal(where(f, 200, 0x402000, 12 * S), "");
	assert_int_equal(file_at(f, 200, 0x401000, 12 * S)->build_id.bytes[0], 0x15);
	assert_string_equal(where(f, 100, 0x401000, 12 * S), "/bin/sh+1000"); /* the parent's are its own */

	processes_expire(f->p, f->proc_fd, 11 * S - 1);
	assert_string_equal(where(f, 200, 0x401000, 11 * S - 1), "/bin/sh+1000");
	processes_expire(f->p, f->proc_fd, 11 * S);
	assert_string_equal(where(f, 200, 0x401000, 11 * S - 1), "");
	assert_string_equal(where(f, 200, 0x401000, 12 * S), "/bin/ls+0");
}

static void test_dlopen_over_a_mapping(void **state)
{
	struct fixture *f = *state;
	const struct mapping *ended;

	start_shell(f, 100);
	map_at(f, 5 * S, 100, 0x410000, 0x10000, 0, "/lib/plugin.so", 0x9);
	assert_string_equal(where(f, 100, 0x40ffff, 6 * S), "/bin/sh+ffff");
	assert_string_equal(where(f, 100, 0x410000, 6 * S), "/lib/plugin.so+0");
	assert_string_equal(where(f, 100, 0x41ffff, 6 * S), "/lib/plugin.so+ffff");
	assert_string_equal(where(f, 100, 0x420000, 6 * S), "/bin/sh+20000");
	assert_string_equal(where(f, 100, 0x410000, 5 * S - 1), "/bin/sh+10000");
	ended = process_find_mapping(must_find(f, 100, 4 * S), 0x410000, 4 * S);
	assert_int_equal(ended->start, 0x410000); /* only that part has ended */
	assert_int_equal(ended->end, 0x420000);
	assert_int_equal(ended->to_ns, 5 * S);
	map_at(f, 7 * S, 100, 0x410000, 0x10000, 0, "//anon", 0);
	assert_string_equal(where(f, 100, 0x410000, 7 * S), "anon");
	assert_string_equal(where(f, 100, 0x410000, 7 * S - 1), "/lib/plugin.so+0");
}

static void test_child_keeps_what_the_parent_unmaps(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fork_process(f, 5 * S, 100, 200);
	map_at(f, 6 * S, 100, 0x401000, 0x7f000, 0, "//anon", 0);
	assert_string_equal(where(f, 100, 0x401000, 7 * S), "anon");
	assert_string_equal(where(f, 200, 0x401000, 7 * S), "/bin/sh+1000");
	exit_thread(f, 8 * S, 100, 100);
	fake_gone(f, 100);
	processes_expire(f->p, f->proc_fd, 20 * S);
	processes_expire(f->p, f->proc_fd, 20 * S);
	assert_null(find(f, 100, 0, 8 * S));
	assert_string_equal(where(f, 200, 0x401000, 21 * S), "/bin/sh+1000");
}

static void test_pid_reuse(void **state)
{
	struct fixture *f = *state;
	struct process *first, *second;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	exec(f, 10 * S + 1, 200, "one");
	map_at(f, 10 * S + 2, 200, 0x1000, 0x1000, 0, "/one", 1);
	exit_thread(f, 11 * S, 200, 200);
	fork_process(f, 20 * S, 100, 200);
	exec(f, 20 * S + 1, 200, "two");
	map_at(f, 20 * S + 2, 200, 0x1000, 0x1000, 0, "/two", 2);

	first = find(f, 200, 10 * S - 300000, 10 * S + 5); /* the task started 0.3 ms before its FORK */
	assert_non_null(first);
	assert_int_equal(first->start_ns, 10 * S - 300000);
	assert_true(first->start_is_exact);
	assert_int_equal(first->exit_ns, 11 * S);
	assert_string_equal(process_find_mapping(first, 0x1000, 10 * S + 5)->file->path, "/one");
	second = find(f, 200, 20 * S - 7, 20 * S + 5);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_string_equal(process_find_mapping(second, 0x1000, 20 * S + 5)->file->path, "/two");
	assert_ptr_equal(find(f, 200, 10 * S - 300000, 10 * S + 5), first);
	assert_ptr_equal(find(f, 200, 20 * S - 7, 30 * S), second);
	assert_null(find(f, 200, 20 * S - 8, 30 * S)); /* the start is known by now */
	assert_null(find(f, 200, 15 * S, 15 * S));
	assert_ptr_equal(find(f, 200, 0, 10 * S + 9), first);
	assert_ptr_equal(find(f, 200, 0, 20 * S + 9), second);
	assert_null(find(f, 200, 0, 15 * S)); /* nobody had it then */

	processes_expire(f->p, f->proc_fd, 12 * S);
	assert_null(find(f, 200, 10 * S - 300000, 10 * S + 5));
	assert_ptr_equal(find(f, 200, 20 * S - 7, 30 * S), second);
}

static void test_exact_start_within_a_tick(void **state)
{
	struct fixture *f = *state;
	struct process *shell;

	start_shell(f, 100); /* 1.00 s, cut to 10 ms */
	assert_null(find(f, 100, S - 1, 5 * S));
	assert_null(find(f, 100, S + 10 * MS, 5 * S));
	shell = find(f, 100, S + 10 * MS - 1, 5 * S);
	assert_non_null(shell);
	assert_int_equal(shell->start_ns, S + 10 * MS - 1);
	assert_null(find(f, 100, S + 10 * MS - 2, 5 * S));
	scan(f); /* /proc's rough start is still the same process */
	assert_ptr_equal(find(f, 100, S + 10 * MS - 1, 5 * S), shell);
	assert_true(shell->start_is_exact);
	assert_int_equal(shell->start_ns, S + 10 * MS - 1);
	exit_thread(f, 6 * S, 100, 100);
	processes_expire(f->p, f->proc_fd, 5 * S);
	assert_int_equal(shell->exit_ns, 0); /* /proc says that it lives */
}

static void test_scan_sees_a_reused_pid(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fake_proc(f, (struct fake){ .tgid = 100,
				    .comm = "new",
				    .exe = "/new",
				    .start_ticks = 5000,
				    .maps = "401000-402000 r-xp 00000000 fe:00 77 /new\n" });
	scan(f);
	assert_string_equal(must_find(f, 100, 60 * S)->comm, "new");
	assert_string_equal(where(f, 100, 0x401000, 60 * S), "/new+0");
	assert_non_null(find(f, 100, S + 5, 49 * S)); /* the old one, for its samples */
	assert_string_equal(find(f, 100, S + 5, 49 * S)->comm, "sh");
}

static void test_main_thread_exits_first(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	fork_thread(f, 11 * S, 200, 201);
	exit_thread(f, 12 * S, 200, 200);
	assert_int_equal(must_find(f, 200, 13 * S)->exit_ns, 0);
	map_at(f, 13 * S, 200, 0x1000, 0x1000, 0, "/late.so", 1);
	assert_string_equal(where(f, 200, 0x1000, 14 * S), "/late.so+0");
	fake_proc(f, (struct fake){ .tgid = 200, .state = 'Z', .n_threads = 2, .start_ticks = 999 });
	processes_expire(f->p, f->proc_fd, 14 * S);
	assert_int_equal(must_find(f, 200, 14 * S)->exit_ns, 0);
	exit_thread(f, 15 * S, 200, 201);
	assert_int_equal(must_find(f, 200, 14 * S)->exit_ns, 15 * S);
	assert_non_null(find(f, 200, 0, 15 * S + 1000)); /* in the kernel's exit path */
	assert_null(find(f, 200, 0, 17 * S));
}

/* The fork of thread 201 was lost: its exit is not the last one's. */
static void test_lost_thread(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	lose(f, 11 * S);
	exit_thread(f, 12 * S, 200, 201);
	assert_int_equal(must_find(f, 200, 13 * S)->exit_ns, 0);
}

/* Taken for dead, and then heard of. */
static void test_not_dead_after_all(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	exit_thread(f, 11 * S, 200, 200);
	assert_int_equal(must_find(f, 200, 11 * S)->exit_ns, 11 * S);
	map_at(f, 15 * S, 200, 0x1000, 0x1000, 0, "/late.so", 1);
	assert_int_equal(must_find(f, 200, 16 * S)->exit_ns, 0);
	assert_string_equal(where(f, 200, 0x1000, 16 * S), "/late.so+0");
}

/* Whose threads were there before us: /proc is asked. */
static void test_end_of_a_scanned_process(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	exit_thread(f, 10 * S, 100, 100);
	assert_int_equal(must_find(f, 100, 11 * S)->exit_ns, 0);
	processes_expire(f->p, f->proc_fd, 5 * S);
	assert_int_equal(must_find(f, 100, 11 * S)->exit_ns, 0); /* still in /proc */
	exit_thread(f, 12 * S, 100, 101);
	fake_proc(f, (struct fake){ .tgid = 100, .state = 'Z', .n_threads = 1, .start_ticks = 100 }); /* not reaped */
	processes_expire(f->p, f->proc_fd, 5 * S);
	assert_int_equal(must_find(f, 100, 11 * S)->exit_ns, 12 * S);
	processes_expire(f->p, f->proc_fd, 12 * S + 50 * MS);
	assert_non_null(find(f, 100, 0, 12 * S + 60 * MS)); /* its last thread may still be in the kernel's exit path */
	processes_expire(f->p, f->proc_fd, 13 * S);
	assert_null(find(f, 100, 0, 12 * S));
	assert_int_equal(processes_stats(f->p)->n_processes, 0);
	assert_int_equal(processes_stats(f->p)->n_mappings, 0);
	assert_int_equal(processes_stats(f->p)->n_files, 0);
}

/* A thread that execs takes the leader's place. */
static void test_exec_by_a_thread(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	fork_thread(f, 11 * S, 200, 201);
	exit_thread(f, 12 * S, 200, 200);
	exec(f, 12 * S + 1, 200, "next");
	map_at(f, 12 * S + 2, 200, 0x1000, 0x1000, 0, "/next", 1);
	processes_expire(f->p, f->proc_fd, 13 * S); /* /proc does not have it: it must not be asked */
	assert_int_equal(must_find(f, 200, 20 * S)->exit_ns, 0);
	exit_thread(f, 21 * S, 200, 200);
	assert_int_equal(must_find(f, 200, 20 * S)->exit_ns, 21 * S);
}

static void test_lost_news_and_rescan(void **state)
{
	struct fixture *f = *state;
	uint64_t now;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	exec(f, 11 * S, 200, "ls");
	map_at(f, 11 * S, 200, 0x401000, 0x1000, 0x1000, "/bin/ls", 0x15);
	map_at(f, 11 * S, 200, 0x500000, 0x1000, 0, "/lib/old.so", 0x16);
	fork_process(f, 12 * S, 100, 300); /* its exit will be lost */
	lose(f, 13 * S);
	assert_true(must_find(f, 100, 14 * S)->incomplete);
	assert_true(must_find(f, 200, 14 * S)->incomplete);
	fake_proc(f, (struct fake){ .tgid = 200,
				    .comm = "ls",
				    .exe = "/bin/ls",
				    .start_ticks = 999,
				    .maps = "401000-402000 r-xp 00001000 fe:00 21   /bin/ls\n"
					    "600000-601000 r-xp 00000000 fe:00 22   /lib/new.so\n" });
	count_new_files(f);
	now = clock_now_ns(CLOCK_BOOTTIME);
	scan(f);
	assert_false(must_find(f, 100, 14 * S)->incomplete);
	assert_false(must_find(f, 200, 14 * S)->incomplete);
	assert_int_equal(must_find(f, 200, 14 * S)->generation, 1);
	assert_int_equal(processes_stats(f->p)->n_rescans, 1);
	/* what was known stays, with its build id */
	assert_int_equal(file_at(f, 200, 0x401000, 14 * S)->build_id.bytes[0], 0x15);
	/* unmapped meanwhile: it answers for the past only */
	assert_string_equal(where(f, 200, 0x500000, 14 * S), "/lib/old.so+0");
	assert_null(process_find_mapping(must_find(f, 200, 14 * S), 0x500000, now + 3600 * S));
	/* new: taken to have been there all the time */
	assert_string_equal(where(f, 200, 0x600000, 12 * S), "/lib/new.so+0");
	assert_int_equal(count_new_files(f), 1);
	/* gone without a word */
	assert_true(must_find(f, 300, 12 * S)->exit_ns >= now);
	assert_int_equal(must_find(f, 100, 14 * S)->exit_ns, 0);
	/* nothing is there twice */
	scan(f);
	assert_int_equal(processes_stats(f->p)->n_rescans, 2);
	assert_int_equal(count_new_files(f), 0);
}

static void test_lost_exec(void **state)
{
	struct fixture *f = *state;
	uint64_t now;

	start_shell(f, 100);
	fake_proc(f, (struct fake){ .tgid = 100,
				    .comm = "perl",
				    .exe = "/bin/perl",
				    .start_ticks = 100,
				    .maps = "401000-402000 r-xp 00000000 fe:00 30   /bin/perl\n" });
	now = clock_now_ns(CLOCK_BOOTTIME);
	scan(f);
	assert_string_equal(must_find(f, 100, 5 * S)->exe, "/bin/perl");
	assert_int_equal(must_find(f, 100, 5 * S)->generation, 1);
	assert_string_equal(where(f, 100, 0x401000, 5 * S), "/bin/sh+1000");
	assert_string_equal(where(f, 100, 0x401000, now + 10 * S), "/bin/perl+0");
	assert_string_equal(where(f, 100, 0x7f0000000000, now + 10 * S), "");
}

/* The scan was faster than the queue: the events of what it saw come afterwards. */
static void test_scan_overtakes_events(void **state)
{
	struct fixture *f = *state;
	struct process *scanned;

	start_shell(f, 100);
	fake_proc(f, (struct fake){ .tgid = 200,
				    .comm = "ls",
				    .exe = "/bin/ls",
				    .start_ticks = 1000,
				    .maps = "401000-402000 r-xp 00001000 fe:00 21   /bin/ls\n" });
	assert_int_equal(processes_read_one(f->p, f->proc_fd, HIERARCHY, 200), 0);
	scanned = must_find(f, 200, 10 * S + 5 * MS);
	fork_process(f, 10 * S + 4 * MS, 100, 200);
	assert_ptr_equal(must_find(f, 200, 10 * S + 5 * MS), scanned);
	assert_int_equal(processes_stats(f->p)->n_processes, 2);
	exec(f, 10 * S + 5 * MS, 200, "ls");
	map_at(f, 10 * S + 6 * MS, 200, 0x401000, 0x1000, 0x1000, "/bin/ls", 0x15);
	assert_int_equal(file_at(f, 200, 0x401000, 20 * S)->build_id.bytes[0], 0x15);
	assert_ptr_equal(find(f, 200, 10 * S + 3 * MS, 20 * S), scanned);
	/* the same FORK again is another process: its pid was used again */
	fork_process(f, 30 * S, 100, 200);
	assert_ptr_not_equal(must_find(f, 200, 31 * S), scanned);
}

static void test_unknown_parent(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fake_proc(f, (struct fake){ .tgid = 50, .comm = "kworker/0:1", .flags = 0x00200000, .start_ticks = 1000 });
	fork_process(f, 10 * S, 2, 50); /* a kernel thread */
	assert_null(find(f, 50, 0, 11 * S));
	fork_process(f, 10 * S, 2, 51); /* gone already */
	assert_null(find(f, 51, 0, 11 * S));
	fake_proc(f, (struct fake){ .tgid = 52, .comm = "user", .maps = SHELL_MAPS, .start_ticks = 1000 });
	fork_process(f, 10 * S + 1, 4711, 52);
	assert_string_equal(where(f, 52, 0x401000, 11 * S), "/bin/sh+1000");
	assert_string_equal(must_find(f, 52, 11 * S)->cgroup, "/");
	/* a helper that the kernel starts: EXEC is the first that we hear of it */
	exec(f, 20 * S, 53, "modprobe");
	map_at(f, 20 * S + 1, 53, 0x1000, 0x1000, 0, "/sbin/modprobe", 3);
	assert_string_equal(where(f, 53, 0x1000, 21 * S), "/sbin/modprobe+0");
	assert_true(must_find(f, 53, 21 * S)->incomplete);
	assert_non_null(find(f, 53, 19 * S, 21 * S));
	assert_null(find(f, 53, 19 * S + 1, 21 * S));
}

static void test_files_are_shared(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fake_proc(f, (struct fake){ .tgid = 101, .maps = SHELL_MAPS, .exe = "/bin/sh", .start_ticks = 200 });
	scan(f); /* another mount namespace: files of its own, but the kernel's are the same */
	assert_int_equal(processes_stats(f->p)->n_files, 4 + 2);
	assert_ptr_not_equal(file_at(f, 100, 0x401000, 5 * S), file_at(f, 101, 0x401000, 5 * S));
	assert_ptr_equal(file_at(f, 100, 0x7ffc00100000, 5 * S), file_at(f, 101, 0x7ffc00100000, 5 * S));
	fake_proc(f, (struct fake){ .tgid = 102, .maps = SHELL_MAPS, .exe = "/bin/sh", .start_ticks = 200 });
	make_link(f, 102, "ns/mnt", "../../100/ns/mnt");
	scan(f);
	assert_int_equal(processes_stats(f->p)->n_files, 4 + 2);
	assert_ptr_equal(file_at(f, 100, 0x401000, 5 * S), file_at(f, 102, 0x401000, 5 * S));
}

static void test_new_files(void **state)
{
	struct fixture *f = *state;
	struct new_file file;

	start_shell(f, 100);
	assert_int_equal(processes_take_new_file(f->p, &file), 1);
	assert_string_equal(file.file->path, "/bin/sh");
	assert_int_equal(file.tgid, 100);
	assert_int_equal(file.start, 0x401000);
	assert_int_equal(file.end, 0x480000);
	assert_int_equal(processes_take_new_file(f->p, &file), 1);
	assert_string_equal(file.file->path, "/lib/libc.so.6");
	assert_int_equal(count_new_files(f), 2); /* [vdso], [vsyscall] */

	/* one that is gone before anybody looked is not handed out */
	fork_process(f, 10 * S, 100, 200);
	exec(f, 10 * S + 1, 200, "x");
	map_at(f, 10 * S + 2, 200, 0x1000, 0x1000, 0, "/gone", 1);
	exit_thread(f, 10 * S + 3, 200, 200);
	processes_expire(f->p, f->proc_fd, 12 * S);
	assert_int_equal(count_new_files(f), 0);

	/* one seen in several processes: the latest */
	map_at(f, 20 * S, 100, 0x10000, 0x1000, 0, "/lib/x.so", 1);
	fork_process(f, 21 * S, 100, 300);
	map_at(f, 22 * S, 300, 0x20000, 0x1000, 0, "/lib/x.so", 1);
	assert_int_equal(processes_take_new_file(f->p, &file), 1);
	assert_int_equal(file.tgid, 300);
	assert_int_equal(file.start, 0x20000);
	assert_ptr_equal(file.file, file_at(f, 100, 0x10000, 23 * S));
	assert_ptr_equal(file.file, file_at(f, 300, 0x20000, 23 * S));
	assert_int_equal(count_new_files(f), 0);
}

/* Different content under one name. */
static void test_files_that_differ(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	map_at(f, 5 * S, 100, 0x10000, 0x1000, 0, "/lib/x.so", 1);
	map_at(f, 6 * S, 100, 0x10000, 0x1000, 0, "/lib/x.so", 2); /* upgraded */
	assert_int_equal(file_at(f, 100, 0x10000, 5 * S)->build_id.bytes[0], 1);
	assert_int_equal(file_at(f, 100, 0x10000, 6 * S)->build_id.bytes[0], 2);
	apply(f, (struct sideband_event){ .kind = SIDEBAND_MMAP,
					  .time_ns = 7 * S,
					  .pid = 100,
					  .tid = 100,
					  .start = 0x20000,
					  .size = 0x1000,
					  .name = "/lib/y.so",
					  .dev = 1,
					  .ino = 5 });
	apply(f, (struct sideband_event){ .kind = SIDEBAND_MMAP,
					  .time_ns = 8 * S,
					  .pid = 100,
					  .tid = 100,
					  .start = 0x20000,
					  .size = 0x1000,
					  .name = "/lib/y.so",
					  .dev = 1,
					  .ino = 6 });
	assert_int_equal(file_at(f, 100, 0x20000, 7 * S)->ino, 5);
	assert_int_equal(file_at(f, 100, 0x20000, 8 * S)->ino, 6);
}

static void test_root_of_execed(void **state)
{
	struct fixture *f = *state;
	const struct mapped_file *a, *b;

	start_shell(f, 100);
	/* gone before its first mapping is heard of: root unknown, file private */
	for (uint32_t pid = 200; pid < 202; pid++) {
		fork_process(f, 10 * S, 100, pid);
		exec(f, 10 * S + 1, pid, "x");
		map_at(f, 10 * S + 2, pid, 0x1000, 0x1000, 0, "/x", 1);
		map_at(f, 10 * S + 3, pid, 0x9000, 0x1000, 0, "/x", 1);
	}
	a = file_at(f, 200, 0x1000, 11 * S);
	b = file_at(f, 201, 0x1000, 11 * S);
	assert_true(a->is_private);
	assert_int_equal(a->root.ino, 0);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(a, file_at(f, 200, 0x9000, 11 * S));
	fork_process(f, 11 * S, 200, 210); /* its children have the same file */
	assert_ptr_equal(a, file_at(f, 210, 0x1000, 12 * S));
	map_at(f, 12 * S, 210, 0x20000, 0x1000, 0, "/x", 1);
	assert_ptr_equal(a, file_at(f, 210, 0x20000, 13 * S));

	/* alive: read with the first mapping after the exec */
	fork_process(f, 20 * S, 100, 300);
	exec(f, 20 * S + 1, 300, "x");
	fake_proc(f, (struct fake){ .tgid = 300, .root = "/tmp", .start_ticks = 1999 });
	map_at(f, 20 * S + 2, 300, 0x1000, 0x1000, 0, "/x", 1);
	fake_gone(f, 300);
	map_at(f, 20 * S + 3, 300, 0x5000, 0x1000, 0, "/y", 1);
	assert_false(file_at(f, 300, 0x1000, 21 * S)->is_private);
	assert_false(file_at(f, 300, 0x5000, 21 * S)->is_private);
	assert_int_not_equal(file_at(f, 300, 0x1000, 21 * S)->root.ino, 0);
	assert_int_not_equal(file_at(f, 300, 0x1000, 21 * S)->root.ino, must_find(f, 100, 21 * S)->root.ino);
}

static void map_with_build_id(struct fixture *f, uint64_t time, uint32_t pid, const char *path, uint8_t id)
{
	apply(f, (struct sideband_event){ .kind = SIDEBAND_MMAP,
					  .time_ns = time,
					  .pid = pid,
					  .tid = pid,
					  .start = 0x1000,
					  .size = 0x1000,
					  .name = path,
					  .build_id = { .n_bytes = 1, .bytes = { id } } });
}

/* Most short lives are over when their news is read: they share what the living have in the root they came from. */
static void test_gone_process_shares_by_build_id(void **state)
{
	struct fixture *f = *state;
	const struct mapped_file *known;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	exec(f, 10 * S + 1, 200, "x");
	fake_proc(f, (struct fake){ .tgid = 200, .root = "/", .start_ticks = 999 });
	map_with_build_id(f, 10 * S + 2, 200, "/x", 7);
	known = file_at(f, 200, 0x1000, 11 * S);
	assert_false(known->is_private);

	for (uint32_t pid = 300; pid < 303; pid++) {
		fork_process(f, 12 * S, 200, pid);
		exec(f, 12 * S + 1, pid, "x");
	}
	map_with_build_id(f, 12 * S + 2, 300, "/x", 7);
	map_with_build_id(f, 12 * S + 2, 301, "/x", 8);
	map_with_build_id(f, 12 * S + 2, 302, "/y", 7);
	assert_ptr_equal(file_at(f, 300, 0x1000, 13 * S), known);
	assert_true(file_at(f, 301, 0x1000, 13 * S)->is_private);
	assert_true(file_at(f, 302, 0x1000, 13 * S)->is_private);
}

static void exec_and_map(struct fixture *f, uint64_t time, uint32_t parent, uint32_t pid, const char *path,
			 uint64_t ino)
{
	fork_process(f, time, parent, pid);
	exec(f, time + 1, pid, "x");
	apply(f, (struct sideband_event){ .kind = SIDEBAND_MMAP,
					  .time_ns = time + 2,
					  .pid = pid,
					  .tid = pid,
					  .start = 0x1000,
					  .size = 0x1000,
					  .name = path,
					  .dev = 1,
					  .ino = ino });
}

/* A program of which no process lives long enough: all of them together have one file to be opened. */
static void test_gone_processes_share_an_inode(void **state)
{
	struct fixture *f = *state;
	const struct mapped_file *shared, *known;

	start_shell(f, 100);
	count_new_files(f);
	exec_and_map(f, 12 * S, 100, 300, "/x", 7);
	exec_and_map(f, 12 * S, 100, 301, "/x", 7);
	exec_and_map(f, 12 * S, 100, 302, "/x", 8);
	exec_and_map(f, 12 * S, 100, 303, "/z", 7);
	shared = file_at(f, 300, 0x1000, 13 * S);
	assert_false(shared->is_private);
	assert_int_equal(shared->root.ino, 0);
	assert_ptr_equal(shared, file_at(f, 301, 0x1000, 13 * S));
	assert_ptr_not_equal(shared, file_at(f, 302, 0x1000, 13 * S));
	assert_ptr_not_equal(shared, file_at(f, 303, 0x1000, 13 * S));
	assert_int_equal(count_new_files(f), 3);

	/* One whose root is told has that root's, and the next one that is gone goes by it. */
	fake_proc(f, (struct fake){ .tgid = 310, .root = "/", .start_ticks = 1399 });
	exec_and_map(f, 14 * S, 100, 310, "/x", 7);
	known = file_at(f, 310, 0x1000, 15 * S);
	assert_ptr_not_equal(known, shared);
	exec_and_map(f, 15 * S, 310, 311, "/x", 7);
	assert_ptr_equal(known, file_at(f, 311, 0x1000, 16 * S));
	assert_int_equal(count_new_files(f), 1);
}

static void test_split_file(void **state)
{
	struct fixture *f = *state;
	struct mapped_file *shared, *copy, *again;
	struct changed_process changed;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	count_new_files(f);
	shared = (struct mapped_file *)(uintptr_t)file_at(f, 100, 0x401000, 11 * S);
	assert_ptr_equal(shared, file_at(f, 200, 0x401000, 11 * S));
	shared->binary_slot = 7;
	map_at(f, 11 * S, 200, 0x600000, 0x1000, 0, "/other", 1);
	while (processes_take_changed(f->p, &changed))
		;
	assert_int_equal(processes_split_file(f->p, must_find(f, 200, 11 * S), shared, &copy), 0);
	assert_int_equal(processes_take_changed(f->p, &changed), 1); /* the walker's table for it is another one */
	assert_int_equal(changed.tgid, 200);
	assert_int_equal(processes_take_changed(f->p, &changed), 0);
	assert_ptr_not_equal(copy, shared);
	assert_true(copy->is_private);
	assert_int_equal(copy->binary_slot, 0);
	assert_string_equal(copy->path, "/bin/sh");
	assert_int_equal(copy->ino, 10);
	assert_ptr_equal(file_at(f, 200, 0x401000, 11 * S), copy);
	assert_ptr_equal(file_at(f, 100, 0x401000, 11 * S), shared);
	assert_int_equal(shared->binary_slot, 7);
	assert_int_equal(count_new_files(f), 1); /* /other; the copy's maker knows it */
	assert_int_equal(processes_split_file(f->p, must_find(f, 200, 11 * S), copy, &again), 0);
	assert_ptr_equal(again, copy);
	assert_int_equal(processes_split_file(f->p, must_find(f, 200, 11 * S), shared, &again), -ENOENT);
}

/* The agent met a shared file through one process, which has another: it is shown the file where others have it. */
static void test_split_before_it_is_opened(void **state)
{
	struct mapped_file *shared, *copy;
	struct fixture *f = *state;
	struct new_file new_file;

	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	count_new_files(f);
	shared = (struct mapped_file *)(uintptr_t)file_at(f, 100, 0x401000, 11 * S);
	shared->wants_opening = true;
	assert_int_equal(processes_split_file(f->p, must_find(f, 200, 11 * S), shared, &copy), 0);
	assert_int_equal(processes_take_new_file(f->p, &new_file), 1);
	assert_ptr_equal(new_file.file, shared);
	assert_int_equal(new_file.tgid, 100);
	assert_int_equal(new_file.start, 0x401000);
	assert_int_equal(count_new_files(f), 0);
}

/* What could not be opened is tried again with the next process that has it, and what was opened is not. */
static void test_sighted_again(void **state)
{
	struct fixture *f = *state;
	struct new_file new_file;

	start_shell(f, 100);
	count_new_files(f);
	map_at(f, 11 * S, 100, 0x600000, 0x1000, 0, "/other", 1);
	assert_int_equal(processes_take_new_file(f->p, &new_file), 1); /* and fails to open it */
	fork_process(f, 12 * S, 100, 200);
	map_at(f, 12 * S, 200, 0x700000, 0x1000, 0, "/other", 1);
	assert_int_equal(processes_take_new_file(f->p, &new_file), 1);
	assert_int_equal(new_file.tgid, 200);
	new_file.file->wants_opening = false;
	map_at(f, 13 * S, 200, 0x800000, 0x1000, 0, "/other", 1);
	assert_int_equal(count_new_files(f), 0);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;

	new_table(f, 3, 8, 6);
	start_shell(f, 100);
	fork_process(f, 10 * S, 100, 200);
	fork_process(f, 10 * S, 100, 201);
	assert_int_equal(processes_stats(f->p)->n_dropped, 0);
	fork_process(f, 11 * S, 100, 202);
	assert_null(find(f, 202, 0, 12 * S));
	assert_int_equal(processes_stats(f->p)->n_processes, 3);
	assert_int_equal(processes_stats(f->p)->n_dropped, 1);
	exec(f, 11 * S, 202, "x"); /* not followed, and no trouble */
	assert_int_equal(processes_stats(f->p)->n_dropped, 2);

	exit_thread(f, 12 * S, 200, 200);
	fork_process(f, 13 * S, 100, 203); /* the exited one makes way */
	assert_non_null(find(f, 203, 0, 14 * S));
	assert_null(find(f, 200, 0, 11 * S));
	assert_int_equal(processes_stats(f->p)->n_dropped, 3);

	exit_thread(f, 13 * S + 1, 203, 203);
	exit_thread(f, 13 * S + 2, 201, 201);
	fork_process(f, 13 * S + 3, 100, 204); /* the one that has been gone for longer */
	assert_null(find(f, 203, 0, 13 * S));
	assert_non_null(find(f, 201, 0, 13 * S));
	assert_int_equal(processes_stats(f->p)->n_dropped, 4);

	map_at(f, 14 * S, 100, 0x10000, 0x1000, 0, "/a", 1); /* 4 + 5 of its own would be 9 */
	assert_string_equal(where(f, 100, 0x10000, 15 * S), "");
	assert_int_equal(processes_stats(f->p)->n_dropped, 5);
	assert_true(processes_stats(f->p)->n_mappings <= 8);
	assert_int_equal(processes_stats(f->p)->n_files, 4); /* nor is its file kept */
}

static void test_scan_beyond_the_limit(void **state)
{
	struct fixture *f = *state;

	new_table(f, 10, 100, 2);
	start_shell(f, 100);
	assert_true(must_find(f, 100, 5 * S)->incomplete);
	assert_int_equal(processes_stats(f->p)->n_mappings, 2);
	assert_true(processes_stats(f->p)->n_dropped > 0);
}

static void test_many_execs(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	for (uint64_t i = 0; i < 1000; i++) {
		exec(f, 10 * S + i, 100, "x");
		map_at(f, 10 * S + i, 100, 0x1000, 0x1000, 0, "/x", 1);
	}
	assert_int_equal(must_find(f, 100, 20 * S)->generation, 1000);
	assert_true(processes_stats(f->p)->n_mappings < 100);
	assert_true(processes_stats(f->p)->n_dropped > 900);
	assert_string_equal(where(f, 100, 0x1000, 10 * S + 999), "/x+0");
	assert_string_equal(where(f, 100, 0x1000, 10 * S + 990), "/x+0");
	assert_string_equal(where(f, 100, 0x1000, 10 * S + 10), "");
}

static void test_tasks_that_we_cannot_name(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	fork_process(f, 5 * S, 100, 0);
	fork_process(f, 5 * S, 100, UINT32_MAX);
	exec(f, 6 * S, 0, "x");
	map_at(f, 6 * S, UINT32_MAX, 0x1000, 0x1000, 0, "/x", 1);
	exit_thread(f, 6 * S, 0, 0);
	assert_int_equal(processes_stats(f->p)->n_processes, 1);
	lose(f, 7 * S);
	assert_true(must_find(f, 100, 8 * S)->incomplete);
}

static void test_comm(void **state)
{
	struct fixture *f = *state;

	start_shell(f, 100);
	apply(f, (struct sideband_event){
			 .kind = SIDEBAND_COMM, .time_ns = 5 * S, .pid = 100, .tid = 101, .name = "worker" });
	assert_string_equal(must_find(f, 100, 6 * S)->comm, "sh");
	apply(f, (struct sideband_event){ .kind = SIDEBAND_COMM,
					  .time_ns = 5 * S,
					  .pid = 100,
					  .tid = 100,
					  .name = "a name longer than that" });
	assert_string_equal(must_find(f, 100, 6 * S)->comm, "a name longer t");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_scan),
		TEST(test_scan_names),
		TEST(test_scan_of_chroot),
		TEST(test_scan_of_dead_leader),
		TEST(test_exec_keeps_the_past),
		TEST(test_dlopen_over_a_mapping),
		TEST(test_child_keeps_what_the_parent_unmaps),
		TEST(test_pid_reuse),
		TEST(test_exact_start_within_a_tick),
		TEST(test_scan_sees_a_reused_pid),
		TEST(test_main_thread_exits_first),
		TEST(test_lost_thread),
		TEST(test_not_dead_after_all),
		TEST(test_end_of_a_scanned_process),
		TEST(test_exec_by_a_thread),
		TEST(test_lost_news_and_rescan),
		TEST(test_lost_exec),
		TEST(test_scan_overtakes_events),
		TEST(test_unknown_parent),
		TEST(test_files_are_shared),
		TEST(test_new_files),
		TEST(test_files_that_differ),
		TEST(test_root_of_execed),
		TEST(test_gone_process_shares_by_build_id),
		TEST(test_gone_processes_share_an_inode),
		TEST(test_split_file),
		TEST(test_split_before_it_is_opened),
		TEST(test_sighted_again),
		TEST(test_limits),
		TEST(test_scan_beyond_the_limit),
		TEST(test_many_execs),
		TEST(test_tasks_that_we_cannot_name),
		TEST(test_comm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
