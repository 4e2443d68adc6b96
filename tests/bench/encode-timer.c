// SPDX-License-Identifier: Apache-2.0
/*
 * encode timer: encode-timer BINARY [STACKS]: what the end of a window costs, for tests/bench/bench-encode. Has BINARY
 * indexed with its debug info, by a child in its sandbox (this program is its own), folds as many distinct stacks
 * (10,000) of 25 frames in it, whose outer frames are shared as those of programs are, and makes a profile of them.
 * Prints one line of numbers: stacks, frames with a name, bytes of the profile, bytes compressed, then ms of CPU for:
 * naming and adding, encoding, compressing; each the median of RUNS.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/modules.h"
#include "agent/stack-table.h"
#include "agent/window.h"
#include "agent/workloads.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/compress.h"
#include "pprof/build.h"
#include "pprof/ledger.h"
#include "symbolizer/binary.h"
#include "symbolizer/children.h"
#include "symbolizer/indexer.h"
#include "workload/cgroup.h"

#define RUNS 15
#define DEPTH 25
#define N_ADDRS 5000
#define PERIOD_NS 52631578

enum phase {
	NAMING,
	ENCODING,
	COMPRESSING,
	N_PHASES
};

struct bench {
	struct binaries *binaries;
	struct binary *binary;
	struct modules *modules;
	struct cgroups *cgroups;
	struct workloads *workloads;
	struct stack_table *stacks;
	uint32_t module, workload[10]; /* threads of one program */
	uint64_t addrs[N_ADDRS];       /* offsets in the file */
	double ms[N_PHASES][RUNS];
	struct window_counts counts;
	size_t n_raw, n_packed;
};

static int read_binary(struct bench *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = binaries_add(b->binaries, fcntl(fd, F_DUPFD_CLOEXEC, 0), path, &b->binary);
	while (r == 0 && binaries_n_pending(b->binaries) + binaries_n_debug_pending(b->binaries) > 0) {
		struct pollfd p = { .fd = binaries_fd(b->binaries), .events = POLLIN };

		poll(&p, 1, binaries_timeout_ms(b->binaries));
		r = binaries_dispatch(b->binaries);
		if (r == 0 && fd >= 0 && b->binary->state == BINARY_READY)
			r = binaries_want_debug(b->binaries, b->binary, path, fd), fd = -1;
	}
	return r == 0 && b->binary->state != BINARY_READY ? -EBADMSG : r;
}

static void choose_addrs(struct bench *b)
{
	const struct index_segment *segment = index_segments(b->binary->index);

	for (size_t i = 1; i < index_n_segments(b->binary->index); i++)
		if (index_segments(b->binary->index)[i].mem_bytes > segment->mem_bytes)
			segment = &index_segments(b->binary->index)[i];
	for (size_t i = 0; i < N_ADDRS; i++)
		b->addrs[i] = segment->file_offset + segment->mem_bytes * i / N_ADDRS;
}

/* Callers are shared by as many stacks as they are far out. */
static int fold(struct bench *b, size_t i)
{
	static const size_t shared_by[] = { 1, 5, 100, 2000 };
	const struct stack_labels labels = { .workload = b->workload[i % ARRAY_SIZE(b->workload)] };
	struct stack_frame frames[DEPTH] = {};

	for (size_t k = 0; k < DEPTH; k++) {
		uint64_t group = i / shared_by[k * ARRAY_SIZE(shared_by) / DEPTH];

		frames[k].addr = b->addrs[(group * 2654435761u + k * 40503u) % N_ADDRS];
		frames[k].module = b->module;
		frames[k].flags = k > 0 ? STACK_FRAME_IS_CALLER : 0;
	}
	return stack_table_add(b->stacks, &labels, frames, DEPTH, PERIOD_NS);
}

static double ms_since(uint64_t *at_ns)
{
	uint64_t now_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID), before_ns = *at_ns;

	*at_ns = now_ns;
	return (double)(now_ns - before_ns) / (double)NS_PER_MS;
}

static int run(struct bench *b, size_t i)
{
	_cleanup_(profile_builder_freep) struct profile_builder *builder = NULL;
	_cleanup_(buf_done) struct buf raw = {}, packed = {};
	const struct window_sources sources = { .stacks = b->stacks, .modules = b->modules, .workloads = b->workloads };
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 10000000000, .period_ns = PERIOD_NS };
	uint64_t at_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID);
	int r;

	b->counts = (struct window_counts){};
	r = profile_builder_new(&builder);
	if (r == 0)
		r = window_add_samples(&sources, builder, &b->counts);
	b->ms[NAMING][i] = ms_since(&at_ns);
	if (r == 0)
		r = profile_builder_encode(builder, &meta, &raw);
	b->ms[ENCODING][i] = ms_since(&at_ns);
	if (r == 0)
		r = compress_add(COMPRESSION_ZSTD, raw.data, raw.size, &packed);
	b->ms[COMPRESSING][i] = ms_since(&at_ns);
	b->n_raw = raw.size;
	b->n_packed = packed.size;
	return r;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int add_workloads(struct bench *b)
{
	const struct workloads_config config = {
		.proc_fd = -1, .cgroups = b->cgroups, .modules = b->modules, .host = "bench"
	};
	struct workload_sighting seen = { .exe = "/usr/bin/some-service" };
	int r = workloads_new(&config, &b->workloads);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(b->workload); i++) {
		char comm[16] = "worker";

		comm[6] = (char)('0' + i);
		seen.comm = comm;
		r = workloads_add(b->workloads, &seen, clock_now_ns(CLOCK_MONOTONIC), &b->workload[i]);
	}
	return r;
}

static int measure(struct bench *b, const char *path, size_t n_stacks)
{
	const struct binaries_config config = { .max_binaries = 2 };
	int r;

	r = binaries_new(&config, &b->binaries);
	if (r == 0)
		r = modules_new(100, &b->modules);
	if (r == 0)
		r = cgroups_new(10, &b->cgroups);
	if (r == 0)
		r = add_workloads(b);
	if (r == 0)
		r = stack_table_new((size_t)256 << 20, &b->stacks);
	if (r == 0)
		r = read_binary(b, path);
	if (r == 0)
		r = modules_add(b->modules, path, b->binary, NULL, &b->module);
	if (r < 0)
		return r;
	choose_addrs(b);
	for (size_t i = 0; r == 0 && i < n_stacks; i++)
		r = fold(b, i);
	for (size_t i = 0; r == 0 && i < RUNS; i++)
		r = run(b, i);
	return r;
}

static void print(struct bench *b)
{
	for (size_t i = 0; i < N_PHASES; i++)
		qsort(b->ms[i], RUNS, sizeof(b->ms[i][0]), by_value);
	printf("%zu %" PRIu64 " %zu %zu %.2f %.2f %.2f\n", stack_table_n_stacks(b->stacks), b->counts.frames.named,
	       b->n_raw, b->n_packed, b->ms[NAMING][RUNS / 2], b->ms[ENCODING][RUNS / 2], b->ms[COMPRESSING][RUNS / 2]);
}

int main(int argc, char **argv)
{
	struct bench b = {};
	int r, exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (argc < 2)
		return 2;
	r = measure(&b, argv[1], argc > 2 ? strtoul(argv[2], NULL, 10) : 10000);
	if (r == 0)
		print(&b);
	else
		fprintf(stderr, "encode-timer: %s\n", strerror(-r));
	stack_table_free(b.stacks);
	workloads_free(b.workloads);
	modules_free(b.modules);
	cgroups_free(b.cgroups);
	binaries_free(b.binaries);
	return r == 0 ? 0 : 1;
}
