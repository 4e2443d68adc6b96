// SPDX-License-Identifier: Apache-2.0
#include "workload/proc-snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "workload/cgroup.h"

#define STAT_LIMIT_BYTES 4096
#define STATUS_LIMIT_BYTES 65536        /* a process may be in thousands of groups */
#define CGROUP_LIMIT_BYTES (128 * 1024) /* a path of 4 KiB for each of some 16 hierarchies */
#define TEXT_LIMIT_BYTES (8 * 1024 * 1024)
#define MAPS_CHUNK_BYTES (32 * 1024) /* holds the longest line: 4 KiB of path, each byte escaped to four */

void proc_snapshot_done(struct proc_snapshot *s)
{
	free(s->mappings);
	buf_done(&s->text);
	buf_done(&s->scratch);
	*s = (struct proc_snapshot){};
}

static void snapshot_clear(struct proc_snapshot *s, uint32_t tgid)
{
	s->tgid = tgid;
	s->stat = (struct proc_stat){};
	s->root = (struct root_id){};
	s->exe = s->cgroup = 0;
	s->has_maps = s->is_cut = false;
	s->n_mappings = 0;
	buf_clear(&s->text);
	s->text.limit_bytes = TEXT_LIMIT_BYTES;
}

/* Offset 0 stands for "no text", so the first byte is never used. */
static int add_text(struct proc_snapshot *s, const char *data, size_t size, size_t *ret)
{
	size_t at;
	int r;

	if (s->text.size == 0) {
		r = buf_add_char(&s->text, 0);
		if (r < 0)
			return r;
	}
	at = s->text.size;
	r = buf_add(&s->text, data, size);
	if (r == 0)
		r = buf_add_char(&s->text, 0);
	if (r < 0)
		return r;
	*ret = at;
	return 0;
}

static uint64_t clock_tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return NS_PER_S / (uint64_t)(hz > 0 ? hz : 100);
}

static bool is_out_of_memory(int r)
{
	return r == -ENOMEM;
}

static int read_stat_at(int dir_fd, struct buf *scratch, struct proc_stat *ret)
{
	int r = fs_read(dir_fd, "stat", STAT_LIMIT_BYTES, scratch);

	if (is_out_of_memory(r))
		return r;
	if (r < 0) /* ENOENT or ESRCH, as the process went before or after the open */
		return PROC_SNAPSHOT_GONE;
	return proc_parse_stat(scratch->data, scratch->size, clock_tick_ns(), ret);
}

