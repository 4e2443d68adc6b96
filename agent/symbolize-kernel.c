// SPDX-License-Identifier: Apache-2.0
#include "agent/symbolize-kernel.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <time.h>

#include "agent/debug-files.h"
#include "agent/indexing.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/stack-table.h"
#include "common/clock.h"
#include "symbolizer/kernel-files.h"

struct symbolize_kernel {
	struct indexing *indexing; /* borrowed */
	struct kernel_code *code;
	struct utsname host;
	int sys_fd, root_fd;
};

static int open_code(struct symbolize_kernel *k, int proc_fd)
{
	struct kernel_files_config files = {
		.release = k->host.release,
		.binaries = indexing_binaries(k->indexing),
	};
	const struct debug_files *given = indexing_debug_files(k->indexing);
	int r;

	if (uname(&k->host) < 0)
		return -errno;
	k->sys_fd = files.sys_fd = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->sys_fd < 0)
		return -errno;
	k->root_fd = files.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (k->root_fd < 0)
		return -errno;
	_Static_assert(DEBUG_FILES_MAX_DIRS <= KERNEL_FILES_MAX_DIRS, "all find room");
	for (; files.n_debug_dirs < given->n_dirs; files.n_debug_dirs++)
		files.debug_dirs[files.n_debug_dirs] = given->dirs[files.n_debug_dirs].fd;
	r = kernel_code_new(proc_fd, &files, &k->code);
	indexing_set_kernel(k->indexing, k->code);
	return r;
}

int symbolize_kernel_new(struct indexing *indexing, int proc_fd, struct symbolize_kernel **ret)
{
	_cleanup_(symbolize_kernel_freep) struct symbolize_kernel *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return -ENOMEM;
	k->indexing = indexing;
	k->sys_fd = k->root_fd = -1;
	r = open_code(k, proc_fd);
	if (r < 0)
		return r;
	*ret = take_ptr(k);
	return 0;
}

struct symbolize_kernel *symbolize_kernel_free(struct symbolize_kernel *k)
{
	if (!k)
		return NULL;
	indexing_set_kernel(k->indexing, NULL);
	kernel_code_free(k->code);
	close_fd(k->sys_fd);
	close_fd(k->root_fd);
	free(k);
	return NULL;
}

/* What is read may tell what is to be read next. */
static int wait(struct symbolize_kernel *k)
{
	int r;

	do {
		r = indexing_wait(k->indexing);
		if (r == 0)
			r = kernel_code_dispatch(k->code);
	} while (r == 0 && (indexing_is_waiting(k->indexing) || kernel_code_n_waiting(k->code)));
	return r;
}

int symbolize_kernel_find(struct symbolize_kernel *k, uint64_t addr, struct index_frame *ret, size_t max, size_t *ret_n)
{
	struct stack_frame frame = { .addr = addr, .module = MODULE_KERNEL };
	struct kernel_location location;
	int r;

	r = kernel_code_take(k->code, &frame, 1, clock_now_ns(CLOCK_BOOTTIME));
	if (r == 0)
		r = wait(k);
	if (r == 0)
		*ret_n = kernel_code_lookup(k->code, &frame, &location, ret, max);
	return r;
}
