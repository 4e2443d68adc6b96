// SPDX-License-Identifier: Apache-2.0
#include "agent/host-facts.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/parse.h"

#define FILE_LIMIT_BYTES (256 * 1024) /* /proc/stat of a machine with 4096 CPUs is about 200 KiB of cpu lines */

bool host_has_capability(const struct host_facts *f, int capability)
{
	return f->capabilities >> capability & 1;
}

/* bpf_capable(), perfmon_capable() and checkpoint_restore_ns_capable() of include/linux/capability.h */
bool host_capable(const struct host_facts *f, int capability)
{
	bool covered = capability == CAP_BPF || capability == CAP_PERFMON || capability == CAP_CHECKPOINT_RESTORE;

	return host_has_capability(f, capability) || (covered && host_has_capability(f, CAP_SYS_ADMIN));
}

/* The rest of the line that begins with `key`, or NULL. */
static const char *find_line(const char *text, const char *key)
{
	size_t size = strlen(key);

	while (text && strncmp(text, key, size) != 0) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? text + size : NULL;
}

static int number_after(const char *text, const char *key, unsigned int base, uint64_t *ret)
{
	const char *p = find_line(text, key);

	if (!p)
		return -EBADMSG;
	p += strspn(p, " \t");
	return parse_u64_at(&p, p + strlen(p), base, ret) < 0 ? -EBADMSG : 0;
}

int host_parse_status(const char *text, uint64_t *ret_capabilities, int64_t *ret_seccomp)
{
	uint64_t capabilities, seccomp;
	int r;

	r = number_after(text, "CapEff:", 16, &capabilities);
	if (r < 0)
		return r;
	r = number_after(text, "Seccomp:", 10, &seccomp);
	if (r < 0)
		seccomp = 0; /* a kernel without CONFIG_SECCOMP has no such line */
	if (seccomp > INT64_MAX)
		return -EBADMSG;
	*ret_capabilities = capabilities;
	*ret_seccomp = (int64_t)seccomp;
	return 0;
}

int host_parse_lockdown(const char *text, enum lockdown *ret)
{
	static const char *const words[] = { "[none]", "[integrity]", "[confidentiality]" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strstr(text, words[i])) {
			*ret = (enum lockdown)i;
			return 0;
		}
	}
	return -EBADMSG;
}

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guest time is within user and nice. */
int host_parse_steal(const char *text, uint64_t *ret_permyriad)
{
	enum {
		STEAL = 7,
		N_FIELDS
	};
	const char *p = find_line(text, "cpu ");
	uint64_t total = 0, ticks = 0;

	if (!p)
		return -EBADMSG;
	for (int i = 0; i < N_FIELDS; i++) {
		p += strspn(p, " ");
		if (parse_u64_at(&p, p + strlen(p), 10, &ticks) < 0)
			return -EBADMSG;
		if (__builtin_add_overflow(total, ticks, &total))
			return -EBADMSG;
	}
	if (__builtin_mul_overflow(ticks, 10000, &ticks))
		return -EBADMSG;
	*ret_permyriad = total ? ticks / total : 0;
	return 0;
}

/* "pid:[4026531836]" */
int host_parse_namespace(const char *link, uint64_t *ret_inode)
{
	const char *p = strchr(link, '[');
	uint64_t inode;

	if (!p)
		return -EBADMSG;
	p++;
	if (parse_u64_at(&p, p + strlen(p), 10, &inode) < 0 || strcmp(p, "]") != 0)
		return -EBADMSG;
	*ret_inode = inode;
	return 0;
}

int host_parse_number(const char *text, int64_t *ret)
{
	bool negative = text[0] == '-';
	const char *p = text + negative;
	uint64_t value;

	if (parse_u64_at(&p, p + strlen(p), 10, &value) < 0 || value > INT64_MAX)
		return -EBADMSG;
	if (strcmp(p, "\n") != 0 && strcmp(p, "") != 0)
		return -EBADMSG;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return 0;
}

int host_parse_cpu_count(const char *text, uint64_t *ret)
{
	bool cpus[8192]; /* the largest CONFIG_NR_CPUS */
	uint64_t n = 0;

	if (parse_cpu_list(text, cpus, ARRAY_SIZE(cpus)) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++)
		n += cpus[i];
	if (n == 0)
		return -EBADMSG;
	*ret = n;
	return 0;
}

/* Lines of /proc/PID/cgroup are HIERARCHY:CONTROLLERS:PATH; hierarchy 0 is cgroup v2. */
void host_parse_cgroup_modes(const char *text, bool *ret_v1, bool *ret_v2)
{
	bool v1 = false, v2 = false;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::", 3) == 0)
			v2 = true;
		else if (*line >= '1' && *line <= '9')
			v1 = true;
	}
	*ret_v1 = v1;
	*ret_v2 = v2;
}

static struct fact fact_of(int error, int64_t value)
{
	return (struct fact){ .error = error, .value = error ? 0 : value };
}

static struct fact read_number(int dirfd, const char *path)
{
	_cleanup_(buf_done) struct buf text = {};
	int64_t value = 0;
	int r;

	r = fs_read(dirfd, path, FILE_LIMIT_BYTES, &text);
	if (r == 0)
		r = host_parse_number(text.data, &value);
	return fact_of(r, value);
}

