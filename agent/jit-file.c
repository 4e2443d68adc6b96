// SPDX-License-Identifier: Apache-2.0
#include "agent/jit-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/mapped-file.h"
#include "workload/proc-snapshot.h"
#include "workload/process.h"

#define CLOCK_SLACK_NS NS_PER_S /* times of files have the clock tick's grain, and the two clocks are read apart */

static const char reason_not_regular[] = "not a regular file";
static const char reason_denied[] = "may not be opened";
static const char reason_owner[] = "belongs to another user";
static const char reason_old[] = "older than the process";
static const char reason_links[] = "symbolic links that lead nowhere";
static const char reason_other[] = "cannot be opened";

static uint64_t to_realtime(uint64_t boottime_ns)
{
	uint64_t ago_ns = clock_now_ns(CLOCK_BOOTTIME) - boottime_ns;

	return boottime_ns ? clock_now_ns(CLOCK_REALTIME) - ago_ns : 0;
}

void jit_process_refresh(struct jit_process *p, int proc_fd)
{
	_cleanup_close_ int root_fd = -1, tmp_fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "%u/root", p->tgid);
	root_fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0 || fs_open_dir_in_root(root_fd, "tmp", &tmp_fd) < 0)
		return;
	jit_process_done(p);
	p->root_fd = take_fd(root_fd);
	p->tmp_fd = take_fd(tmp_fd);
}

int jit_process_read(int proc_fd, uint32_t tgid, uint64_t begun_ns, struct jit_process *ret)
{
	struct proc_status status;
	int r;

	r = proc_read_status(proc_fd, tgid, &status);
	if (r != 0)
		return r == -ENOMEM ? r : JIT_FILE_NONE;
	*ret = (struct jit_process){
		.tgid = tgid,
		.ns_pid = status.ns_pid,
		.uid = status.uid,
		.root_fd = -1,
		.tmp_fd = -1,
		.begun_real_ns = to_realtime(begun_ns),
	};
	jit_process_refresh(ret, proc_fd);
	return 0;
}

void jit_process_done(struct jit_process *p)
{
	p->root_fd = close_fd(p->root_fd);
	p->tmp_fd = close_fd(p->tmp_fd);
}

void jit_file_perf_map_path(const struct jit_process *p, char ret[static JIT_FILE_PATH_BYTES])
{
	snprintf(ret, JIT_FILE_PATH_BYTES, "/tmp/perf-%u.map", p->ns_pid);
}

static const char *reason_of(int r)
{
	switch (r) {
	case FS_NOT_REGULAR:
		return reason_not_regular;
	case -EACCES:
	case -EPERM:
		return reason_denied;
	case -ELOOP:
		return reason_links;
	default:
		return reason_other;
	}
}

/* A link must lead to a file of the process's user: root's are not his to show. */
static int open_linked(const struct jit_process *p, const char *path, uid_t link_uid, int *ret, const char **ret_reason)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (link_uid != p->uid && link_uid != 0) {
		*ret_reason = reason_owner;
		return JIT_FILE_REFUSED;
	}
	r = fs_open_in_root(p->root_fd, path, &fd);
	if (r == 0 && (fstat(fd, &st) < 0 || st.st_uid != p->uid)) {
		*ret_reason = reason_owner;
		return JIT_FILE_REFUSED;
	}
	if (r != 0) {
		*ret_reason = r == -ENOENT ? reason_links : reason_of(r);
		return JIT_FILE_REFUSED;
	}
	*ret = take_fd(fd);
	return 0;
}

/* A hard link to a file of root's, made where the kernel allows that, is not his to show either. */
static bool is_owned(const struct jit_process *p, const struct stat *st)
{
	return st->st_uid == p->uid || (st->st_uid == 0 && st->st_nlink <= 1);
}

static int open_unchecked(const struct jit_process *p, const char *path, int *ret, const char **ret_reason)
{
	uid_t link_uid = 0;
	int r = p->tmp_fd < 0 ? -ENOENT : fs_open_in_root_nofollow(p->tmp_fd, strrchr(path, '/') + 1, ret, &link_uid);

	if (r == 0)
		return 0;
	if (r == -ENOENT)
		return JIT_FILE_NONE;
	if (r == FS_SYMLINK)
		return open_linked(p, path, link_uid, ret, ret_reason);
	*ret_reason = reason_of(r);
	return JIT_FILE_REFUSED;
}

static uint64_t modified_ns(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * NS_PER_S + (uint64_t)st->st_mtim.tv_nsec;
}

/* PIDs are used again, and nobody removes the maps. */
int jit_file_open_perf_map(const struct jit_process *p, int *ret, const char **ret_reason)
{
	char path[JIT_FILE_PATH_BYTES];
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	jit_file_perf_map_path(p, path);
	r = open_unchecked(p, path, &fd, ret_reason);
	if (r != 0)
		return r;
	if (fstat(fd, &st) < 0 || !is_owned(p, &st))
		*ret_reason = reason_owner;
	else if (modified_ns(&st) + CLOCK_SLACK_NS < p->begun_real_ns)
		*ret_reason = reason_old;
	else
		*ret = take_fd(fd);
	return fd < 0 ? 0 : JIT_FILE_REFUSED;
}

/* jit-PID.dump; whose PID does not matter: it is mapped to be found. */
static bool is_jitdump_name(const char *path)
{
	const char *p = basename(path);

	if (strncmp(p, "jit-", 4) != 0)
		return false;
	p += 4;
	return strspn(p, "0123456789") > 0 && strcmp(p + strspn(p, "0123456789"), ".dump") == 0;
}

static const struct mapping *find_jitdump(const struct process *process)
{
	struct live_mappings live;

	process_live_mappings(process, &live);
	for (size_t i = 0; i < live.n; i++) {
		if (live.all[i].file && is_jitdump_name(live.all[i].file->path))
			return &live.all[i];
	}
	return NULL;
}

int jit_file_open_jitdump(const struct jit_process *p, int proc_fd, const struct process *process, int *ret,
			  char ret_name[static JIT_FILE_PATH_BYTES], const char **ret_reason)
{
	const struct mapping *m = find_jitdump(process);
	_cleanup_close_ int process_fd = -1, fd = -1;
	char pid[16];
	struct stat st;
	int r;

	if (!m)
		return JIT_FILE_NONE;
	snprintf(ret_name, JIT_FILE_PATH_BYTES, "%s", m->file->path);
	snprintf(pid, sizeof(pid), "%u", p->tgid);
	process_fd = openat(proc_fd, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process_fd < 0)
		return JIT_FILE_NONE;
	r = mapped_file_open(process_fd, m->start, m->end, &fd);
	if (r == -ENOENT) /* unmapped just now */
		return JIT_FILE_NONE;
	if (r != 0)
		*ret_reason = reason_of(r);
	else if (fstat(fd, &st) < 0 || !is_owned(p, &st))
		*ret_reason = reason_owner;
	else
		*ret = take_fd(fd);
	return r == 0 && fd < 0 ? 0 : JIT_FILE_REFUSED;
}

bool jit_file_is_hint(const char *mapping_name)
{
	size_t size = strlen(mapping_name);
	enum mapping_name kind = mapping_name_classify(mapping_name, &size);

	return kind == MAPPING_NAME_ANONYMOUS || kind == MAPPING_NAME_DELETED || is_jitdump_name(mapping_name);
}
