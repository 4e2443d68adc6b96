// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/indexer.h"

#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "symbolizer/indexer-job.h"
#include "symbolizer/indexer-wire.h"
#include "symbolizer/sandbox.h"

#define CPU_S 2                       /* for one file */
#define LEAK_BYTES ((size_t)32 << 20) /* held between two files: more than libelf and libiberty may lose */
#define DATA_BYTES ((size_t)256 << 20)
#define OUTPUT_BYTES ((size_t)512 << 20)

/* A new program's rows and names, a few milliseconds of work: at nice 5 others at -10 kept them back for seconds. */
const struct sandbox_limits indexer_limits = {
	.data_bytes = DATA_BYTES,
	.output_bytes = OUTPUT_BYTES,
};

const struct sandbox_limits patient_indexer_limits = {
	.data_bytes = DATA_BYTES,
	.output_bytes = OUTPUT_BYTES,
	.nice = 5, /* at 19, with both CPUs of this machine busy, a library waited for seconds */
};

/* Nobody waits for lines while there are names. The watchdog ends it at 256 MiB of what it really uses. */
const struct sandbox_limits debug_indexer_limits = {
	.data_bytes = (size_t)384 << 20,
	.output_bytes = (size_t)1 << 30,
	.nice = 10,
	.may_map_files = true,
};

static int say_hello(int status, const char *step)
{
	struct indexer_reply hello = { .tag = INDEXER_TAG_HELLO };

	if (status < 0) {
		char reason[INDEXER_REASON_BYTES];

		snprintf(reason, sizeof(reason), "%s: %s", step, strerrordesc_np(-status));
		indexer_job_fail(&hello, status, reason);
	}
	return indexer_wire_send_reply(CHILD_SOCKET_FD, &hello);
}

static int serve_one(void)
{
	_cleanup_close_ int elf_fd = -1, out_fd = -1;
	struct indexer_request request;
	struct indexer_reply reply;
	int r;

	r = indexer_wire_receive_request(CHILD_SOCKET_FD, &request, &elf_fd, &out_fd);
	if (r != 0)
		return r;
	r = sandbox_arm_cpu_limit(CPU_S);
	if (r < 0)
		return r;
	indexer_job_run(&request, elf_fd, out_fd, &reply);
	elf_fd = close_fd(elf_fd); /* the answer says that they are let go */
	out_fd = close_fd(out_fd);
	return indexer_wire_send_reply(CHILD_SOCKET_FD, &reply);
}

/* Gives memory back; false: so much stays that a fresh process is better. */
static bool tidy_memory(void)
{
	malloc_trim(0);
	return mallinfo2().uordblks < LEAK_BYTES;
}

static int serve(const char *name, const struct sandbox_limits *limits)
{
	const char *step;
	int r;

	prctl(PR_SET_NAME, name); /* /proc/self/exe would make it "exe" */
	r = sandbox_enter(limits, &step);
	if (say_hello(r, step) != 0 || r < 0)
		_exit(EXIT_FAILURE);
	do
		r = serve_one();
	while (r == 0 && tidy_memory());
	/* Not exit(): no handler that a library has left behind has business in the sandbox. */
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

int indexer_main(void)
{
	return serve("cpuhound-index", &indexer_limits);
}

int patient_indexer_main(void)
{
	return serve("cpuhound-index", &patient_indexer_limits);
}

int debug_indexer_main(void)
{
	signal(SIGBUS, SIG_DFL); /* a sanitizer would take a mapped file that shrinks for a fault of ours */
	return serve("cpuhound-debug", &debug_indexer_limits);
}
