// SPDX-License-Identifier: Apache-2.0
/*
 * indexer client and sandbox: this program is its own child. As "misbehave" it does to each file what the file's
 * first bytes tell it to, inside of the real sandbox.
 */
#include "tests/unit/tool.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "symbolizer/children.h"
#include "symbolizer/indexer-ask.h"
#include "symbolizer/indexer-client.h"
#include "symbolizer/indexer-job.h"
#include "symbolizer/indexer.h"
#include "symbolizer/sandbox.h"

#define WAIT_NS (60 * NS_PER_S)

/* -- the child -- */

static void send_bad_reply(const struct indexer_request *request, const char *what)
{
	struct indexer_reply reply = { .tag = request->tag };

	if (strcmp(what, "tag") == 0)
		reply.tag++;
	if (strcmp(what, "status") == 0)
		reply.status = 5;
	if (strcmp(what, "id") == 0)
		reply.build_id_bytes = 21;
	if (strcmp(what, "reason") == 0)
		memset(reply.reason, 'x', sizeof(reply.reason));
	if (strcmp(what, "control") == 0)
		strcpy(reply.reason, "\033[2J");
	if (indexer_wire_send_reply(CHILD_SOCKET_FD, &reply) != 0)
		_exit(9);
}

static void grow(void)
{
	for (;;) {
		volatile char *more = malloc(1 << 20);

		for (size_t i = 0; i < 1 << 20 && more; i += 4096)
			more[i] = 1;
	}
}

static void spin(void)
{
	for (;;)
		__asm__ volatile("");
}

static const struct debug_need library = { .kind = DEBUG_NEED_DWO, .name = "a.dwo", .dir = "/src" };

/* Asks for one file after the other until there is no further one; each must hold its own number. */
static int ask_all(const struct indexer_request *request)
{
	struct indexer_asker asker = { .socket = CHILD_SOCKET_FD, .tag = request->tag };
	struct debug_source source = indexer_ask_source(&asker);
	struct debug_need need = library;
	int r, fd;

	for (;; need.candidate++) {
		char path[DEBUG_NEED_NAME_BYTES], expected[32], content[32] = {};

		r = source.open(source.context, &need, &fd, path);
		if (r != 0)
			break;
		snprintf(expected, sizeof(expected), "file %u", need.candidate);
		if (pread(fd, content, sizeof(content) - 1, 0) < 0 || strcmp(content, expected) != 0 ||
		    strcmp(path, expected) != 0)
			_exit(10);
		close_fd(fd);
	}
	return r == DEBUG_NEED_NONE ? (int)need.candidate : r;
}

static void ask(const struct indexer_request *request)
{
	struct indexer_reply reply = { .tag = request->tag };
	int n = ask_all(request);

	reply.status = -ENODATA;
	snprintf(reply.reason, sizeof(reply.reason), "%.50s: %d files", request->path, n);
	if (indexer_wire_send_reply(CHILD_SOCKET_FD, &reply) != 0)
		_exit(9);
}

/* Beyond the bound that indexer-ask.c keeps. */
static void ask_without_end(const struct indexer_request *request)
{
	while (indexer_wire_send_need(CHILD_SOCKET_FD, request->tag, &library) == 0) {
		struct indexer_given given;
		int fd;

		if (indexer_wire_receive_given(CHILD_SOCKET_FD, &given, &fd) != 0)
			_exit(11);
		close_fd(fd);
	}
	_exit(12);
}

static void send_bad_need(const struct indexer_request *request, const char *what)
{
	struct indexer_need need = { .tag = request->tag, .kind = DEBUG_NEED_FILE };
	const struct packet_part part = { .data = &need, .size = sizeof(need) };

	if (strcmp(what, "need-kind") == 0)
		need.kind = DEBUG_NEED_DWO + 1;
	if (strcmp(what, "need-id") == 0)
		need.build_id_bytes = 21;
	if (strcmp(what, "need-name") == 0)
		memset(need.name, 'x', sizeof(need.name));
	if (strcmp(what, "need-dir") == 0)
		memset(need.dir, 'x', sizeof(need.dir));
	if (strcmp(what, "need-tag") == 0)
		need.tag++;
	if (packet_send(CHILD_SOCKET_FD, &part, 1, NULL, 0) != 0)
		_exit(9);
	(void)recv(CHILD_SOCKET_FD, &(char){ 0 }, 1, 0);
}

