// SPDX-License-Identifier: Apache-2.0
#include "agent/jvm-attach.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/mapped-file.h"
#include "workload/proc-parse.h"

#define PROC_LIMIT_BYTES ((size_t)16 << 20) /* maps of a JVM with many libraries: some 100 KB */
#define CHUNK_BYTES ((size_t)1 << 20)
#define POLL_NS (50 * NS_PER_MS)
#define NAME_BYTES 64

/* The JVM as it was found. The pidfd keeps its PID from meaning somebody else. */
struct jvm {
	int pidfd, proc_fd, root_fd;
	struct proc_status status;
	bool made_trigger;
};

static void jvm_done(struct jvm *v)
{
	close_fd(v->pidfd);
	close_fd(v->proc_fd);
	close_fd(v->root_fd);
}

static bool is_gone(const struct jvm *v)
{
	struct pollfd p = { .fd = v->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* What a failed look into /proc/PID means. */
static int explain(const struct jvm *v, int r)
{
	if (r == -ENOENT || r == -ESRCH || is_gone(v))
		return JVM_GONE;
	return r;
}

static int open_process(pid_t pid, struct jvm *v)
{
	char path[NAME_BYTES];

	v->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (v->pidfd < 0)
		return errno == ESRCH || errno == EINVAL ? JVM_GONE : -errno;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	v->proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (v->proc_fd < 0)
		return explain(v, -errno);
	v->root_fd = openat(v->proc_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return v->root_fd < 0 ? explain(v, -errno) : 0;
}

static int read_proc(const struct jvm *v, const char *name, struct buf *ret)
{
	int r = fs_read(v->proc_fd, name, PROC_LIMIT_BYTES, ret);

	return r < 0 ? explain(v, r) : 0;
}

static bool is_libjvm(const struct proc_mapping *m)
{
	static const char name[] = "/libjvm.so";
	const size_t size = sizeof(name) - 1;

	return m->is_executable && m->name_size > size && memcmp(m->name + m->name_size - size, name, size) == 0;
}

/* The library that makes it a JVM. */
static int find_libjvm(const struct jvm *v, struct proc_mapping *ret)
{
	_cleanup_(buf_done) struct buf maps = {};
	const char *line, *end;
	int r;

	r = read_proc(v, "maps", &maps);
	if (r != 0)
		return r;
	for (line = maps.data; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (proc_parse_mapping(line, (size_t)(end - line), ret) == 0 && is_libjvm(ret))
			return 0;
	}
	return JVM_NONE;
}

/* Do these bytes lie anywhere in the file? */
static int contains(int fd, const char *text, size_t size)
{
	_cleanup_free_ char *chunk = malloc(CHUNK_BYTES);
	uint64_t offset = 0;
	ssize_t n;

	if (!chunk)
		return -ENOMEM;
	do {
		n = fs_pread_all(fd, chunk, CHUNK_BYTES, offset);
		if (n > 0 && memmem(chunk, (size_t)n, text, size))
			return 1;
		offset += CHUNK_BYTES - size; /* it may lie across two chunks */
	} while (n == (ssize_t)CHUNK_BYTES);
	return n < 0 ? (int)n : 0;
}

/* A HotSpot that has what is asked for: an older one, or another maker's, does not know the words. */
static int check_version(const struct jvm *v, const struct proc_mapping *libjvm, const char *command)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = mapped_file_open(v->proc_fd, libjvm->start, libjvm->end, &fd);
	if (r != 0)
		return r < 0 ? explain(v, r) : JVM_NONE;
	r = contains(fd, command, strlen(command) + 1);
	if (r < 0)
		return r;
	return r ? 0 : JVM_TOO_OLD;
}

/* Options that it was started with, be it by its environment. */
static int has_option(const struct jvm *v, const char *option)
{
	static const char *const places[] = { "cmdline", "environ" };
	_cleanup_(buf_done) struct buf text = {};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int r = read_proc(v, places[i], &text);

		if (r != 0)
			return r < 0 ? r : -ESRCH;
		if (memmem(text.data, text.size, option, strlen(option)))
			return 1;
	}
	return 0;
}

static int check_options(const struct jvm *v)
{
	int r = has_option(v, "-XX:+DisableAttachMechanism");

	if (r < 0)
		return explain(v, r);
	return r ? JVM_DISABLED : 0;
}

static int read_status(struct jvm *v)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = read_proc(v, "status", &text);

	return r == 0 ? proc_parse_status(text.data, text.size, &v->status) : r;
}

