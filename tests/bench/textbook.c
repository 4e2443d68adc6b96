// SPDX-License-Identifier: Apache-2.0
/*
 * textbook HZ COMM: samples all CPUs with textbook.bpf.c until its standard input ends. Says `ready` once all CPUs are
 * sampled, and at the end how often the user stack of a thread called COMM had how many frames: lines `FRAMES COUNT`.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "common/parse.h"
#include "tests/bench/textbook.h"
#include "textbook.skel.h"

/* Links live until the process ends. A CPU that is offline has none. */
static int attach(struct textbook_bpf *bpf, int cpu, uint64_t period_ns)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = period_ns,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return errno == ENODEV ? 0 : -errno;
	return bpf_program__attach_perf_event(bpf->progs.textbook_tick, (int)fd) ? 0 : -errno;
}

static int attach_all(struct textbook_bpf *bpf, uint64_t period_ns)
{
	int n = libbpf_num_possible_cpus();

	for (int cpu = 0; cpu < n; cpu++) {
		int r = attach(bpf, cpu, period_ns);

		if (r < 0)
			return r;
	}
	return n < 0 ? n : 0;
}

static void wait_for_end_of_input(void)
{
	char data[64];

	while (read(STDIN_FILENO, data, sizeof(data)) > 0)
		;
}

static size_t n_frames(const struct textbook_bpf *bpf, __s32 stack)
{
	uint64_t frames[TEXTBOOK_MAX_FRAMES] = { 0 };
	__u32 key = (__u32)stack;
	size_t n = 0;

	if (stack < 0 || bpf_map_lookup_elem(bpf_map__fd(bpf->maps.stacks), &key, frames) < 0)
		return 0;
	while (n < TEXTBOOK_MAX_FRAMES && frames[n] != 0)
		n++;
	return n;
}

static void print_depths(const struct textbook_bpf *bpf, const char *comm)
{
	int counts = bpf_map__fd(bpf->maps.counts);
	uint64_t depths[TEXTBOOK_MAX_FRAMES + 1] = { 0 };
	struct textbook_key key, *last = NULL;

	while (bpf_map_get_next_key(counts, last, &key) == 0) {
		uint64_t count;

		last = &key;
		if (strncmp(key.comm, comm, sizeof(key.comm)) == 0 && bpf_map_lookup_elem(counts, &key, &count) == 0)
			depths[n_frames(bpf, key.user_stack)] += count;
	}
	for (size_t i = 0; i <= TEXTBOOK_MAX_FRAMES; i++)
		if (depths[i] > 0)
			printf("%zu %" PRIu64 "\n", i, depths[i]);
}

int main(int argc, char **argv)
{
	struct textbook_bpf *bpf;
	uint64_t hz;
	int r;

	if (argc != 3 || parse_u64(argv[1], 10, &hz) < 0 || hz == 0) {
		fprintf(stderr, "usage: textbook HZ COMM\n");
		return 2;
	}
	bpf = textbook_bpf__open_and_load();
	r = bpf ? attach_all(bpf, 1000000000 / hz) : -errno;
	if (r < 0) {
		fprintf(stderr, "textbook: cannot sample: %s\n", strerror(-r));
		textbook_bpf__destroy(bpf);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	wait_for_end_of_input();
	print_depths(bpf, argv[2]);
	textbook_bpf__destroy(bpf);
	return 0;
}