/* Reads all of a file through a map of one page more than it had. */
static void map_file(int fd, int protection, size_t n_more)
{
	const volatile char *map = mmap(NULL, 4096 + n_more, protection, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED)
		_exit(13);
	(void)map[n_more];
}

static void misbehave(const char *how, int fd, const struct indexer_request *request)
{
	if (strcmp(how, "ask") == 0) {
		ask(request);
		return;
	}
	if (strcmp(how, "flood") == 0)
		ask_without_end(request);
	if (strncmp(how, "need", 4) == 0)
		send_bad_need(request, how);
	if (strcmp(how, "map") == 0)
		map_file(fd, PROT_READ, 0);
	if (strcmp(how, "map-write") == 0)
		map_file(fd, PROT_READ | PROT_WRITE, 0);
	if (strcmp(how, "map-shrunk") == 0)
		map_file(fd, PROT_READ, 4096);
	if (strcmp(how, "sleep") == 0)
		(void)recv(CHILD_SOCKET_FD, &(char){ 0 }, 1, 0); /* sleeping calls are not allowed; this waits too */
	if (strcmp(how, "crash") == 0)
		__builtin_trap();
	if (strcmp(how, "grow") == 0)
		grow();
	if (strcmp(how, "spin") == 0)
		spin();
	if (strcmp(how, "open") == 0)
		(void)!open("/etc/passwd", O_RDONLY);
	if (strcmp(how, "socket") == 0)
		(void)!socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(how, "exec") == 0)
		execl("/bin/true", "true", NULL);
	if (strcmp(how, "code") == 0)
		(void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (strcmp(how, "fork") == 0)
		(void)!fork();
	if (strcmp(how, "exit") == 0)
		_exit(0);
	send_bad_reply(request, how);
}

static int serve_badly(void)
{
	_cleanup_close_ int elf_fd = -1, out_fd = -1;
	struct indexer_request request;
	struct indexer_reply reply;
	char how[16] = {};

	if (indexer_wire_receive_request(CHILD_SOCKET_FD, &request, &elf_fd, &out_fd) != 0)
		return -1;
	if (pread(elf_fd, how, sizeof(how) - 1, 0) > 0 && how[0] == '!') {
		misbehave(how + 1, elf_fd, &request);
		return 0;
	}
	indexer_job_run(&request, elf_fd, out_fd, &reply);
	return indexer_wire_send_reply(CHILD_SOCKET_FD, &reply);
}

static int bad_main(const struct sandbox_limits *limits, bool cpu_limit)
{
	struct indexer_reply hello = { .tag = INDEXER_TAG_HELLO };
	const char *step;

	signal(SIGBUS, SIG_DFL);
	if (sandbox_enter(limits, &step) < 0 || indexer_wire_send_reply(CHILD_SOCKET_FD, &hello) != 0)
		_exit(8);
	do {
		if (cpu_limit && sandbox_arm_cpu_limit(2) < 0)
			_exit(7);
	} while (serve_badly() == 0);
	_exit(0);
}

static int refuse_main(void)
{
	struct indexer_reply hello = { .tag = INDEXER_TAG_HELLO };

	indexer_job_fail(&hello, -EPERM, "installing the seccomp filter: Operation not permitted");
	return indexer_wire_send_reply(CHILD_SOCKET_FD, &hello) == 0 ? 1 : 2;
}

/* -- the tests -- */

static struct indexer_client *new_client(const char *command, struct indexer_client_config config)
{
	static const char name[] = "cpuhound";
	static char *argv[3];
	struct indexer_client *c;

	argv[0] = (char *)(uintptr_t)name;
	argv[1] = (char *)(uintptr_t)command;
	config.path = config.path ? config.path : "/proc/self/exe";
	config.argv = argv;
	config.max_queue = config.max_queue ? config.max_queue : 100;
	assert_int_equal(indexer_client_new(&config, &c), 0);
	return c;
}

static void step(struct indexer_client *c, int limit_ms)
{
	struct pollfd p = { .fd = indexer_client_fd(c), .events = POLLIN };
	int timeout_ms = indexer_client_timeout_ms(c);

	poll(&p, 1, timeout_ms < 0 || timeout_ms > limit_ms ? limit_ms : timeout_ms);
	assert_int_equal(indexer_client_dispatch(c), 0);
}