static int open_process(int proc_fd, uint32_t tgid)
{
	char name[12];

	snprintf(name, sizeof(name), "%u", tgid);
	return openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int proc_read_stat(int proc_fd, uint32_t tgid, struct proc_stat *ret)
{
	_cleanup_close_ int dir_fd = open_process(proc_fd, tgid);
	_cleanup_(buf_done) struct buf scratch = {};

	if (dir_fd < 0)
		return errno == ENOENT ? PROC_SNAPSHOT_GONE : -errno;
	return read_stat_at(dir_fd, &scratch, ret);
}

/* An exec lays code and stack somewhere else; both together are some 50 random bits. Not told, they are 0 or 1. */
static bool is_same_program(const struct proc_stat *a, const struct proc_stat *b)
{
	return a->start_stack > 1 && a->start_stack == b->start_stack && a->start_code == b->start_code;
}

int proc_read_fork_parent(int proc_fd, uint32_t tgid, uint32_t *ret)
{
	struct proc_stat stat, parent;
	int r;

	r = proc_read_stat(proc_fd, tgid, &stat);
	if (r == 0 && stat.parent == 0)
		return PROC_SNAPSHOT_GONE;
	if (r == 0)
		r = proc_read_stat(proc_fd, stat.parent, &parent);
	if (r != 0)
		return r;
	if (!is_same_program(&stat, &parent))
		return PROC_SNAPSHOT_GONE;
	*ret = stat.parent;
	return 0;
}

int proc_read_status(int proc_fd, uint32_t tgid, struct proc_status *ret)
{
	_cleanup_close_ int dir_fd = open_process(proc_fd, tgid);
	_cleanup_(buf_done) struct buf scratch = {};
	int r;

	if (dir_fd < 0)
		return errno == ENOENT ? PROC_SNAPSHOT_GONE : -errno;
	r = fs_read(dir_fd, "status", STATUS_LIMIT_BYTES, &scratch);
	if (is_out_of_memory(r))
		return r;
	return r < 0 ? PROC_SNAPSHOT_GONE : proc_parse_status(scratch.data, scratch.size, ret);
}

/* Two stats, through links that name exactly this namespace and this directory. */
static struct root_id read_root_at(int dir_fd)
{
	struct stat ns, root;

	if (fstatat(dir_fd, "ns/mnt", &ns, 0) < 0 || fstatat(dir_fd, "root", &root, 0) < 0)
		return (struct root_id){};
	return (struct root_id){ .mnt_ns = ns.st_ino, .dev = root.st_dev, .ino = root.st_ino };
}

struct root_id proc_read_root(int proc_fd, uint32_t tgid)
{
	_cleanup_close_ int dir_fd = open_process(proc_fd, tgid);

	return dir_fd < 0 ? (struct root_id){} : read_root_at(dir_fd);
}

/*
 * The kernel shows us paths from our own root; those of a process in a chroot are meant from its own, which is what
 * the sideband tells. Returns how much to cut: the size of the root's path, 0 for "/".
 */
static size_t root_prefix_at(int dir_fd, char prefix[static PATH_MAX])
{
	ssize_t n = readlinkat(dir_fd, "root", prefix, PATH_MAX);

	return n <= 1 || n == PATH_MAX ? 0 : (size_t)n;
}

static void cut_root(const char **name, size_t *size, const char *prefix, size_t prefix_size)
{
	if (prefix_size == 0 || *size <= prefix_size || memcmp(*name, prefix, prefix_size) != 0)
		return;
	if ((*name)[prefix_size] != '/')
		return;
	*name += prefix_size;
	*size -= prefix_size;
}

static int read_exe(struct proc_snapshot *s, int dir_fd, const char *prefix, size_t prefix_size)
{
	char link[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, "exe", link, sizeof(link));
	const char *name = link;
	size_t size;

	if (n <= 0 || n == sizeof(link))
		return 0;
	size = (size_t)n;
	mapping_name_classify(name, &size);
	cut_root(&name, &size, prefix, prefix_size);
	return add_text(s, name, size, &s->exe);
}

static int read_cgroup(struct proc_snapshot *s, int dir_fd, int hierarchy)
{
	const char *path;
	size_t size;
	int r;

	if (hierarchy < 0)
		return 0;
	r = fs_read(dir_fd, "cgroup", CGROUP_LIMIT_BYTES, &s->scratch);
	if (is_out_of_memory(r))
		return r;
	if (r < 0)
		return 0;
	r = cgroup_path_in(s->scratch.data, hierarchy, &path, &size);
	if (r != 0)
		return r < 0 ? r : 0;
	return add_text(s, path, size, &s->cgroup);
}

static int reserve_mapping(struct proc_snapshot *s)
{
	size_t capacity = s->capacity ? 2 * s->capacity : 64;
	struct snapshot_mapping *mappings;

	if (s->n_mappings < s->capacity)
		return 0;
	mappings = reallocarray(s->mappings, capacity, sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	s->mappings = mappings;
	s->capacity = capacity;
	return 0;
}

struct maps_reader {
	const char *prefix; /* of the process's root */
	size_t prefix_size, max_mappings;
};

static int take_line(struct proc_snapshot *s, const struct maps_reader *reader, char *line, size_t line_size)
{
	struct proc_mapping m;
	size_t size, text;
	const char *name;
	int r;

	if (proc_parse_mapping(line, line_size, &m) < 0 || !m.is_executable)
		return 0;
	if (s->n_mappings >= reader->max_mappings) {
		s->is_cut = true;
		return 0;
	}
	size = proc_unescape(line + (m.name - line), m.name_size);
	name = m.name;
	cut_root(&name, &size, reader->prefix, reader->prefix_size);
	r = add_text(s, name, size, &text);
	if (r == -EFBIG) {
		s->is_cut = true;
		return 0;
	}
	if (r < 0)
		return r;
	r = reserve_mapping(s);
	if (r < 0)
		return r;
	s->mappings[s->n_mappings++] = (struct snapshot_mapping){
		.start = m.start,
		.end = m.end,
		.file_offset = m.file_offset,
		.dev = m.dev,
		.ino = m.ino,
		.name = text,
	};
	return 0;
}

/* Takes whole lines from the scratch buffer; a rest stays for the next chunk. */
static int take_lines(struct proc_snapshot *s, const struct maps_reader *reader)
{
	char *line = s->scratch.data, *end = line + s->scratch.size, *newline;
	int r;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		r = take_line(s, reader, line, (size_t)(newline - line));
		if (r < 0)
			return r;
		line = newline + 1;
	}
	s->scratch.size = (size_t)(end - line);
	memmove(s->scratch.data, line, s->scratch.size);
	return 0;
}

/* Chunk by chunk: a process may have 65,530 mappings, few of them executable. */
static int read_lines(struct proc_snapshot *s, const struct maps_reader *reader, int fd)
{
	ssize_t n;
	int r;

	buf_clear(&s->scratch);
	r = buf_reserve(&s->scratch, MAPS_CHUNK_BYTES);
	if (r < 0)
		return r;
	while (s->scratch.size < MAPS_CHUNK_BYTES) {
		n = read(fd, s->scratch.data + s->scratch.size, MAPS_CHUNK_BYTES - s->scratch.size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		s->scratch.size += (size_t)n;
		r = take_lines(s, reader);
		if (r < 0)
			return r;
	}
	return -EBADMSG; /* no line is that long */
}

/* A thread that still has a root: one that has exited gave it back. */
static int open_living_thread(int task_fd, DIR *tasks)
{
	struct dirent *entry;

	while ((entry = readdir(tasks))) {
		struct stat root;
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(task_fd, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && fstatat(fd, "root", &root, 0) == 0)
			return fd;
		close_fd(fd);
	}
	return -ESRCH;
}

/*
 * Where a living process can be looked at. Its leader may have exited before its threads: then it has no memory, no
 * root and no executable any more, and a thread tells.
 */
static int open_living(int dir_fd, const struct proc_stat *stat)
{
	int fd, task_fd;
	DIR *tasks;

	if (stat->state != 'Z')
		return openat(dir_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	task_fd = openat(dir_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tasks = task_fd < 0 ? NULL : fdopendir(task_fd);
	if (!tasks) {
		close_fd(task_fd);
		return -ESRCH;
	}
	fd = open_living_thread(task_fd, tasks);
	closedir(tasks);
	return fd;
}

static int read_maps(struct proc_snapshot *s, int dir_fd, const struct maps_reader *reader)
{
	_cleanup_close_ int fd = openat(dir_fd, "maps", O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return 0;
	r = read_lines(s, reader, fd);
	if (is_out_of_memory(r))
		return r;
	s->has_maps = r == 0;
	return 0;
}

static int read_living(struct proc_snapshot *s, int dir_fd, int hierarchy, size_t max_mappings)
{
	char prefix[PATH_MAX];
	const struct maps_reader reader = {
		.prefix = prefix,
		.prefix_size = root_prefix_at(dir_fd, prefix),
		.max_mappings = max_mappings,
	};
	int r;

	s->root = read_root_at(dir_fd);
	r = read_exe(s, dir_fd, prefix, reader.prefix_size);
	if (r == 0)
		r = read_cgroup(s, dir_fd, hierarchy);
	if (r == 0)
		r = read_maps(s, dir_fd, &reader);
	return r;
}

int proc_snapshot_read(struct proc_snapshot *s, int proc_fd, int hierarchy, uint32_t tgid, size_t max_mappings)
{
	_cleanup_close_ int dir_fd = open_process(proc_fd, tgid), living_fd = -1;
	int r;

	if (dir_fd < 0)
		return errno == ENOENT ? PROC_SNAPSHOT_GONE : -errno;
	snapshot_clear(s, tgid);
	r = read_stat_at(dir_fd, &s->scratch, &s->stat);
	if (r != 0)
		return r;
	if (proc_stat_is_kernel_thread(&s->stat))
		return PROC_SNAPSHOT_KERNEL_THREAD;
	if (proc_stat_is_over(&s->stat))
		return PROC_SNAPSHOT_GONE;
	living_fd = open_living(dir_fd, &s->stat);
	if (living_fd < 0)
		return PROC_SNAPSHOT_GONE;
	return read_living(s, living_fd, hierarchy, max_mappings);
}
