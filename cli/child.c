// SPDX-License-Identifier: Apache-2.0
#include "cli/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void run(char *const argv[], const struct invoker *who, int gate_fd, int error_fd)
{
	sigset_t none;
	char go;
	int e;

	if (read(gate_fd, &go, 1) != 1)
		_exit(127); /* the recording never began */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	e = invoker_become(who);
	if (e == 0) {
		execvp(argv[0], argv);
		e = -errno;
	}
	if (write(error_fd, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

int child_fork(char *const argv[], const struct invoker *who, struct child *ret)
{
	int gate[2], error[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(error, O_CLOEXEC) < 0) {
		int e = -errno;

		close_fd(gate[0]);
		close_fd(gate[1]);
		return e;
	}
	pid = fork();
	if (pid == 0) {
		close_fd(gate[1]);
		close_fd(error[0]);
		run(argv, who, gate[0], error[1]);
	}
	close_fd(gate[0]);
	close_fd(error[1]);
	*ret = (struct child){ .pid = pid, .pidfd = -1, .gate_fd = gate[1], .error_fd = error[0] };
	if (pid < 0)
		goto undo;
	ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (ret->pidfd < 0)
		goto undo;
	return 0;

undo:
	pid = -errno;
	child_done(ret);
	return pid;
}

int child_release(struct child *c)
{
	int e = 0;
	ssize_t n;

	if (write(c->gate_fd, "", 1) != 1)
		return -errno;
	c->gate_fd = close_fd(c->gate_fd);
	do
		n = read(c->error_fd, &e, sizeof(e));
	while (n < 0 && errno == EINTR);
	c->error_fd = close_fd(c->error_fd);
	return n == sizeof(e) ? e : 0;
}

int child_ended(struct child *c, int *ret_status)
{
	if (c->pid <= 0 || waitpid(c->pid, ret_status, WNOHANG) != c->pid)
		return 0;
	c->pid = 0;
	c->pidfd = close_fd(c->pidfd);
	return 1;
}

void child_done(struct child *c)
{
	c->pidfd = close_fd(c->pidfd);
	c->gate_fd = close_fd(c->gate_fd);
	c->error_fd = close_fd(c->error_fd);
}