static struct indexer_result next_result(struct indexer_client *c)
{
	uint64_t deadline_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;
	struct indexer_result result;

	while (!indexer_client_take(c, &result)) {
		assert_true(clock_now_ns(CLOCK_MONOTONIC) < deadline_ns);
		step(c, 1000);
	}
	free(result.path);
	result.path = NULL;
	close_fd(result.elf_fd);
	return result;
}

static void submit_bytes(struct indexer_client *c, uint64_t tag, const char *bytes)
{
	assert_int_equal(indexer_client_submit(c, INDEXER_INDEX, tag, tool_memory_file(bytes, strlen(bytes)), NULL), 0);
}

static void submit_path(struct indexer_client *c, enum indexer_job job, uint64_t tag, const char *path)
{
	assert_int_equal(indexer_client_submit(c, job, tag, tool_open(path), path), 0);
}

static void check_good(struct indexer_client *c, uint64_t tag)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct indexer_result result;

	submit_path(c, INDEXER_INDEX, tag, "/bin/bash");
	result = next_result(c);
	assert_int_equal(result.tag, tag);
	if (result.status != 0)
		fail_msg("%s", result.reason);
	assert_int_equal(index_open(result.index_fd, &index), 0);
	assert_true(index_n_functions(index) > 1000);
	assert_int_equal(fcntl(result.index_fd, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	close_fd(result.index_fd);
}

static void test_good_child(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client(INDEXER_COMMAND, (struct indexer_client_config){});
	struct indexer_result result;

	assert_int_equal(indexer_client_pid(c), 0); /* not before there is work */
	check_good(c, 1);
	submit_path(c, INDEXER_IDENTIFY, 2, "/bin/bash");
	result = next_result(c);
	assert_int_equal(result.status, 0);
	assert_int_equal(result.index_fd, -1);
	assert_int_equal(result.build_id.n_bytes, 20);
	submit_bytes(c, 3, "#!/bin/sh\n");
	result = next_result(c);
	assert_int_equal(result.status, -EBADMSG);
	assert_string_equal(result.reason, "no ELF executable or library");
	assert_int_equal(result.index_fd, -1);
	assert_int_equal(indexer_client_stats(c).n_restarts, 0);
	assert_true(indexer_client_stats(c).cpu_ns > 0);
	assert_true(indexer_client_stats(c).rss_anon_peak_bytes > 0);
	assert_null(indexer_client_fault(c));
}

/* What the sandbox looks like from outside. */
static void check_sandbox(const char *command, const char *nice_and_class)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client(command, (struct indexer_client_config){});
	_cleanup_(buf_done) struct buf text = {};
	int pid;

	check_good(c, 1);
	pid = indexer_client_pid(c);
	tool_read(&text,
		  "awk '/^(Uid|Gid|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):/ {print $2}' /proc/%d/status | "
		  "tr '\\n' ' '",
		  pid);
	if (geteuid() == 0)
		assert_string_equal(text.data, "65534 65534 0000000000000000 0000000000000000 0000000000000000 "
					       "0000000000000000 1 2 ");
	else
		assert_non_null(strstr(text.data, " 0000000000000000 1 2 "));
	tool_read(&text, "cat /proc/%d/oom_score_adj", pid);
	assert_string_equal(text.data, "1000\n");
	tool_read(&text, "ps -o ni=,cls= -p %d | tr -d ' \\n'", pid);
	assert_string_equal(text.data, nice_and_class);
	if (geteuid() == 0) { /* only root may look */
		tool_read(&text, "ls /proc/%d/fd | tr '\\n' ' '", pid);
		assert_string_equal(text.data, "0 1 2 3 ");
		tool_read(&text, "tr '\\0' ' ' < /proc/%d/environ | wc -c", pid);
		assert_int_equal(strtol(text.data, NULL, 10), 0);
	}
	tool_read(&text,
		  "awk '/Max open files|Max core|Max file size/ {print $(NF-2), $(NF-1)}' /proc/%d/limits | tr '\\n' ' "
		  "'",
		  pid);
	assert_string_equal(text.data, "536870912 536870912 0 0 16 16 ");
}