static struct fact read_namespace(int proc_fd, const char *path)
{
	char link[64] = "";
	uint64_t inode = 0;
	ssize_t n;
	int r;

	n = readlinkat(proc_fd, path, link, sizeof(link) - 1);
	r = n < 0 ? -errno : host_parse_namespace(link, &inode);
	return fact_of(r, (int64_t)inode);
}

static struct fact read_lockdown(int sys_fd)
{
	_cleanup_(buf_done) struct buf text = {};
	enum lockdown lockdown = LOCKDOWN_NONE;
	int r;

	r = fs_read(sys_fd, "kernel/security/lockdown", FILE_LIMIT_BYTES, &text);
	if (r == 0)
		r = host_parse_lockdown(text.data, &lockdown);
	return fact_of(r, lockdown);
}

static struct fact read_steal(int proc_fd)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t permyriad = 0;
	int r;

	r = fs_read(proc_fd, "stat", 64 * FILE_LIMIT_BYTES, &text);
	if (r == 0)
		r = host_parse_steal(text.data, &permyriad);
	return fact_of(r, (int64_t)permyriad);
}

static uint64_t read_cpu_count(int sys_fd, const char *path)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t n;

	if (fs_read(sys_fd, path, FILE_LIMIT_BYTES, &text) < 0 || host_parse_cpu_count(text.data, &n) < 0)
		return 0;
	return n;
}

static int readable(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	close_fd(fd);
	return 0;
}

/* AppArmor and SELinux both answer here; without either the kernel says EINVAL. */
static void read_lsm_label(int proc_fd, char *ret, size_t size)
{
	_cleanup_(buf_done) struct buf text = {};

	ret[0] = 0;
	if (fs_read(proc_fd, "self/attr/current", FILE_LIMIT_BYTES, &text) < 0)
		return;
	snprintf(ret, size, "%.*s", (int)strcspn(text.data, "\n"), text.data);
}

static void read_cgroups(int proc_fd, struct host_facts *f)
{
	_cleanup_(buf_done) struct buf text = {};

	if (fs_read(proc_fd, "self/cgroup", FILE_LIMIT_BYTES, &text) == 0)
		host_parse_cgroup_modes(text.data, &f->cgroup_v1, &f->cgroup_v2);
	f->cgroup_answer = cgroup_choose_hierarchy(proc_fd, &f->cgroup);
}

static uint64_t limit_of(rlim_t limit)
{
	return limit == RLIM_INFINITY ? UINT64_MAX : limit;
}

static void read_limits(struct host_facts *f)
{
	struct rlimit limit = {};

	getrlimit(RLIMIT_NOFILE, &limit); /* fails for a bad address only */
	f->nofile_soft = limit_of(limit.rlim_cur);
	f->nofile_hard = limit_of(limit.rlim_max);
	getrlimit(RLIMIT_MEMLOCK, &limit);
	f->memlock_bytes = limit_of(limit.rlim_cur);
	f->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
}

static int read_process(int proc_fd, struct host_facts *f)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = fs_read(proc_fd, "self/status", FILE_LIMIT_BYTES, &text);
	if (r < 0)
		return r;
	return host_parse_status(text.data, &f->capabilities, &f->seccomp);
}

int host_facts_read(int proc_fd, int sys_fd, struct host_facts *ret)
{
	struct host_facts f = {};
	struct utsname host = {};
	int r;

	r = read_process(proc_fd, &f);
	if (r < 0)
		return r; /* without /proc nothing can be profiled, nor said */
	uname(&host);
	snprintf(f.kernel_release, sizeof(f.kernel_release), "%s", host.release);
	snprintf(f.machine, sizeof(f.machine), "%s", host.machine);

	f.perf_paranoid = read_number(proc_fd, "sys/kernel/perf_event_paranoid");
	f.max_sample_rate = read_number(proc_fd, "sys/kernel/perf_event_max_sample_rate");
	f.mlock_kb = read_number(proc_fd, "sys/kernel/perf_event_mlock_kb");
	f.kptr_restrict = read_number(proc_fd, "sys/kernel/kptr_restrict");
	f.unprivileged_bpf_disabled = read_number(proc_fd, "sys/kernel/unprivileged_bpf_disabled");
	f.pid_namespace = read_namespace(proc_fd, "self/ns/pid");
	f.user_namespace = read_namespace(proc_fd, "self/ns/user");
	f.steal_permyriad = read_steal(proc_fd);
	f.modules_error = readable(proc_fd, "modules");
	f.kallsyms_error = readable(proc_fd, "kallsyms");
	read_lsm_label(proc_fd, f.lsm_label, sizeof(f.lsm_label));
	read_cgroups(proc_fd, &f);

	f.btf_error = readable(sys_fd, "kernel/btf/vmlinux");
	f.notes_error = readable(sys_fd, "kernel/notes");
	f.lockdown = read_lockdown(sys_fd);
	f.selinux_enforce = read_number(sys_fd, "fs/selinux/enforce");
	f.n_online = read_cpu_count(sys_fd, "devices/system/cpu/online");
	f.n_possible = read_cpu_count(sys_fd, "devices/system/cpu/possible");
	read_limits(&f);
	*ret = f;
	return 0;
}
