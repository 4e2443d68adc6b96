// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/child-process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"

#define LAST_WAIT_MS 1000 /* it may hang in a dead file system: init can have it then */
#define PROC_FILE_BYTES ((size_t)64 << 10)

/*
 * First the two of ours, which lie above all that is replaced here (copy_above()). stderr stays, for
 * what libc says at its end.
 */
static int set_files(posix_spawn_file_actions_t *actions, int socket, int given_fd)
{
	int r;

	r = posix_spawn_file_actions_adddup2(actions, socket, CHILD_SOCKET_FD);
	if (r == 0 && given_fd >= 0)
		r = posix_spawn_file_actions_adddup2(actions, given_fd, CHILD_GIVEN_FD);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	return r;
}

/* Its own process group: a ^C at the terminal is not for it. Signals as after boot, whatever the parent did to them. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setflags(attributes,
				     POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setpgroup(attributes, 0);
	if (r == 0)
		r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	return r;
}

static int spawn(const char *path, char *const argv[], int socket, int given_fd, pid_t *ret)
{
	char *const no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r == 0) {
		r = set_files(&actions, socket, given_fd);
		if (r == 0)
			r = set_attributes(&attributes);
		if (r == 0)
			r = posix_spawn(ret, path, &actions, &attributes, argv, no_environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int open_sockets(int *ret_ours, int *ret_theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* A descriptor that no dup2() to the child's numbers can overwrite before it is used itself. */
static int copy_above(int fd, int *ret)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_GIVEN_FD + 1);

	if (copy < 0)
		return -errno;
	*ret = copy;
	return 0;
}

int child_process_start(const char *path, char *const argv[], int given_fd, struct child_process *ret)
{
	_cleanup_close_ int ours = -1, theirs = -1, socket = -1, given = -1;
	struct child_process p = CHILD_PROCESS_NONE;
	int r;

	r = open_sockets(&ours, &theirs);
	if (r < 0)
		return r;
	r = copy_above(theirs, &socket);
	if (r == 0 && given_fd >= 0)
		r = copy_above(given_fd, &given);
	if (r < 0)
		return r;
	r = spawn(path, argv, socket, given, &p.pid);
	if (r < 0)
		return r;
	p.pid_fd = (int)syscall(SYS_pidfd_open, p.pid, 0);
	if (p.pid_fd < 0) {
		r = -errno;
		child_process_done(&p);
		return r;
	}
	p.socket = take_fd(ours);
	*ret = p;
	return 0;
}

static int read_proc(const struct child_process *p, const char *file, struct buf *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)p->pid, file);
	return fs_read(AT_FDCWD, path, PROC_FILE_BYTES, ret);
}

static void read_rss_anon(const struct child_process *p, struct child_usage *ret)
{
	static const char key[] = "\nRssAnon:";
	_cleanup_(buf_done) struct buf text = {};
	const char *at;
	uint64_t kib;

	if (read_proc(p, "status", &text) < 0)
		return;
	at = strstr(text.data, key);
	if (!at)
		return;
	at += sizeof(key) - 1;
	at += strspn(at, " \t");
	if (parse_u64_at(&at, text.data + text.size, 10, &kib) == 0)
		ret->rss_anon_bytes = kib << 10;
}

/* "CPU_NS WAIT_NS SLICES" */
static void read_schedstat(const struct child_process *p, struct child_usage *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t cpu_ns, starved_ns;
	const char *at, *end;

	if (read_proc(p, "schedstat", &text) < 0)
		return;
	at = text.data;
	end = text.data + text.size;
	if (parse_u64_at(&at, end, 10, &cpu_ns) < 0 || at++ == end || parse_u64_at(&at, end, 10, &starved_ns) < 0)
		return;
	ret->cpu_ns = cpu_ns;
	ret->starved_ns = starved_ns;
}

void child_process_usage(const struct child_process *p, struct child_usage *ret)
{
	*ret = (struct child_usage){};
	if (p->pid == 0)
		return;
	read_rss_anon(p, ret);
	read_schedstat(p, ret);
}

void child_process_kill(struct child_process *p)
{
	if (p->pid != 0)
		kill(p->pid, SIGKILL); /* not reaped yet: the number is still its own */
	p->socket = close_fd(p->socket);
}

static void close_process(struct child_process *p)
{
	close_fd(p->socket);
	close_fd(p->pid_fd);
	*p = CHILD_PROCESS_NONE;
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

bool child_process_reap(struct child_process *p, int *ret_status, uint64_t *ret_cpu_ns)
{
	struct rusage usage = {};
	int status = -1;
	pid_t pid;

	if (p->pid == 0)
		return false;
	pid = wait4(p->pid, &status, WNOHANG, &usage);
	if (pid == 0)
		return false;
	*ret_status = pid > 0 ? status : -1; /* -1: who ignores SIGCHLD gets no status */
	*ret_cpu_ns = timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	close_process(p);
	return true;
}

void child_process_done(struct child_process *p)
{
	struct pollfd ended = { .fd = p->pid_fd, .events = POLLIN };
	uint64_t cpu_ns;
	int status;

	child_process_kill(p);
	if (p->pid != 0 && (p->pid_fd < 0 || poll(&ended, 1, LAST_WAIT_MS) > 0))
		child_process_reap(p, &status, &cpu_ns);
	close_process(p);
}
