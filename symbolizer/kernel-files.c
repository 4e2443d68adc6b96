// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kernel-files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fsutil.h"
#include "symbolizer/binary.h"
#include "symbolizer/kallsyms.h"
#include "symbolizer/kernel-places.h"

#define MAX_FILES 1024          /* a host has some 200 modules */
#define NAME_BYTES 64           /* MODULE_NAME_LEN is 56 */
#define NOTES_BYTES (64 << 10)  /* a page of sysfs, in truth */
#define DEPS_BYTES (16 << 20)   /* Debian's modules.dep has 0.6 MB */
#define PATHS_BYTES (256 << 10) /* of candidates: a dozen for each directory of debug files */
#define MAX_CHECKS 4096         /* of the 120,000 functions of the kernel */

enum file_state {
	FILE_UNASKED,
	FILE_OPENING,
	FILE_NAMING,    /* the indexer has it: is it the right one? */
	FILE_DEBUGGING, /* it is, and its debug info is being read */
	FILE_DONE,
};

struct file {
	struct kernel_file public;
	char module[NAME_BYTES];
	const struct kallsyms *names;
	enum file_state state;
	struct buf paths;                       /* candidates: of one directory after the other, then the host's */
	size_t dir_ends[KERNEL_FILES_MAX_DIRS]; /* where the paths of each directory end */
	size_t path_at;                         /* the one at hand */
	int fd;                                 /* of it */
	struct binary *binary;
};

struct kernel_files {
	struct kernel_files_config config;
	struct file *all[MAX_FILES];
	size_t n;
};

int kernel_files_new(const struct kernel_files_config *config, struct kernel_files **ret)
{
	struct kernel_files *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->config = *config;
	*ret = k;
	return 0;
}

static void free_file(struct file *f)
{
	buf_done(&f->paths);
	close_fd(f->fd);
	free(f);
}

struct kernel_files *kernel_files_free(struct kernel_files *k)
{
	if (!k)
		return NULL;
	for (size_t i = 0; i < k->n; i++)
		free_file(k->all[i]);
	free(k);
	return NULL;
}

/* No such file is no fault: build ids are a kindness of sysfs. */
static void read_build_id(const struct kernel_files *k, const char *module, struct build_id *ret)
{
	_cleanup_(buf_done) struct buf notes = {};
	char path[NAME_BYTES + 64] = "kernel/notes";

	if (module[0])
		snprintf(path, sizeof(path), "module/%s/notes/.note.gnu.build-id", module);
	if (strchr(module, '/') || fs_read(k->config.sys_fd, path, NOTES_BYTES, &notes) < 0)
		return;
	kernel_places_build_id(notes.data, notes.size, ret);
}

static struct file *find(const struct kernel_files *k, const char *module, const struct build_id *build_id)
{
	for (size_t i = 0; i < k->n; i++) {
		struct file *f = k->all[i];

		if (strcmp(f->module, module) == 0 && build_id_equal(&f->public.build_id, build_id))
			return f;
	}
	return NULL;
}

static int add_file(struct kernel_files *k, const char *module, const struct build_id *build_id, struct file **ret)
{
	struct file *f;

	if (k->n >= MAX_FILES || strlen(module) >= NAME_BYTES)
		return -ENOSPC;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->fd = -1;
	f->paths.limit_bytes = PATHS_BYTES;
	strcpy(f->module, module);
	f->public.build_id = *build_id;
	build_id_to_hex(build_id, f->public.build_id_hex);
	k->all[k->n++] = f;
	*ret = f;
	return 0;
}

static void finish(struct file *f, const char *failure)
{
	f->state = FILE_DONE;
	f->public.failure = failure;
	buf_done(&f->paths);
	f->paths = (struct buf){};
	f->fd = close_fd(f->fd);
}

/* The path of a module by modules.dep, which may have grown since it was last asked. "": not there. */
static void find_module_path(const struct kernel_files *k, const char *module, char *ret, size_t ret_size)
{
	_cleanup_(buf_done) struct buf path = {}, deps = {};
	_cleanup_close_ int fd = -1;

	ret[0] = 0;
	if (buf_printf(&path, "/lib/modules/%s/modules.dep", k->config.release) < 0 ||
	    fs_open_in_root(k->config.root_fd, path.data, &fd) != 0)
		return;
	buf_clear(&path);
	if (buf_printf(&path, "/proc/self/fd/%d", fd) == 0 && fs_read(AT_FDCWD, path.data, DEPS_BYTES, &deps) == 0 &&
	    !kernel_places_module_path(deps.data, deps.size, module, ret, ret_size))
		ret[0] = 0;
}

static int list_places(struct kernel_files *k, struct file *f)
{
	struct kernel_place place = {
		.release = k->config.release,
		.build_id = &f->public.build_id,
	};
	char path[512];
	int r = 0;

	if (f->module[0]) {
		find_module_path(k, f->module, path, sizeof(path));
		place.module_path = path;
	}
	for (size_t i = 0; i < k->config.n_debug_dirs && r == 0; i++) {
		r = kernel_places_list_dir(&place, &f->paths);
		f->dir_ends[i] = f->paths.size;
	}
	return r == 0 ? kernel_places_list_host(&place, &f->paths) : r;
}

static const char *path_of(const struct file *f)
{
	return f->paths.data + f->path_at;
}

/* Where its path is meant. */
static int root_of(const struct kernel_files *k, const struct file *f)
{
	for (size_t i = 0; i < k->config.n_debug_dirs; i++) {
		if (f->path_at < f->dir_ends[i])
			return k->config.debug_dirs[i];
	}
	return k->config.root_fd;
}

