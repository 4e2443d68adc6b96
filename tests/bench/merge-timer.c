// SPDX-License-Identifier: Apache-2.0
/*
 * merge timer: what it costs to merge windows of 10,000 distinct stacks of 25 frames each, half of which were in the
 * window before. Prints milliseconds of CPU: to decode a window, to add it, to encode the six, and to encode them
 * folded.
 */
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "pprof/build.h"
#include "pprof/merge.h"
#include "pprof/profile.h"

#define N_WINDOWS 6
#define N_STACKS 10000
#define N_FRAMES 25
#define N_FUNCTIONS 5000

static uint64_t cpu_ns(void)
{
	return clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static void check(int r, const char *what)
{
	if (r == 0)
		return;
	fprintf(stderr, "merge-timer: cannot %s: %s\n", what, r < 0 ? strerror(-r) : "no");
	exit(1);
}

static void add_stack(struct profile_builder *b, unsigned int number)
{
	const struct profile_mapping app = {
		.start = 0x1000, .limit = 0x4000000, .filename = "/app", .build_id = "0123456789abcdef0123456789abcdef"
	};
	const struct label labels[] = { { .key = "service_name", .str = number % 2 ? "api" : "db" },
					{ .key = "comm", .str = number % 3 ? "worker" : "main" } };
	struct frame frames[N_FRAMES];
	char names[N_FRAMES][64];

	for (unsigned int i = 0; i < N_FRAMES; i++) {
		/* The outer frames are few, the inner ones many. */
		unsigned int function = (number >> (i / 2)) * 2654435761U % N_FUNCTIONS;

		snprintf(names[i], sizeof(names[i]), "company::project::component_%u::method(int, char const*)",
			 function);
		frames[i] = (struct frame){ .addr = 0x1000 + function * 64 + number % 4,
					    .mapping = &app,
					    .function = names[i],
					    .line = number % 4 };
	}
	check(profile_builder_add(b, frames, N_FRAMES, labels, ARRAY_SIZE(labels), 1, 10000000), "add a stack");
}

static void make_window(unsigned int number, struct buf *ret)
{
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 10, .period_ns = 10000000 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;

	check(profile_builder_new(&b), "begin a window");
	for (unsigned int i = 0; i < N_STACKS; i++)
		add_stack(b, number * N_STACKS / 2 + i);
	check(profile_builder_encode(b, &meta, ret), "encode a window");
}

static double ms_since(uint64_t begin_ns)
{
	return (double)(cpu_ns() - begin_ns) / NS_PER_MS;
}

static double encode_ms(struct merge *m, uint32_t fold_below_ppm, size_t *ret_n_bytes)
{
	const struct merge_options options = { .id = "m", .fold_below_ppm = fold_below_ppm };
	_cleanup_(buf_done) struct buf raw = {};
	uint64_t begin_ns = cpu_ns();

	check(merge_encode(m, &options, &raw), "encode");
	*ret_n_bytes = raw.size;
	return ms_since(begin_ns);
}

/* Decoding and adding, a window; encoding all. */
static void measure(uint32_t fold_below_ppm, double *ret_decode_ms, double *ret_add_ms, double *ret_encode_ms,
		    size_t *ret_n_bytes)
{
	_cleanup_(merge_freep) struct merge *m = NULL;
	double decode_ms = 0, add_ms = 0;

	check(merge_new(&m), "begin");
	for (unsigned int i = 0; i < N_WINDOWS; i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		_cleanup_(buf_done) struct buf raw = {};
		uint64_t begin_ns;

		make_window(i, &raw);
		begin_ns = cpu_ns();
		check(profile_decode(raw.data, raw.size, &p), "decode");
		decode_ms += ms_since(begin_ns);
		begin_ns = cpu_ns();
		check(merge_add(m, p), "add");
		add_ms += ms_since(begin_ns);
	}
	*ret_decode_ms = decode_ms / N_WINDOWS;
	*ret_add_ms = add_ms / N_WINDOWS;
	*ret_encode_ms = encode_ms(m, fold_below_ppm, ret_n_bytes);
}

int main(void)
{
	double decode_ms, add_ms, encode_all_ms, encode_folded_ms;
	size_t n_bytes, n_folded_bytes;

	measure(0, &decode_ms, &add_ms, &encode_all_ms, &n_bytes);
	measure(500, &decode_ms, &add_ms, &encode_folded_ms, &n_folded_bytes);
	printf("%.1f %.1f %.1f %.1f %zu %zu\n", decode_ms, add_ms, encode_all_ms, encode_folded_ms, n_bytes,
	       n_folded_bytes);
	return 0;
}
