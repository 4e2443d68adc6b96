// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <nss.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "common/fsutil.h"
#include "common/priority.h"
#include "symbolizer/child-process.h"
#include "symbolizer/sandbox-paths.h"

#define NOBODY 65534
#define OPEN_FILES 16
#define OOM_SCORE "1000" /* first to go: the file is retried or named unreadable, nothing else is lost */

/* The sanitizers' shadow memory counts as data, and their runtimes make calls of their own. */
#ifndef __has_feature
#define __has_feature(x) 0 /* gcc */
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||               \
	__has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static int close_descriptors(const struct sandbox_limits *limits)
{
	return close_range(limits->keeps_given ? CHILD_GIVEN_FD + 1 : CHILD_SOCKET_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

/* Any other way is a library that the filter keeps out. */
static int choose_lookup(const struct sandbox_limits *limits)
{
	return limits->may_connect && __nss_configure_lookup("hosts", "files dns") < 0 ? -errno : 0;
}

/* A terminal's or service manager's signal is for the agent, which may want more answers before it ends us. */
static int ignore_signals(const struct sandbox_limits *limits)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (signal(signals[i], SIG_IGN) == SIG_ERR)
			return -errno;
	}
	return 0;
}

static int raise_oom_score(const struct sandbox_limits *limits)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fs_write_all(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1);
}

static int limit_resources(const struct sandbox_limits *limits)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t limit;
	} resources[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, limits->open_files ? limits->open_files : OPEN_FILES },
		{ RLIMIT_FSIZE, limits->output_bytes },
		{ RLIMIT_DATA, SANITIZED ? RLIM_INFINITY : limits->data_bytes },
	};

	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		struct rlimit limit = { .rlim_cur = resources[i].limit, .rlim_max = resources[i].limit };
		struct rlimit now;

		if (getrlimit(resources[i].resource, &now) < 0)
			return -errno;
		if (limit.rlim_max > now.rlim_max) /* tighter already */
			limit.rlim_cur = limit.rlim_max = now.rlim_max;
		if (setrlimit(resources[i].resource, &limit) < 0)
			return -errno;
	}
	return 0;
}

static int set_priority(const struct sandbox_limits *limits)
{
	struct sched_param param = {};
	int r;

	if (limits->nice <= 0) { /* somebody waits for its answers */
		r = priority_be_prompt(limits->nice);
		/* Of a parent that was told to be nice, and has no privilege to be less so. */
		return r == -EPERM ? priority_be_prompt(getpriority(PRIO_PROCESS, 0)) : r;
	}
	/* A parent that was told to be nicer passes it on, and nobody without privilege may be less so. */
	if (getpriority(PRIO_PROCESS, 0) < limits->nice && setpriority(PRIO_PROCESS, 0, limits->nice) < 0)
		return -errno;
	return sched_setscheduler(0, SCHED_BATCH, &param) < 0 ? -errno : 0;
}

static bool has_capability(cap_value_t capability)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	if (caps)
		cap_get_flag(caps, capability, CAP_EFFECTIVE, &value);
	cap_free(caps);
	return value == CAP_SET;
}

static int become_nobody(const struct sandbox_limits *limits)
{
	if (limits->keeps_user || geteuid() != 0 || !has_capability(CAP_SETUID) || !has_capability(CAP_SETGID))
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	return 0;
}

static int drop_capabilities(const struct sandbox_limits *limits)
{
	cap_t none = cap_init();
	int r = 0;

	if (!none)
		return -ENOMEM;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || cap_set_proc(none) < 0)
		r = -errno;
	cap_free(none);
	return r;
}

/* The death signal comes last: a change of user clears it. */
static int set_process_flags(const struct sandbox_limits *limits)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

static const int allowed_calls[] = {
	/* the loop: receive, read, write, answer */
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(close),
	SCMP_SYS(newfstatat), /* fstat() of glibc 2.33 and later */
	SCMP_SYS(fstat),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	/* libc */
	SCMP_SYS(futex),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(sysinfo), /* qsort() asks how much memory there is */
#if SANITIZED
	SCMP_SYS(write),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_yield),
	SCMP_SYS(tgkill),
	SCMP_SYS(getrandom),
#endif
};

/* Files by name, and what SQLite does to them. */
static const int file_calls[] = {
	SCMP_SYS(open),        SCMP_SYS(openat),
	SCMP_SYS(openat2),     SCMP_SYS(stat),
	SCMP_SYS(lstat),       SCMP_SYS(access),
	SCMP_SYS(faccessat),   SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),    SCMP_SYS(getdents64),
	SCMP_SYS(getcwd),      SCMP_SYS(fchdir),
	SCMP_SYS(lseek),       SCMP_SYS(read),
	SCMP_SYS(write),       SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),   SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),   SCMP_SYS(fchown),
	SCMP_SYS(fchmod),      SCMP_SYS(utimensat),
	SCMP_SYS(flock),       SCMP_SYS(fcntl),
	SCMP_SYS(fstatfs),     SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat),     SCMP_SYS(rename),
	SCMP_SYS(renameat),    SCMP_SYS(renameat2),
	SCMP_SYS(unlink),      SCMP_SYS(unlinkat),
	SCMP_SYS(rmdir),       SCMP_SYS(geteuid),
	SCMP_SYS(getpid),      SCMP_SYS(getrandom),
	SCMP_SYS(nanosleep),   SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sched_yield),
};