static void test_sandbox(void **state)
{
	check_sandbox(INDEXER_COMMAND, "0TS");
	check_sandbox(INDEXER_PATIENT_COMMAND, "5B");
}

static void check_bad(const char *bytes, struct indexer_client_config config, const char *reason)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c = new_client("misbehave", config);
	struct indexer_result result;

	submit_bytes(c, 7, bytes);
	result = next_result(c);
	assert_int_equal(result.tag, 7);
	assert_true(result.status < 0);
	if (strcmp(result.reason, reason) != 0)
		fail_msg("%s: '%s'", bytes, result.reason);
	assert_int_equal(result.index_fd, -1);
	check_good(c, 8); /* a new child, and no harm done */
	assert_int_equal(indexer_client_stats(c).n_restarts, 1);
}

static void test_crash(void **state)
{
	check_bad("!crash", (struct indexer_client_config){}, "indexer crashed");
	check_bad("!exit", (struct indexer_client_config){}, "indexer crashed");
}

/* Each would have worked outside of the sandbox. */
static void test_forbidden_calls(void **state)
{
	static const char *const calls[] = { "!open", "!socket", "!exec", "!code", "!fork" };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		check_bad(calls[i], (struct indexer_client_config){}, "indexer crashed");
}

static void test_hang(void **state)
{
	uint64_t start_ns = clock_now_ns(CLOCK_MONOTONIC);

	check_bad("!spin", (struct indexer_client_config){ .timeout_ns = 300 * NS_PER_MS }, "took too long");
	assert_in_range(clock_now_ns(CLOCK_MONOTONIC) - start_ns, 300 * NS_PER_MS, 30 * NS_PER_S);
}

static void test_cpu_limit(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client("misbehave-limited", (struct indexer_client_config){});
	struct indexer_result result;

	submit_bytes(c, 1, "!spin");
	result = next_result(c);
	assert_string_equal(result.reason, "took too long");
	assert_in_range(indexer_client_stats(c).cpu_ns, NS_PER_S, 4 * NS_PER_S);
	check_good(c, 2);
}

static void test_memory_limit(void **state)
{
	check_bad("!grow", (struct indexer_client_config){ .rss_limit_bytes = 64 << 20 }, "needs too much memory");
}

static void test_bad_replies(void **state)
{
	check_bad("!tag", (struct indexer_client_config){}, "indexer answers what was not asked");
	check_bad("!status", (struct indexer_client_config){}, "indexer talks nonsense");
	check_bad("!id", (struct indexer_client_config){}, "indexer talks nonsense");
	check_bad("!reason", (struct indexer_client_config){}, "indexer talks nonsense");
	check_bad("!control", (struct indexer_client_config){}, "indexer talks nonsense");
}

/* Waits until the child has the file, then kills it from outside. */
static void kill_in_flight(struct indexer_client *c, pid_t *last)
{
	uint64_t deadline_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	while (indexer_client_pid(c) == 0 || indexer_client_pid(c) == *last) {
		assert_true(clock_now_ns(CLOCK_MONOTONIC) < deadline_ns);
		step(c, 20);
	}
	for (int i = 0; i < 10; i++) /* over its start */
		step(c, 20);
	*last = indexer_client_pid(c);
	assert_int_equal(kill(*last, SIGKILL), 0);
}

static void test_killed_from_outside(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client("misbehave", (struct indexer_client_config){});
	struct indexer_result result;
	pid_t last = 0;

	submit_bytes(c, 1, "!spin");
	for (int i = 0; i < 3; i++) {
		assert_false(indexer_client_take(c, &result));
		kill_in_flight(c, &last);
	}
	result = next_result(c);
	assert_string_equal(result.reason, "indexer was killed");
	check_good(c, 2);
}

static void test_killed_when_idle(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client(INDEXER_COMMAND, (struct indexer_client_config){});

	for (uint64_t i = 0; i < 5; i++) {
		check_good(c, i);
		assert_int_equal(kill(indexer_client_pid(c), SIGKILL), 0);
	}
	check_good(c, 9);
	assert_int_equal(indexer_client_stats(c).n_restarts, 5);
}