static int examine(struct jvm *v, const struct jvm_request *request)
{
	struct proc_mapping libjvm;
	int r;

	r = open_process(request->pid, v);
	if (r == 0)
		r = find_libjvm(v, &libjvm);
	if (r == 0)
		r = check_version(v, &libjvm, request->command);
	if (r == 0)
		r = check_options(v);
	return r == 0 ? read_status(v) : r;
}

/* Opens below the process's root, through no link of its making. */
static int open_in_root(const struct jvm *v, const char *path, uint64_t flags, uint64_t mode)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, v->root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int make_trigger(struct jvm *v, const char *path)
{
	_cleanup_close_ int fd = open_in_root(v, path, O_CREAT | O_EXCL | O_WRONLY, 0600);

	if (fd == -EEXIST)
		return 0; /* somebody else is attaching, or did not clean up */
	if (fd < 0)
		return explain(v, fd);
	v->made_trigger = true;
	/* The JVM heeds only what is its user's. */
	return fchown(fd, v->status.uid, v->status.gid) < 0 ? -errno : 0;
}

static void remove_trigger(const struct jvm *v, const char *path)
{
	if (v->made_trigger)
		unlinkat(v->root_fd, path,
			 0); /* of the JVM's making are only links, and unlink follows none at the end */
}

/* It has not changed since it was examined: a program that it may have executed meanwhile catches nothing yet. */
static int send_quit(struct jvm *v)
{
	int r = read_status(v);

	if (r != 0)
		return r;
	if (!(v->status.caught_signals & 1ULL << (SIGQUIT - 1)))
		return JVM_NO_SIGNALS;
	if (syscall(SYS_pidfd_send_signal, v->pidfd, SIGQUIT, NULL, 0) < 0)
		return explain(v, -errno);
	return 0;
}

/* The JVM looks at who connects: itself, that is its user and group, will do in any user namespace. */
static int connect_as(const struct jvm *v, int fd, const struct sockaddr_un *address)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r;

	if (setegid(v->status.gid) < 0 || seteuid(v->status.uid) < 0)
		r = -errno;
	else
		r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	if (seteuid(uid) < 0 || setegid(gid) < 0)
		return -errno;
	return r;
}

