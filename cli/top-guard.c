// SPDX-License-Identifier: Apache-2.0
#include "cli/top-guard.h"

/* curses.h first: term.h needs its types */
#include <curses.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <term.h>
#include <termios.h>

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };

static void fill_set(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		sigaddset(ret, passed_on[i]);
}

/* What a signal does by default, although it is blocked: once, if the terminal has sent the same one meanwhile. */
static void suffer(int signal)
{
	sigset_t one, before;

	sigemptyset(&one);
	sigaddset(&one, signal);
	kill(getpid(), signal);
	sigprocmask(SIG_UNBLOCK, &one, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Keys of the terminal reach the child as well: they come from the kernel. */
static void pass_on(pid_t child, const siginfo_t *info)
{
	if (info->si_code <= 0)
		kill(child, info->si_signo);
}

static int wait_for(pid_t child, const sigset_t *set, int *ret_status)
{
	siginfo_t info;

	for (;;) {
		if (sigwaitinfo(set, &info) < 0) {
			if (errno != EINTR)
				return -errno;
		} else if (info.si_signo != SIGCHLD) {
			pass_on(child, &info);
		} else if (waitpid(child, ret_status, WNOHANG | WUNTRACED) == child) {
			if (!WIFSTOPPED(*ret_status))
				return 0;
			suffer(WSTOPSIG(*ret_status)); /* until the shell lets it go on */
			kill(child, SIGCONT);
		}
	}
}

/* In the background the first of it waits for `fg`: the terminal is the shell's meanwhile. */
static void put_back(const struct termios *before)
{
	tcsetattr(STDOUT_FILENO, TCSANOW, before);
	if (setupterm(NULL, STDOUT_FILENO, &(int){ 0 }) != OK)
		return;
	putp(tparm(cursor_address, lines - 1, 0));
	putp(orig_pair);
	putp(exit_attribute_mode);
	putp(keypad_local);
	putp(cursor_normal);
	putp(exit_ca_mode);
	fflush(stdout);
}

/* With the parent gone nobody would put back what it leaves: so it ends while it can do so itself. */
static int begin_child(pid_t parent, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return -errno;
	if (getppid() != parent)
		raise(SIGTERM);
	return TOP_GUARD_DRAW;
}

static bool is_passed_on(int signal)
{
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++)
		if (passed_on[i] == signal)
			return true;
	return false;
}

int top_guard_begin(int *ret_status)
{
	pid_t parent = getpid(), child;
	struct termios before;
	sigset_t set, mask;
	int r;

	if (tcgetattr(STDOUT_FILENO, &before) < 0)
		return TOP_GUARD_DRAW;
	fill_set(&set);
	if (sigprocmask(SIG_BLOCK, &set, &mask) < 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0)
		return begin_child(parent, &mask);
	r = wait_for(child, &set, ret_status);
	if (r < 0 || !WIFSIGNALED(*ret_status))
		return r;
	if (is_passed_on(WTERMSIG(*ret_status)))
		suffer(WTERMSIG(*ret_status)); /* before there was a screen: that ends well by them */
	else
		put_back(&before);
	return 0;
}