static void next_place(struct file *f)
{
	f->path_at += strlen(path_of(f)) + 1;
	f->fd = close_fd(f->fd);
	f->state = FILE_OPENING;
}

/* Hands the first candidate that is there to the indexer. */
static int open_place(struct kernel_files *k, struct file *f)
{
	for (; f->path_at < f->paths.size; next_place(f)) {
		int fd, r;

		if (f->fd < 0 && fs_open_in_root(root_of(k, f), path_of(f), &f->fd) != 0)
			continue;
		fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
		r = binaries_add(k->config.binaries, fd, &f->binary);
		if (r == 0)
			f->state = FILE_NAMING;
		if (r == 0 || r == -EAGAIN)
			return 0;
	}
	finish(f, "no vmlinux or module file with debug info is on this host");
	return 0;
}

/* Code begins where the lowest segment does, in the kernel as in a module (symbolizer/elf-layout.h). */
uint64_t kernel_file_vaddr(const struct binary *binary, uint64_t offset)
{
	const struct index_segment *segments = index_segments(binary->index);
	uint64_t start = UINT64_MAX;

	for (size_t i = 0; i < index_n_segments(binary->index); i++) {
		if (segments[i].vaddr < start)
			start = segments[i].vaddr;
	}
	return start + offset;
}

static bool has_name_at(const struct binary *binary, const struct kallsyms_symbol *s)
{
	struct index_frame frame;
	uint64_t vaddr = kernel_file_vaddr(binary, s->start - s->module_start);

	return index_lookup(binary->index, vaddr, &frame, 1) == 1 && strcmp(frame.linkage_name, s->linkage_name) == 0;
}

/*
 * The build id says that it is the right file. That its functions lie where the running kernel has them is checked
 * too: at some of them, and at half of those, because one place may have several names.
 */
static bool has_our_layout(const struct file *f)
{
	size_t step = f->module[0] ? 1 : kallsyms_n_symbols(f->names) / MAX_CHECKS + 1, i = 0, n_seen = 0, n_same = 0;
	struct kallsyms_symbol s;

	while (kallsyms_next(f->names, &i, &s)) {
		if (strcmp(s.module, f->module) != 0 || s.is_apart)
			continue;
		if (n_seen++ % step == 0)
			n_same += has_name_at(f->binary, &s);
	}
	return n_same * 2 >= (n_seen + step - 1) / step;
}

static int take_names(struct kernel_files *k, struct file *f)
{
	int fd, r;

	if (f->binary->state == BINARY_PENDING)
		return 0;
	if (f->binary->state != BINARY_READY || !build_id_equal(&f->binary->build_id, &f->public.build_id) ||
	    !has_our_layout(f)) {
		next_place(f);
		return 0;
	}
	fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = binaries_want_debug(k->config.binaries, f->binary, path_of(f), fd);
	if (r == 0)
		f->state = FILE_DEBUGGING;
	return r == -EAGAIN ? 0 : r;
}

static void take_debug(struct file *f)
{
	if (f->binary->debug_state == BINARY_DEBUG_READY) {
		f->public.binary = f->binary;
		finish(f, NULL);
	} else if (f->binary->debug_state == BINARY_DEBUG_MISSING) {
		next_place(f); /* the module itself, stripped: another may have more */
	}
}

/* As far as it goes without waiting for the indexer. */
static int go_on(struct kernel_files *k, struct file *f)
{
	enum file_state state;
	size_t path_at;
	int r = 0;

	do {
		state = f->state;
		path_at = f->path_at;
		if (f->state == FILE_OPENING)
			r = open_place(k, f);
		if (r == 0 && f->state == FILE_NAMING)
			r = take_names(k, f);
		if (r == 0 && f->state == FILE_DEBUGGING)
			take_debug(f);
	} while (r == 0 && (f->state != state || f->path_at != path_at) && f->state != FILE_DONE);
	return r;
}

static int begin(struct kernel_files *k, struct file *f)
{
	int r;

	if (f->public.build_id.n_bytes == 0) {
		finish(f, "its build id is not known: no /sys/kernel/notes");
		return 0;
	}
	r = list_places(k, f);
	if (r < 0)
		return r;
	f->state = FILE_OPENING;
	return go_on(k, f);
}

int kernel_files_want(struct kernel_files *k, const char *module, const struct kallsyms *names,
		      const struct kernel_file **ret)
{
	struct build_id build_id = {};
	struct file *f;
	int r = 0;

	read_build_id(k, module, &build_id);
	f = find(k, module, &build_id);
	if (!f)
		r = add_file(k, module, &build_id, &f);
	if (r == 0 && f->state == FILE_UNASKED) {
		f->names = names;
		r = begin(k, f);
	}
	if (r == 0)
		*ret = &f->public;
	return r;
}

bool kernel_files_find_place(const struct kernel_files *k, const struct binary *binary, int *ret_root_fd,
			     const char **ret_path)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct file *f = k->all[i];

		if (f->fd < 0 || f->binary != binary)
			continue;
		*ret_root_fd = root_of(k, f);
		*ret_path = path_of(f);
		return true;
	}
	return false;
}

int kernel_files_dispatch(struct kernel_files *k)
{
	int r = 0;

	for (size_t i = 0; i < k->n && r == 0; i++)
		r = go_on(k, k->all[i]);
	return r;
}

void kernel_files_keep(const struct kernel_files *k)
{
	for (size_t i = 0; i < k->n; i++)
		binaries_keep(k->all[i]->binary);
}

size_t kernel_files_n_waiting(const struct kernel_files *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		const struct file *f = k->all[i];

		n += f->state == FILE_OPENING || (f->state == FILE_NAMING && f->binary->state != BINARY_PENDING);
	}
	return n;
}
