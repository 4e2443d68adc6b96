// SPDX-License-Identifier: Apache-2.0
#include "agent/opener.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utlist.h>

#include "agent/modules.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/binary.h"
#include "symbolizer/mapped-file.h"
#include "workload/proc-snapshot.h"
#include "workload/process.h"

#define MOST_DESCRIPTORS 65536 /* however many the limit allows */

static const char reason_no_elf[] = "no ELF executable or library"; /* as the indexer says */
static const char reason_gone[] = "gone before it could be opened";
static const char reason_not_regular[] = "not a regular file";
static const char reason_denied[] = "may not be opened";
static const char reason_too_many[] = "too many binaries";
static const char reason_queue_full[] = "too many files wait for the indexer";

struct waiting_file {
	int fd;
	uint32_t module, root;
	struct waiting_file *prev, *next;
};

/* Half of the descriptors that we may have: /proc is read with the others. */
static size_t max_waiting(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	return (limit.rlim_cur < MOST_DESCRIPTORS ? limit.rlim_cur : MOST_DESCRIPTORS) / 2;
}

int opener_init(struct opener *o, struct binaries *binaries, struct modules *modules, struct processes *processes)
{
	_cleanup_close_ int vdso_fd = -1;

	*o = (struct opener){
		.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.host_root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC),
		.binaries = binaries,
		.modules = modules,
		.processes = processes,
		.max_waiting = max_waiting(),
	};
	recent_files_init(&o->recent);
	if (o->proc_fd < 0 || o->host_root_fd < 0)
		return -errno;
	o->host_root = proc_read_root(o->proc_fd, (uint32_t)getpid());
	if (mapped_file_open_vdso(&vdso_fd) == 0)
		return binaries_add(binaries, take_fd(vdso_fd), "[vdso]", &o->vdso);
	return 0; /* no vdso here: nobody will have one mapped */
}

static void waiting_free(struct opener *o, struct waiting_file *w)
{
	DL_DELETE(o->waiting, w);
	o->n_waiting--;
	close_fd(w->fd);
	free(w);
}

void opener_done(struct opener *o)
{
	while (o->waiting)
		waiting_free(o, o->waiting);
	recent_files_done(&o->recent);
	debug_roots_done(&o->debug_roots);
	o->proc_fd = close_fd(o->proc_fd);
	o->host_root_fd = close_fd(o->host_root_fd);
}