static void test_no_start(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *missing =
		new_client("x", (struct indexer_client_config){ .path = "/no/such/program" });
	_cleanup_(indexer_client_freep) struct indexer_client *refusing =
		new_client("refuse", (struct indexer_client_config){});
	struct indexer_result result;

	submit_bytes(missing, 1, "x");
	submit_bytes(refusing, 1, "x");
	for (int i = 0; i < 40; i++) {
		step(missing, 10);
		step(refusing, 10);
	}
	assert_false(indexer_client_take(missing, &result)); /* no fault of the file */
	assert_string_equal(indexer_client_fault(missing), "No such file or directory");
	assert_in_range(indexer_client_timeout_ms(missing), 1, 64001); /* and no storm */
	assert_string_equal(indexer_client_fault(refusing), "installing the seccomp filter: Operation not permitted");
	assert_in_range(indexer_client_stats(refusing).n_restarts, 3, 12);
}

static void test_let_go_when_idle(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client(INDEXER_COMMAND, (struct indexer_client_config){ .idle_ns = 50 * NS_PER_MS });
	uint64_t deadline_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	for (uint64_t i = 0; i < 2; i++) {
		uint64_t start_ns;
		pid_t pid;

		check_good(c, i);
		start_ns = clock_now_ns(CLOCK_MONOTONIC);
		pid = indexer_client_pid(c);
		assert_true(pid > 0);
		assert_in_range(indexer_client_timeout_ms(c), 0, 51);
		while (indexer_client_pid(c) != 0) {
			assert_true(clock_now_ns(CLOCK_MONOTONIC) < deadline_ns);
			step(c, 1000);
		}
		assert_true(clock_now_ns(CLOCK_MONOTONIC) - start_ns >= 40 * NS_PER_MS);
		while (kill(pid, 0) == 0) /* and it is reaped */
			step(c, 1000);
		assert_int_equal(indexer_client_timeout_ms(c), -1);
	}
	assert_int_equal(indexer_client_stats(c).n_restarts, 0);
	assert_true(indexer_client_stats(c).cpu_ns > 0);
}

static void test_full_queue(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client(INDEXER_COMMAND, (struct indexer_client_config){ .max_queue = 2 });

	submit_bytes(c, 1, "a");
	submit_bytes(c, 2, "b");
	assert_int_equal(indexer_client_submit(c, INDEXER_INDEX, 3, tool_memory_file("c", 1), NULL), -EAGAIN);
	assert_int_equal(next_result(c).tag, 1);
	assert_int_equal(next_result(c).tag, 2);
	submit_bytes(c, 4, "d");
	assert_int_equal(next_result(c).tag, 4);
}

/* What the child asks for: `n_files` of them, each of which takes a while to be found. */
struct files {
	unsigned int n_files, n_asked, n_in_step;
	int wait_ms;
};

static int find_file(void *context, uint64_t tag, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	struct files *files = context;

	assert_int_equal(tag, 7);
	assert_int_equal(need->kind, DEBUG_NEED_DWO);
	assert_string_equal(need->name, "a.dwo");
	assert_string_equal(need->dir, "/src");
	files->n_asked++;
	files->n_in_step++;
	if (files->wait_ms)
		poll(NULL, 0, files->wait_ms);
	if (need->candidate >= files->n_files)
		return DEBUG_NEED_NONE;
	snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "file %u", need->candidate);
	*ret_fd = tool_memory_file(ret_path, strlen(ret_path));
	return 0;
}

static struct indexer_client *new_debug_client(struct files *files, struct indexer_client_config config)
{
	config.find = find_file;
	config.find_context = files;
	return new_client("misbehave-debug", config);
}

static struct indexer_result debug_result(struct indexer_client *c, const char *bytes)
{
	assert_int_equal(indexer_client_submit(c, INDEXER_DEBUG, 7, tool_memory_file(bytes, strlen(bytes)),
					       "/bin/prog"),
			 0);
	return next_result(c);
}

static void test_asking(void **state)
{
	struct files files = { .n_files = 100 };
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_debug_client(&files, (struct indexer_client_config){});
	struct indexer_result result = debug_result(c, "!ask");

	assert_int_equal(result.status, -ENODATA);
	assert_string_equal(result.reason, "/bin/prog: 100 files");
	assert_int_equal(result.n_missing, 1); /* the 101st */
	assert_int_equal(files.n_asked, 101);
	files.n_files = 0;
	result = debug_result(c, "!ask");
	assert_string_equal(result.reason, "/bin/prog: 0 files");
	assert_int_equal(indexer_client_stats(c).n_restarts, 0);
}

