// SPDX-License-Identifier: Apache-2.0
/*
 * symbolize timer: what names cost, for tests/bench/bench-symbolize. Has a file indexed as the agent does, by children
 * in their sandbox (this program is its own), then looks addresses up, which come from stdin, one in hex a line. Prints
 * one line of numbers: CPU ns and peak RssAnon of the children for the symbol tables, then the same for the debug info,
 * bytes and functions of the first index, bytes of the second, addresses, frames, ns for each address when the index'
 * pages are touched first, and when they are warm (the best of RUNS).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/binary.h"
#include "symbolizer/children.h"
#include "symbolizer/indexer.h"

#define RUNS 20
#define MAX_FRAMES 128

struct result {
	uint64_t cpu_ns, rss_bytes, debug_cpu_ns, debug_rss_bytes;
	uint64_t first_ns, warm_ns; /* of all addresses */
	size_t n_frames;
};

/* A file without DW_AT_dwo_name and debug links needs nothing else. */
static int wait_for(struct binaries *set, const struct binary *binary)
{
	struct pollfd p = { .fd = binaries_fd(set), .events = POLLIN };
	int r = 0;

	while (r == 0 && (binary->state == BINARY_PENDING || binary->debug_state == BINARY_DEBUG_PENDING)) {
		if (binaries_indexer_fault(set))
			return -ECHILD;
		if (poll(&p, 1, binaries_timeout_ms(set)) < 0)
			return -errno;
		r = binaries_dispatch(set);
	}
	return r;
}

static int open_file(const char *path, int *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int index_symbols(struct binaries *set, const char *path, struct result *ret, struct binary **ret_binary)
{
	int fd = -1, r;

	r = open_file(path, &fd);
	if (r == 0)
		r = binaries_add(set, fd, path, ret_binary);
	if (r == 0)
		r = wait_for(set, *ret_binary);
	if (r < 0)
		return r;
	ret->cpu_ns = binaries_stats(set)->indexer_cpu_ns;
	ret->rss_bytes = binaries_stats(set)->indexer_rss_anon_peak_bytes;
	return (*ret_binary)->state == BINARY_READY ? 0 : -EBADMSG;
}

static int index_debug(struct binaries *set, const char *path, struct binary *binary, struct result *ret)
{
	int fd = -1, r;

	r = open_file(path, &fd);
	if (r == 0)
		r = binaries_want_debug(set, binary, path, fd);
	if (r == 0)
		r = wait_for(set, binary);
	if (r < 0)
		return r;
	ret->debug_cpu_ns = binaries_stats(set)->indexer_cpu_ns - ret->cpu_ns;
	ret->debug_rss_bytes = binaries_stats(set)->indexer_rss_anon_peak_bytes;
	if (binary->debug_state != BINARY_DEBUG_READY)
		fprintf(stderr, "symbolize-timer: no debug info: %s\n", binary->debug_reason);
	return binary->debug_state == BINARY_DEBUG_READY ? 0 : -EBADMSG;
}

static int read_addresses(struct buf *ret)
{
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		const uint64_t addr = strtoull(line, NULL, 16);

		if (buf_add(ret, &addr, sizeof(addr)) < 0)
			return -ENOMEM;
	}
	return ret->size ? 0 : -EINVAL;
}

/* Takes the index' pages out of this process: the next look at each is a first one. They stay in the page cache. */
static int forget_pages(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t start, end;
	char line[512];
	int r = -ENOENT;

	while (maps && fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "cpuhound-index") || sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) != 2)
			continue;
		r = madvise((void *)start, end - start, MADV_DONTNEED) < 0 ? -errno : 0;
	}
	if (maps)
		fclose(maps);
	return r;
}

/* As a profile would: a byte of each string is looked at. */
static size_t look_up(const struct binary *binary, const uint64_t *addrs, size_t n, uint64_t *ret_ns)
{
	const uint64_t start = clock_now_ns(CLOCK_MONOTONIC);
	struct index_frame frames[MAX_FRAMES];
	volatile char seen = 0;
	size_t n_frames = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t depth = binary_lookup(binary, addrs[i], frames, MAX_FRAMES);

		for (size_t k = 0; k < depth; k++) {
			seen = *frames[k].function;
			seen = frames[k].file ? *frames[k].file : seen;
		}
		n_frames += depth;
	}
	*ret_ns = clock_now_ns(CLOCK_MONOTONIC) - start;
	return n_frames;
}

static int time_lookups(const struct binary *binary, const uint64_t *addrs, size_t n, struct result *ret)
{
	uint64_t ns;
	int r = forget_pages();

	if (r < 0)
		return r;
	ret->n_frames = look_up(binary, addrs, n, &ret->first_ns);
	for (int i = 0; i < RUNS; i++) {
		look_up(binary, addrs, n, &ns);
		if (i == 0 || ns < ret->warm_ns)
			ret->warm_ns = ns;
	}
	return 0;
}

static int measure(const char *path)
{
	const struct binaries_config config = { .max_binaries = 1 };
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	_cleanup_(buf_done) struct buf addrs = {};
	struct result result = {};
	struct binary *binary;
	size_t n;
	int r;

	r = read_addresses(&addrs);
	if (r == 0)
		r = binaries_new(&config, &set);
	if (r == 0)
		r = index_symbols(set, path, &result, &binary);
	if (r == 0)
		r = index_debug(set, path, binary, &result);
	n = addrs.size / sizeof(uint64_t);
	if (r == 0)
		r = time_lookups(binary, (const uint64_t *)(const void *)addrs.data, n, &result);
	if (r < 0)
		return r;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %zu %zu %zu %zu %zu %.1f %.1f\n", result.cpu_ns,
	       result.rss_bytes, result.debug_cpu_ns, result.debug_rss_bytes, index_mapped_bytes(binary->index),
	       index_n_functions(binary->index), index_mapped_bytes(binary->debug), n, result.n_frames,
	       (double)result.first_ns / (double)n, (double)result.warm_ns / (double)n);
	return 0;
}

int main(int argc, char **argv)
{
	int r, exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (argc != 2) {
		fprintf(stderr, "usage: symbolize-timer ELF-FILE <ADDRESSES\n");
		return 2;
	}
	r = measure(argv[1]);
	if (r < 0)
		fprintf(stderr, "symbolize-timer: %s\n", strerrordesc_np(-r));
	return r < 0;
}