/* -1: out of reach, or another root by now. */
static int open_root(const struct opener *o, uint32_t tgid, const struct mapped_file *file)
{
	_cleanup_close_ int fd = -1;
	struct root_id root;
	char name[32];

	snprintf(name, sizeof(name), "%u/root", tgid);
	fd = openat(o->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	root = proc_read_root(o->proc_fd, tgid);
	if (!root_id_is_known(&root) || !root_id_equal(&root, &file->root))
		return -1;
	return take_fd(fd);
}

static bool is_on_host(const struct opener *o, const struct mapped_file *file)
{
	return root_id_is_known(&o->host_root) && root_id_equal(&file->root, &o->host_root);
}

/*
 * Opens what the name leads to, in the root that the name is meant in; where that is unknown, no name will do for a
 * file that others share. The root is looked at afterwards: a process that has moved to a root of its own making cannot
 * come back.
 */
static int open_by_name(const struct opener *o, int process_fd, const struct new_file *new_file, int *ret)
{
	_cleanup_close_ int fd = -1;
	const struct root_id *meant = &new_file->file->root;
	struct root_id root;
	int r;

	r = mapped_file_open_by_path(process_fd, new_file->file->path, &fd);
	if (r != 0)
		return r;
	root = proc_read_root(o->proc_fd, new_file->tgid);
	if (!new_file->file->is_private && (!root_id_is_known(meant) || !root_id_equal(&root, meant)))
		return -ENOENT;
	*ret = take_fd(fd);
	return 0;
}

/* Numbers of inodes are used again, on ext4 at once. Where either side does not tell the generation, the number must
 * do. */
static bool has_the_generation(const struct mapped_file *file, int fd)
{
	long generation = 0; /* of which file systems fill in an int */

	return !file->ino_generation || ioctl(fd, FS_IOC_GETVERSION, &generation) < 0 ||
	       (uint32_t)generation == (uint32_t)file->ino_generation;
}

/* What its inode says of a file that is open. */
enum proof {
	PROOF_NONE, /* overlayfs and btrfs tell another device than stat does */
	PROOF_SAME,
	PROOF_ANOTHER,
};

static enum proof prove(const struct mapped_file *file, int fd)
{
	struct stat st;

	if (!file->ino || fstat(fd, &st) < 0 || st.st_dev != file->dev)
		return PROOF_NONE;
	return st.st_ino == file->ino && has_the_generation(file, fd) ? PROOF_SAME : PROOF_ANOTHER;
}

/* By name on the host, after the process has gone: only with a proof that it is the same file. */
static int open_on_host(const struct opener *o, const struct mapped_file *file, int *ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = fs_open_in_root(o->host_root_fd, file->path, &fd);
	if (r != 0)
		return r;
	if (prove(file, fd) != PROOF_SAME)
		return -ENOENT;
	*ret = take_fd(fd);
	return 0;
}

static bool is_what_it_is_called(const struct opener *o, int process_fd, const struct new_file *new_file, int fd)
{
	_cleanup_close_ int named_fd = -1;

	if (prove(new_file->file, fd) == PROOF_SAME)
		return true;
	return open_by_name(o, process_fd, new_file, &named_fd) == 0 && mapped_file_is_named(fd, named_fd) == 1;
}

/*
 * A file is shared by all processes that give it the same name in the same root. That is only sound while the name
 * leads to what is mapped: a process that played with roots, or a file replaced since, gets a file of its own.
 */
static int unshare_if_different(struct opener *o, int process_fd, const struct new_file *new_file, int fd,
				struct mapped_file **file)
{
	struct process *process;

	if ((*file)->is_private || is_what_it_is_called(o, process_fd, new_file, fd))
		return 0;
	process = processes_find(o->processes, new_file->tgid, 0, clock_now_ns(CLOCK_BOOTTIME));
	if (!process)
		return -ENOENT;
	return processes_split_file(o->processes, process, *file, file);
}

/* Since the file was seen, another may have come to lie at its addresses, or been given its name. */
static bool is_another(const struct mapped_file *file, int fd)
{
	enum proof proof = prove(file, fd);

	return proof == PROOF_ANOTHER || (proof == PROOF_NONE && mapped_file_has_name(fd, file->path) == 0);
}

/* What lies at the mapping's addresses; -ENOENT: another file by now. */
static int open_mapped(int process_fd, uint64_t start, uint64_t end, const struct mapped_file *file, int *ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = mapped_file_open(process_fd, start, end, &fd);
	if (r != 0)
		return r;
	if (is_another(file, fd))
		return -ENOENT;
	*ret = take_fd(fd);
	return 0;
}

/* 0 and *ret; FS_NOT_REGULAR; or a negative errno of the file. *file may become a private copy. */
static int open_file(struct opener *o, const struct new_file *new_file, struct mapped_file **file, int *ret)
{
	_cleanup_close_ int process_fd = -1, fd = -1;
	char name[16];
	int r;

	snprintf(name, sizeof(name), "%u", new_file->tgid);
	process_fd = openat(o->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process_fd < 0)
		return open_on_host(o, *file, ret);
	r = open_mapped(process_fd, new_file->start, new_file->end, *file, &fd);
	if (r == FS_NOT_REGULAR)
		return r;
	if (r == 0) {
		r = unshare_if_different(o, process_fd, new_file, fd, file);
	} else {
		/* The name of a deleted file may lead to what took its place. */
		r = (*file)->is_deleted ? -ENOENT : open_by_name(o, process_fd, new_file, &fd);
		if (r < 0 || (r == 0 && is_another(*file, fd)))
			return open_on_host(o, *file, ret);
	}
	if (r == 0)
		*ret = take_fd(fd);
	return r;
}

static const char *reason_of(int r)
{
	if (r == FS_NOT_REGULAR)
		return reason_not_regular;
	return r == -EACCES || r == -EPERM ? reason_denied : reason_gone;
}

/* 0 with the binary, or a reason where there is none. */
static int hand_in(struct opener *o, int fd, const char *path, uint32_t root, struct binary **ret,
		   const char **ret_reason)
{
	int r = binaries_add_rooted(o->binaries, fd, path, root, ret);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		*ret_reason = r == -ENOSPC ? reason_too_many : reason_of(r);
	return 0;
}

static int hold(struct opener *o, int fd, uint32_t root, const struct mapped_file *file, uint32_t *ret)
{
	_cleanup_close_ int owned = fd;
	struct waiting_file *w;
	int r;

	if (o->n_waiting >= o->max_waiting)
		return modules_add(o->modules, file->path, NULL, reason_queue_full, ret);
	r = modules_add_waiting(o->modules, file->path, ret);
	if (r < 0)
		return r;
	w = malloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = (struct waiting_file){ .fd = take_fd(owned), .module = *ret, .root = root };
	DL_APPEND(o->waiting, w);
	o->n_waiting++;
	return 0;
}

static bool has_room(const struct opener *o)
{
	return binaries_n_pending(o->binaries) < BINARIES_MAX_PENDING;
}

int opener_hand_in(struct opener *o)
{
	recent_files_expire(&o->recent, clock_now_ns(CLOCK_MONOTONIC));
	while (o->waiting && has_room(o)) {
		struct waiting_file *w = o->waiting;
		struct binary *binary = NULL;
		const char *reason = NULL;
		const char *path = modules_get(o->modules, w->module)->path;
		int r = hand_in(o, take_fd(w->fd), path, w->root, &binary, &reason);

		if (r < 0)
			return r;
		modules_set_binary(o->modules, w->module, binary, reason);
		waiting_free(o, w);
	}
	return 0;
}

void opener_keep(const struct opener *o)
{
	const struct waiting_file *w;

	DL_FOREACH (o->waiting, w)
		modules_keep(o->modules, w->module);
	for (size_t i = 0; i < RECENT_FILES; i++)
		if (o->recent.all[i].fd >= 0)
			modules_keep(o->modules, o->recent.all[i].module);
}

static bool is_root_used(const struct opener *o, uint32_t root)
{
	const struct waiting_file *w;

	DL_FOREACH (o->waiting, w)
		if (w->root == root)
			return true;
	return binaries_has_root(o->binaries, root);
}

void opener_forget_roots(struct opener *o)
{
	for (uint32_t root = 1; root <= o->debug_roots.n; root++)
		if (!is_root_used(o, root))
			debug_roots_drop(&o->debug_roots, root);
}

static int read_stamp(int fd, struct file_stamp *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct file_stamp){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.n_bytes = (uint64_t)st.st_size,
		.modified_ns = (uint64_t)st.st_mtim.tv_sec * NS_PER_S + (uint64_t)st.st_mtim.tv_nsec,
	};
	return 0;
}