/* 0 and the connected socket; JVM_SILENT: nobody listens there. */
static int try_connect(const struct jvm *v, const char *path, int *ret)
{
	_cleanup_close_ int file_fd = open_in_root(v, path, O_PATH, 0), fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int r;

	if (file_fd == -ENOENT)
		return JVM_SILENT;
	if (file_fd == -ELOOP)
		return JVM_FOREIGN_FILE;
	if (file_fd < 0)
		return explain(v, file_fd);
	if (fstat(file_fd, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != v->status.uid)
		return JVM_FOREIGN_FILE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", file_fd);
	r = connect_as(v, fd, &address);
	if (r == 0)
		*ret = take_fd(fd);
	return r == -ECONNREFUSED ? JVM_SILENT : r;
}

static int wait_until_it_listens(const struct jvm *v, const char *path, uint64_t until_ns, int *ret)
{
	static const struct timespec pause = { .tv_nsec = POLL_NS };
	int r;

	while ((r = try_connect(v, path, ret)) == JVM_SILENT) {
		if (is_gone(v))
			return JVM_GONE;
		if (clock_now_ns(CLOCK_MONOTONIC) > until_ns)
			return JVM_SILENT;
		nanosleep(&pause, NULL);
	}
	return r;
}

/* Makes it listen. */
static int wake(struct jvm *v, const char *socket_path, uint64_t until_ns, int *ret)
{
	char trigger[NAME_BYTES];
	int r;

	snprintf(trigger, sizeof(trigger), "tmp/.attach_pid%u", v->status.ns_pid);
	r = make_trigger(v, trigger);
	if (r == 0)
		r = send_quit(v);
	if (r == 0)
		r = wait_until_it_listens(v, socket_path, until_ns, ret);
	remove_trigger(v, trigger);
	return r;
}

static uint64_t deadline_ns(const struct jvm_request *request)
{
	return clock_now_ns(CLOCK_MONOTONIC) + request->timeout_s * NS_PER_S;
}

static int open_connection(struct jvm *v, const struct jvm_request *request, int *ret)
{
	char path[NAME_BYTES];
	int r;

	snprintf(path, sizeof(path), "tmp/.java_pid%u", v->status.ns_pid);
	r = try_connect(v, path, ret);
	return r == JVM_SILENT ? wake(v, path, deadline_ns(request), ret) : r;
}

/* Version 1 of the protocol: the command and three arguments, each with its NUL. */
static int send_command(int fd, const char *command)
{
	_cleanup_(buf_done) struct buf message = {};
	int r;

	r = buf_add(&message, "1\0jcmd", sizeof("1\0jcmd"));
	if (r == 0)
		r = buf_add(&message, command, strlen(command) + 1);
	if (r == 0)
		r = buf_add(&message, "\0", 2);
	if (r < 0)
		return r;
	if (send(fd, message.data, message.size, MSG_NOSIGNAL) != (ssize_t)message.size)
		return errno == EPIPE || errno == ECONNRESET ? JVM_SILENT : -errno;
	return 0;
}

/* All of the answer that fits, until it closes the connection. */
static int receive_answer(const struct jvm *v, int fd, uint64_t until_ns, char *text, size_t size)
{
	size_t n = 0;

	for (;;) {
		uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
		struct pollfd p = { .fd = fd, .events = POLLIN };
		char drop[256];
		ssize_t got;

		if (now_ns >= until_ns || poll(&p, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1) <= 0)
			return JVM_SILENT;
		got = n < size - 1 ? read(fd, text + n, size - 1 - n) : read(fd, drop, sizeof(drop));
		if (got <= 0)
			break;
		if (n < size - 1)
			n += (size_t)got;
	}
	text[n] = 0;
	if (n == 0)
		return is_gone(v) ? JVM_GONE : JVM_SILENT;
	return 0;
}

static void make_printable(char *text)
{
	text[strcspn(text, "\r\n")] = 0;
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

/* The answer is a line with the result's number, then text. */
static int read_answer(const struct jvm *v, int fd, uint64_t until_ns, char ret_text[static JVM_TEXT_BYTES])
{
	char answer[JVM_TEXT_BYTES];
	char *text;
	int r;

	r = receive_answer(v, fd, until_ns, answer, sizeof(answer));
	if (r != 0)
		return r;
	text = strchr(answer, '\n');
	snprintf(ret_text, JVM_TEXT_BYTES, "%s", text ? text + 1 : "");
	make_printable(ret_text);
	return answer[0] == '0' && (answer[1] == '\n' || !answer[1]) ? 0 : JVM_REFUSED;
}

int jvm_attach(const struct jvm_request *request, char ret_text[static JVM_TEXT_BYTES])
{
	_cleanup_(jvm_done) struct jvm v = { .pidfd = -1, .proc_fd = -1, .root_fd = -1 };
	_cleanup_close_ int fd = -1;
	int r;

	ret_text[0] = 0;
	r = examine(&v, request);
	if (r == 0)
		r = open_connection(&v, request, &fd);
	if (r == 0)
		r = send_command(fd, request->command);
	return r == 0 ? read_answer(&v, fd, deadline_ns(request), ret_text) : r;
}
