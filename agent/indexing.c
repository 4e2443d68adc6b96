// SPDX-License-Identifier: Apache-2.0
#include "agent/indexing.h"

#include <fcntl.h>
#include <poll.h>

#include "agent/debug-files.h"
#include "agent/kernel-code.h"
#include "common/fsutil.h"
#include "symbolizer/binary.h"

#define MAX_BINARIES 16384
#define CACHE_LIMIT_BYTES ((uint64_t)1 << 30) /* as the recorder has it */

struct indexing {
	struct binaries *binaries;
	struct debug_files debug_files;
	int host_root_fd;
	const struct binary *binary; /* whose debug info is being read; it lies at `place` */
	struct debug_place place;
	const struct kernel_code *kernel; /* borrowed: it knows where its own lie; NULL: nobody asks for them */
};

/* As binaries_config has it. */
static int find_debug(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
		      char *ret_path)
{
	struct indexing *x = context;

	if (binary == x->binary)
		return debug_files_find(&x->debug_files, &x->place, need, ret_fd, ret_path);
	if (x->kernel)
		return kernel_code_find_debug(x->kernel, &x->debug_files, binary, need, ret_fd, ret_path);
	return DEBUG_NEED_NONE;
}

int indexing_new(const char *cache_dir, struct indexing **ret)
{
	_cleanup_(indexing_freep) struct indexing *x = calloc(1, sizeof(*x));
	struct binaries_config config = {
		.cache_dir = cache_dir,
		.cache_limit_bytes = CACHE_LIMIT_BYTES,
		.max_binaries = MAX_BINARIES,
		.find_debug = find_debug,
		.find_context = x,
	};
	int r;

	if (!x)
		return -ENOMEM;
	debug_files_init(&x->debug_files, DEBUG_FILES_HOST_DIR);
	x->host_root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->host_root_fd < 0)
		return -errno;
	r = binaries_new(&config, &x->binaries);
	if (r < 0)
		return r;
	*ret = take_ptr(x);
	return 0;
}

struct indexing *indexing_free(struct indexing *x)
{
	if (!x)
		return NULL;
	binaries_free(x->binaries);
	debug_files_done(&x->debug_files);
	close_fd(x->host_root_fd);
	free(x);
	return NULL;
}

int indexing_add_debug_dir(struct indexing *x, const char *path)
{
	return debug_files_add_dir(&x->debug_files, path);
}

const struct debug_files *indexing_debug_files(const struct indexing *x)
{
	return &x->debug_files;
}

void indexing_set_kernel(struct indexing *x, const struct kernel_code *kernel)
{
	x->kernel = kernel;
}

struct binaries *indexing_binaries(struct indexing *x)
{
	return x->binaries;
}

bool indexing_is_waiting(const struct indexing *x)
{
	return binaries_n_pending(x->binaries) || binaries_n_debug_pending(x->binaries);
}

int indexing_wait(struct indexing *x)
{
	struct pollfd fd = { .fd = binaries_fd(x->binaries), .events = POLLIN };
	int r = 0;

	while (r == 0 && indexing_is_waiting(x)) {
		if (poll(&fd, 1, binaries_timeout_ms(x->binaries)) < 0 && errno != EINTR)
			return -errno;
		r = binaries_dispatch(x->binaries);
	}
	return r;
}

int indexing_complete(struct indexing *x, struct binary *binary, const struct indexing_place *place)
{
	_cleanup_close_ int fd = place->fd, root_fd = place->root_fd;
	int r;

	r = indexing_wait(x);
	if (r < 0 || binary->state != BINARY_READY || fd < 0)
		return r;
	x->binary = binary;
	x->place = (struct debug_place){
		.path = place->path,
		.root_fd = place->is_on_host ? x->host_root_fd
			   : binary->root    ? root_fd
					     : -1,
		.is_on_host = place->is_on_host,
	};
	r = binaries_want_debug(x->binaries, binary, place->path, take_fd(fd));
	if (r == 0)
		r = indexing_wait(x);
	x->binary = NULL;
	return r;
}

int indexing_read(struct indexing *x, const char *path, struct binary **ret)
{
	_cleanup_free_ char *real = realpath(path, NULL); /* debug info lies where the file does, not its links */
	struct indexing_place place = { .path = real ? real : path, .fd = -1, .root_fd = -1, .is_on_host = true };
	int fd, r;

	r = fs_open_regular(AT_FDCWD, path, &fd);
	if (r != 0)
		return r;
	place.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	r = binaries_add(x->binaries, fd, ret);
	if (r < 0) {
		close_fd(place.fd);
		return r;
	}
	return indexing_complete(x, *ret, &place);
}