/* Keeps a descriptor for a while, and what the file can be known by later; takes fd. */
static void remember(struct opener *o, uint32_t tgid, const struct mapped_file *file, int fd)
{
	_cleanup_close_ int owned = fd;
	struct file_stamp stamp;
	int root_fd = -1;

	if (file->binary_slot == MODULE_NONE || fd < 0 || read_stamp(fd, &stamp) < 0)
		return;
	if (!is_on_host(o, file))
		root_fd = open_root(o, tgid, file);
	modules_set_stamp(o->modules, file->binary_slot, &stamp);
	recent_files_put(&o->recent, file->binary_slot, take_fd(owned), root_fd, clock_now_ns(CLOCK_MONOTONIC));
}

/* By its first bytes, as the kernel tells it: nothing is parsed. */
static bool is_elf(int fd)
{
	char magic[SELFMAG];

	return fs_pread_all(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* The root whose debug files count for it, and for no other root's processes; 0: none but the host's do. */
static uint32_t debug_root_of(struct opener *o, uint32_t tgid, const struct mapped_file *file)
{
	_cleanup_close_ int fd = -1;

	if (!root_id_is_known(&file->root) || is_on_host(o, file))
		return 0;
	fd = open_root(o, tgid, file);
	return fd < 0 ? 0 : debug_roots_number(&o->debug_roots, &file->root, fd, file->path);
}

/* A file that is open: its module; takes fd. */
static int find_module(struct opener *o, uint32_t tgid, struct mapped_file *file, int fd, uint32_t *ret,
		       const char **ret_reason)
{
	struct binary *binary = NULL;
	uint32_t root;
	int r;

	file->is_no_elf = !is_elf(fd);
	if (file->is_no_elf) {
		close_fd(fd);
		return modules_add(o->modules, file->path, NULL, reason_no_elf, ret);
	}
	root = debug_root_of(o, tgid, file);
	if (o->waiting || !has_room(o))
		return hold(o, fd, root, file, ret);
	r = hand_in(o, fd, file->path, root, &binary, ret_reason);
	return r == 0 ? modules_add(o->modules, file->path, binary, *ret_reason, ret) : r;
}

static int open_vdso(struct opener *o, struct mapped_file *file)
{
	int r;

	file->wants_opening = false;
	r = modules_add(o->modules, file->path, o->vdso, NULL, &file->binary_slot);
	if (r == 0)
		modules_set_asked(o->modules, file->binary_slot); /* nobody has debug info of it */
	return r;
}

int opener_open(struct opener *o, const struct new_file *new_file)
{
	struct mapped_file *file = new_file->file;
	const char *reason = NULL;
	int fd = -1, kept_fd, r;

	if (strcmp(file->path, "[vdso]") == 0)
		return open_vdso(o, file);
	r = open_file(o, new_file, &file, &fd);
	if (r == -ENOMEM)
		return r;
	file->wants_opening = false;
	if (r != 0) {
		reason = reason_of(r);
		file->wants_opening = reason == reason_gone; /* the next process that has it may live longer */
		return modules_add(o->modules, file->path, NULL, reason, &file->binary_slot);
	}
	kept_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = find_module(o, new_file->tgid, file, fd, &file->binary_slot, &reason);
	if (r == 0)
		modules_note_root(o->modules, file->binary_slot, &file->root);
	remember(o, new_file->tgid, file, kept_fd); /* which may be a copy: new_file's is gone then */
	file->wants_opening = reason == reason_gone;
	return r;
}

static int open_again(const struct opener *o, const struct opener_place *place, int *ret)
{
	const struct new_file as_new = { .file = (struct mapped_file *)(uintptr_t)place->file, .tgid = place->tgid };
	_cleanup_close_ int process_fd = -1;
	char name[16];

	snprintf(name, sizeof(name), "%u", place->tgid);
	process_fd = openat(o->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process_fd >= 0 && open_mapped(process_fd, place->start, place->end, place->file, ret) == 0)
		return 0;
	if (process_fd >= 0 && open_by_name(o, process_fd, &as_new, ret) == 0)
		return 0;
	return open_on_host(o, place->file, ret);
}

int opener_reopen(struct opener *o, const struct opener_place *place, int *ret)
{
	const struct file_stamp *meant = modules_stamp(o->modules, place->module);
	const struct recent_file *recent = recent_files_find(&o->recent, place->module);
	_cleanup_close_ int fd = -1;
	struct file_stamp stamp;

	if (strcmp(place->file->path, "[vdso]") == 0)
		return mapped_file_open_vdso(ret);
	if (recent) {
		fd = fcntl(recent->fd, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return -errno;
	} else if (open_again(o, place, &fd) != 0 || read_stamp(fd, &stamp) < 0 ||
		   memcmp(&stamp, meant, sizeof(stamp)) != 0) {
		return -ENOENT;
	}
	*ret = take_fd(fd);
	return 0;
}

int opener_open_root(const struct opener *o, const struct opener_place *place, bool *ret_is_on_host)
{
	const struct recent_file *recent = recent_files_find(&o->recent, place->module);
	int fd;

	*ret_is_on_host = is_on_host(o, place->file);
	if (*ret_is_on_host)
		return -1;
	fd = open_root(o, place->tgid, place->file);
	if (fd < 0 && recent && recent->root_fd >= 0)
		fd = fcntl(recent->root_fd, F_DUPFD_CLOEXEC, 0);
	return fd;
}