/* The child waits for us: that is no time of its own. */
static void test_slow_answers(void **state)
{
	struct files files = { .n_files = 20, .wait_ms = 50 };
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_debug_client(&files, (struct indexer_client_config){ .timeout_ns = 500 * NS_PER_MS });

	assert_string_equal(debug_result(c, "!ask").reason, "/bin/prog: 20 files");
}

/* But there is an end to it. */
static void test_longest(void **state)
{
	struct files files = { .n_files = INDEXER_MAX_NEEDS, .wait_ms = 5 };
	const struct indexer_client_config config = { .timeout_ns = 20 * NS_PER_S, .longest_ns = 300 * NS_PER_MS };
	_cleanup_(indexer_client_freep) struct indexer_client *c = new_debug_client(&files, config);
	struct indexer_result result = debug_result(c, "!ask");

	assert_int_equal(result.status, -ETIMEDOUT);
	assert_string_equal(result.reason, "took too long");
	assert_in_range(files.n_asked, 1, 60);
}

/* Its caller is never kept for long, and the end comes. */
static void test_asking_without_end(void **state)
{
	struct files files = {};
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_debug_client(&files, (struct indexer_client_config){});
	struct indexer_result result;

	assert_int_equal(indexer_client_submit(c, INDEXER_DEBUG, 7, tool_memory_file("!flood", 6), "x"), 0);
	while (!indexer_client_take(c, &result)) {
		files.n_in_step = 0;
		step(c, 1000);
		assert_in_range(files.n_in_step, 0, 100);
	}
	assert_string_equal(result.reason, "indexer asks for too many files");
	assert_int_equal(files.n_asked, INDEXER_MAX_NEEDS);
	close_fd(result.elf_fd);
	free(result.path);
}

static void test_bad_needs(void **state)
{
	static const char *const bad[] = { "!need-kind", "!need-id", "!need-name", "!need-dir" };
	struct files files = {};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(indexer_client_freep) struct indexer_client *c =
			new_debug_client(&files, (struct indexer_client_config){});

		assert_string_equal(debug_result(c, bad[i]).reason, "indexer talks nonsense");
		assert_string_equal(debug_result(c, "!need-tag").reason, "indexer asks for what it has no use for");
	}
	check_bad("!need", (struct indexer_client_config){}, "indexer asks for what it has no use for");
	assert_int_equal(files.n_asked, 0);
}

/* Files may be mapped for reading, where that was asked for, and no more than that. */
static void test_mapped_files(void **state)
{
	_cleanup_(indexer_client_freep) struct indexer_client *c =
		new_client("misbehave-debug", (struct indexer_client_config){});
	struct indexer_result result;

	submit_bytes(c, 7, "!map");
	result = next_result(c);
	assert_int_equal(result.status, 0); /* misbehave() goes on to a reply that is good */
	close_fd(result.index_fd);
	submit_bytes(c, 7, "!map-shrunk");
	assert_string_equal(next_result(c).reason, "changed while it was read");
	submit_bytes(c, 7, "!map-write");
	assert_string_equal(next_result(c).reason, "indexer crashed");
	check_bad("!map", (struct indexer_client_config){}, "indexer crashed");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_child),
		cmocka_unit_test(test_sandbox),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_forbidden_calls),
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_cpu_limit),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_bad_replies),
		cmocka_unit_test(test_killed_from_outside),
		cmocka_unit_test(test_killed_when_idle),
		cmocka_unit_test(test_no_start),
		cmocka_unit_test(test_let_go_when_idle),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_asking),
		cmocka_unit_test(test_slow_answers),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_asking_without_end),
		cmocka_unit_test(test_bad_needs),
		cmocka_unit_test(test_mapped_files),
	};
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (argc > 1 && strcmp(argv[1], "misbehave") == 0)
		return bad_main(&indexer_limits, false);
	if (argc > 1 && strcmp(argv[1], "misbehave-debug") == 0)
		return bad_main(&debug_indexer_limits, false);
	if (argc > 1 && strcmp(argv[1], "misbehave-limited") == 0)
		return bad_main(&indexer_limits, true);
	if (argc > 1 && strcmp(argv[1], "refuse") == 0)
		return refuse_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
