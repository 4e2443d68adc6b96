// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-child.h"

#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/fsutil.h"
#include "symbolizer/child-process.h"
#include "symbolizer/sandbox.h"

#define OUTPUT_BYTES ((size_t)1 << 30)
#define OPEN_FILES 64
#define MAX_FOLDERS 4

static int enter_sandbox(const struct hub_child_role *role, const char **ret_step)
{
	static const int calls[] = {
		/* the body of an answer */
		SCMP_SYS(memfd_create),
		/* threads, and malloc where there are some */
		SCMP_SYS(clone),
		SCMP_SYS(clone3),
		SCMP_SYS(set_robust_list),
		SCMP_SYS(rseq),
		SCMP_SYS(rt_sigaction),
		SCMP_SYS(rt_sigprocmask),
		SCMP_SYS(sched_getaffinity),
	};
	struct sandbox_path paths[2 + MAX_FOLDERS] = { { .path = "/dev/urandom" } };
	struct sandbox_limits limits = {
		.data_bytes = role->data_bytes,
		.output_bytes = OUTPUT_BYTES,
		.open_files = OPEN_FILES,
		.nice = role->nice,
		.keeps_user = true,
		.keeps_given = !role->may_connect,
		.may_share_files = true,
		.may_use_files = true,
		.may_connect = role->may_connect,
		.paths = paths,
		.n_paths = 1,
		.calls = calls,
		.n_calls = role->has_threads ? ARRAY_SIZE(calls) : 1,
	};

	if (!role->may_connect)
		paths[limits.n_paths++] =
			(struct sandbox_path){ .path = CHILD_GIVEN_PATH, .is_writable = !role->reads_only };
	for (size_t i = 0; i < role->n_files && i < MAX_FOLDERS; i++)
		limits.n_paths += sandbox_add_folder(role->files[i], &paths[limits.n_paths]);
	return sandbox_enter(&limits, ret_step);
}

static int prepare(const struct hub_child_role *role, const char **ret_step)
{
	int r = enter_sandbox(role, ret_step);

	if (r < 0)
		return r;
	*ret_step = "opening the store";
	return role->open();
}

static int say_hello(int status, const char *step)
{
	struct hub_word hello = { .kind = HUB_HELLO, .status = status };
	char text[WEB_TEXT_BYTES] = "";

	if (status < 0)
		snprintf(text, sizeof(text), "%s: %s", step, strerrordesc_np(-status));
	packet_set_text(hello.text, sizeof(hello.text), text);
	return hub_send_word(CHILD_SOCKET_FD, &hello, -1);
}

static int take_rules(int fd, struct hub_rules *rules)
{
	ssize_t n = fs_pread_all(fd, rules, sizeof(*rules), 0);

	return n == (ssize_t)sizeof(*rules) ? 0 : -EBADMSG;
}

static int answer(const struct hub_child_role *role, const struct hub_order *order, int body_fd,
		  const struct hub_rules *rules)
{
	struct hub_answer a = { .outcome = HUB_FAILED, .body_fd = -1 };
	struct hub_word word = { .kind = HUB_ANSWER, .id = order->id };
	int r = role->answer(&order->request, body_fd, rules, &a), sent;
	_cleanup_close_ int fd = a.body_fd;

	word.outcome = a.outcome;
	word.retry_after_s = a.retry_after_s;
	word.n_samples = a.n_samples;
	packet_set_text(word.text, sizeof(word.text), a.text);
	sent = hub_send_word(CHILD_SOCKET_FD, &word, fd);
	return sent == 0 ? r : sent;
}

/* 0, -errno, or PACKET_CLOSED: the hub has gone. */
static int run_once(const struct hub_child_role *role, struct hub_rules *rules)
{
	_cleanup_close_ int fd = -1;
	struct hub_order order;
	int r = hub_receive_order(CHILD_SOCKET_FD, &order, &fd);

	if (r != 0)
		return r;
	return order.kind == HUB_RULES ? take_rules(fd, rules) : answer(role, &order, fd, rules);
}

int hub_child_run(const struct hub_child_role *role)
{
	static struct hub_rules rules; /* too large for a stack */
	const char *step;
	int r;

	prctl(PR_SET_NAME, role->name); /* /proc/self/exe would make it "exe" */
	r = prepare(role, &step);
	if (say_hello(r, step) != 0 || r < 0)
		_exit(EXIT_FAILURE);
	do
		r = run_once(role, &rules);
	while (r == 0);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
