// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/finisher.h"

#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "symbolizer/finisher-module.h"
#include "symbolizer/finisher-modules.h"
#include "symbolizer/finisher-unwind.h"
#include "symbolizer/finisher-wire.h"

#define DATA_BYTES ((size_t)256 << 20)
#define MODULES_BYTES ((size_t)48 << 20) /* a usual hundred binaries have 30 MiB of CFI, a browser 40 */
#define READ_MS 2000                     /* CPU time for one binary: the largest take 0.2 s */
#define FINISH_MS 50                     /* CPU time for one copy, which needs 1 ms at most */
#define SIGNAL_STACK_BYTES 16384

struct finisher {
	const struct copy_area *copies;
	struct finisher_modules *modules;
	struct finisher_unwinder *unwinder;
	struct finisher_request request; /* that is being answered */
	struct finisher_mapping mappings[FINISHER_MAX_MAPPINGS];
	struct finisher_reply reply;
};

static struct finisher finisher; /* for on_fatal_signal() */

static int map_copies(const struct copy_area **ret)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (sizeof(struct copy_area) + page_bytes - 1) & ~(page_bytes - 1);
	void *copies = mmap(NULL, size, PROT_READ, MAP_SHARED, CHILD_GIVEN_FD, 0);

	if (copies == MAP_FAILED)
		return -errno;
	*ret = copies;
	return madvise(copies, size, MADV_DONTDUMP) < 0 ? -errno : 0;
}

/*
 * CFI that crashes libunwind, or keeps it busy for ever: say which module it was, and go. All that is called here may
 * be called from a signal handler.
 */
static void on_fatal_signal(int number)
{
	struct finisher_reply *reply = &finisher.reply;

	reply->tag = finisher.request.tag;
	reply->stop = FINISHER_FATAL;
	reply->module = finisher.request.kind == FINISHER_MODULE ? finisher.request.number
								 : finisher_unwind_module(finisher.unwinder);
	reply->n_pcs = 0;
	_exit(finisher_wire_send_reply(CHILD_SOCKET_FD, reply) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int catch_signals(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF };
	static char stack[SIGNAL_STACK_BYTES];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	const struct sigaction action = { .sa_handler = on_fatal_signal, .sa_flags = SA_ONSTACK | SA_RESETHAND };

	if (sigaltstack(&alternate, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (sigaction(signals[i], &action, NULL) < 0)
			return -errno;
	}
	return 0;
}

/* 0: no more. */
static int limit_time(long ms)
{
	const struct itimerval timer = { .it_value = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 } };

	return setitimer(ITIMER_PROF, &timer, NULL) < 0 ? -errno : 0;
}

/* A binary that cannot be read is as good as none. */
static int take_module(struct finisher *f, int fd)
{
	struct finisher_module *module = NULL;
	int r = 0;

	if (fd >= 0)
		r = finisher_module_read(fd, &module);
	if (r == -ENOMEM)
		return r;
	return finisher_modules_put(f->modules, f->request.number, module);
}

static const uint8_t *bytes_of(const struct copy_area *copies, uint32_t number, uint32_t *ret_capacity)
{
	uint32_t class = number < copy_first(COPY_16K) ? COPY_4K : number < copy_first(COPY_64K) ? COPY_16K : COPY_64K;

	*ret_capacity = copy_class_bytes(class);
	return copies->bytes + copy_offset(class, number - copy_first(class));
}

static int finish_copy(struct finisher *f)
{
	struct stack_copy copy = f->copies->all[f->request.number];
	struct finisher_input input = {
		.copy = &copy,
		.mappings = f->mappings,
		.n_mappings = f->request.n_mappings,
	};
	uint32_t capacity;

	input.bytes = bytes_of(f->copies, f->request.number, &capacity);
	if (copy.n_bytes > capacity)
		return -EBADMSG;
	f->reply.tag = f->request.tag;
	finisher_unwind(f->unwinder, &input, &f->reply);
	explicit_bzero(&copy, sizeof(copy));
	return finisher_wire_send_reply(CHILD_SOCKET_FD, &f->reply);
}

static int serve_one(struct finisher *f)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = finisher_wire_receive_request(CHILD_SOCKET_FD, &f->request, f->mappings, &fd);
	if (r != 0)
		return r;
	r = limit_time(f->request.kind == FINISHER_MODULE ? READ_MS : FINISH_MS);
	if (r < 0)
		return r;
	r = f->request.kind == FINISHER_MODULE ? take_module(f, fd) : finish_copy(f);
	return r == 0 ? limit_time(0) : r;
}

static int say_hello(int status, const char *step)
{
	struct finisher_reply hello = { .tag = FINISHER_TAG_HELLO, .status = status };

	if (status < 0)
		snprintf(hello.reason, sizeof(hello.reason), "%s: %s", step, strerrordesc_np(-status));
	return finisher_wire_send_reply(CHILD_SOCKET_FD, &hello);
}

static int prepare(struct finisher *f, const char **ret_step)
{
	static const int calls[] = { SCMP_SYS(setitimer), SCMP_SYS(rt_sigprocmask) };
	static const struct sandbox_limits limits = {
		.data_bytes = DATA_BYTES,
		.calls = calls,
		.n_calls = ARRAY_SIZE(calls),
	};
	int r;

	*ret_step = "mapping the stack copies";
	r = map_copies(&f->copies);
	if (r < 0)
		return r;
	*ret_step = "preparing libunwind";
	r = finisher_modules_new(MODULES_BYTES, &f->modules);
	if (r == 0)
		r = finisher_unwinder_new(f->modules, &f->unwinder);
	if (r == 0)
		r = catch_signals();
	return r == 0 ? sandbox_enter(&limits, ret_step) : r;
}

int finisher_main(void)
{
	const char *step;
	int r;

	prctl(PR_SET_NAME, "cpuhound-finish"); /* /proc/self/exe would make it "exe" */
	r = prepare(&finisher, &step);
	if (say_hello(r, step) != 0 || r < 0)
		_exit(EXIT_FAILURE);
	do
		r = serve_one(&finisher);
	while (r == 0);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