/* Sockets, and the threads in which libcurl looks up names. */
static const int connect_calls[] = {
	SCMP_SYS(socket),          SCMP_SYS(socketpair),  SCMP_SYS(pipe2),       SCMP_SYS(eventfd2),
	SCMP_SYS(connect),         SCMP_SYS(bind),        SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),      SCMP_SYS(setsockopt),  SCMP_SYS(sendto),      SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),        SCMP_SYS(shutdown),    SCMP_SYS(poll),        SCMP_SYS(ppoll),
	SCMP_SYS(epoll_create1),   SCMP_SYS(epoll_ctl),   SCMP_SYS(epoll_wait),  SCMP_SYS(epoll_pwait),
	SCMP_SYS(ioctl),           SCMP_SYS(fcntl),       SCMP_SYS(clone),       SCMP_SYS(clone3),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq),        SCMP_SYS(uname),       SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),  SCMP_SYS(sigaltstack), SCMP_SYS(getrandom),   SCMP_SYS(getrusage),
	SCMP_SYS(getpid),          SCMP_SYS(gettid),
};

static int allow_some(scmp_filter_ctx filter)
{
	int r;

	/* Anonymous memory that is no code: no way to map a file, or to run what was written. */
	r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
			     SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_PRIVATE, MAP_ANONYMOUS | MAP_PRIVATE));
	if (r < 0)
		return r;
	r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r < 0)
		return r;
	r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
			     SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU));
	if (r < 0)
		return r;
#if SANITIZED
	/* For a report they want /proc/self/maps, and do without. */
	r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open), 0);
	if (r < 0)
		return r;
#endif
	/* libelf asks so whether a descriptor is open. */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFD));
}

static int allow_file_maps(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, SCMP_A2(SCMP_CMP_EQ, PROT_READ),
				SCMP_A3(SCMP_CMP_EQ, MAP_PRIVATE));
}

static int allow_shared_maps(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				SCMP_A2(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)(PROT_READ | PROT_WRITE), 0),
				SCMP_A3(SCMP_CMP_EQ, MAP_SHARED));
}

static int allow_calls(scmp_filter_ctx filter, const int *calls, size_t n_calls)
{
	for (size_t i = 0; i < n_calls; i++) {
		int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_filter(scmp_filter_ctx filter, const struct sandbox_limits *limits)
{
	int r;

	r = allow_calls(filter, allowed_calls, ARRAY_SIZE(allowed_calls));
	if (r == 0)
		r = allow_calls(filter, limits->calls, limits->n_calls);
	if (r == 0 && limits->may_use_files)
		r = allow_calls(filter, file_calls, ARRAY_SIZE(file_calls));
	if (r == 0 && limits->may_connect)
		r = allow_calls(filter, connect_calls, ARRAY_SIZE(connect_calls));
	if (r == 0)
		r = allow_some(filter);
	if (r == 0 && limits->may_map_files)
		r = allow_file_maps(filter);
	if (r == 0 && limits->may_share_files)
		r = allow_shared_maps(filter);
	if (r < 0)
		return r;
	return seccomp_load(filter);
}

static int filter_calls(const struct sandbox_limits *limits)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return -ENOMEM;
	r = fill_filter(filter, limits);
	seccomp_release(filter);
	return r;
}

/* The order matters: each step may need what a later one takes away. */
static const struct {
	const char *name;
	int (*take)(const struct sandbox_limits *limits);
} steps[] = {
	{ "choosing how names are looked up", choose_lookup },
	{ "closing descriptors", close_descriptors },
	{ "ignoring signals", ignore_signals },
	{ "setting oom_score_adj", raise_oom_score },
	{ "setting resource limits", limit_resources },
	{ "setting the priority", set_priority },
	{ "changing the user", become_nobody },
	{ "dropping capabilities", drop_capabilities },
	{ "setting process flags", set_process_flags },
	{ "restricting paths", sandbox_restrict_paths },
	{ "installing the seccomp filter", filter_calls },
};

int sandbox_enter(const struct sandbox_limits *limits, const char **ret_step)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		r = steps[i].take(limits);
		if (r < 0) {
			*ret_step = steps[i].name;
			return r;
		}
	}
	return 0;
}

int sandbox_arm_cpu_limit(unsigned int seconds)
{
	struct timespec used;
	struct rlimit limit;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0 || getrlimit(RLIMIT_CPU, &limit) < 0)
		return -errno;
	/* Whole seconds only: up to one more is given. */
	limit.rlim_cur = (rlim_t)used.tv_sec + 1 + seconds;
	return setrlimit(RLIMIT_CPU, &limit) < 0 ? -errno : 0;
}
