// SPDX-License-Identifier: Apache-2.0
#include "agent/indexing.h"

#include <fcntl.h>
#include <poll.h>

#include "agent/debug-files.h"
#include "agent/kernel-code.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/binary.h"

#define MAX_BINARIES 16384
#define CACHE_LIMIT_BYTES ((uint64_t)1 << 30) /* as the recorder has it */
#define PATIENCE_NS (500 * NS_PER_MS)         /* shorter waits are not told of */
#define PROGRESS_MS 250
#define OWN_ROOT 1 /* there is one process, and nobody else to be told what lies in its root */

struct indexing {
	struct binaries *binaries;
	struct debug_files debug_files;
	int host_root_fd;
	struct binary *binary; /* whose debug info is being read; it lies at `place` */
	struct debug_place place;
	int own_root_fd;                  /* of its process, where that is not the host's; -1: none */
	const struct kernel_code *kernel; /* borrowed: it knows where its own lie; NULL: nobody asks for them */
	const char *path;                 /* of the file that is waited for; NULL: not known */
	void (*tell)(const struct indexing_progress *progress); /* NULL: nobody asks */
};

/* What is read of a file in its process's root is kept nowhere: as agent/debug-queue.c does it. */
static void claim_if_there(struct indexing *x, const struct debug_need *need)
{
	if (x->binary->root || x->own_root_fd < 0 ||
	    !debug_files_are_in_root(&x->debug_files, &x->place, x->own_root_fd, need))
		return;
	if (binaries_set_root(x->binaries, x->binary, OWN_ROOT) == 0)
		x->place.root_fd = x->own_root_fd;
}

/* As binaries_config has it. */
static int find_debug(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
		      char *ret_path)
{
	struct indexing *x = context;

	if (binary == x->binary) {
		claim_if_there(x, need);
		return debug_files_find(&x->debug_files, &x->place, need, ret_fd, ret_path);
	}
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

void indexing_on_progress(struct indexing *x, void (*tell)(const struct indexing_progress *progress))
{
	x->tell = tell;
}

static int step(struct indexing *x)
{
	struct pollfd fd = { .fd = binaries_fd(x->binaries), .events = POLLIN };
	int timeout_ms = binaries_timeout_ms(x->binaries);

	if (x->tell)
		timeout_ms = clock_sooner_ms(timeout_ms, PROGRESS_MS);
	if (poll(&fd, 1, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	return binaries_dispatch(x->binaries);
}

int indexing_wait(struct indexing *x)
{
	uint64_t start_ns = clock_now_ns(CLOCK_MONOTONIC), due_ns = start_ns + PATIENCE_NS;
	struct indexing_progress progress = { .path = x->path };
	int r = 0;

	while (r == 0 && indexing_is_waiting(x)) {
		uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

		if (x->tell && now_ns >= due_ns) {
			progress.is_debug = binaries_n_pending(x->binaries) == 0;
			progress.waited_ns = now_ns - start_ns;
			x->tell(&progress);
			due_ns = now_ns + PROGRESS_MS * NS_PER_MS;
		}
		r = step(x);
	}
	progress.is_over = true;
	if (progress.waited_ns)
		x->tell(&progress);
	return r;
}

static int wait_for(struct indexing *x, const char *path)
{
	int r;

	x->path = path;
	r = indexing_wait(x);
	x->path = NULL;
	return r;
}

int indexing_complete(struct indexing *x, struct binary *binary, const struct indexing_place *place)
{
	_cleanup_close_ int fd = place->fd, root_fd = place->root_fd;
	int r;

	r = wait_for(x, place->path);
	if (r < 0 || binary->state != BINARY_READY || fd < 0)
		return r;
	x->binary = binary;
	x->own_root_fd = root_fd;
	x->place = (struct debug_place){
		.path = place->path,
		.root_fd = place->is_on_host ? x->host_root_fd
			   : binary->root    ? root_fd
					     : -1,
		.is_on_host = place->is_on_host,
	};
	r = binaries_want_debug(x->binaries, binary, place->path, take_fd(fd));
	if (r == 0)
		r = wait_for(x, place->path);
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
	r = binaries_add(x->binaries, fd, place.path, ret);
	if (r < 0) {
		close_fd(place.fd);
		return r;
	}
	return indexing_complete(x, *ret, &place);
}
