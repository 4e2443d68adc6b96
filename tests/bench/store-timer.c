// SPDX-License-Identifier: Apache-2.0
/*
 * store timer: store-timer write DIR | fill DIR | query DIR: what the store costs, for tests/bench/bench-store.
 *
 *   write  a window of 10,000 distinct stacks of 25 frames is put into the store in DIR; prints the medians of RUNS: ms
 *          of CPU, and ms on the clock with its fsyncs
 *   fill   makes 30 days of windows as retention leaves them: raw ones of 24 h, minutes of 7 d, hours of 30 d, each
 * with 60 of some hundred labels, and the catalogue that is right about them; prints how many query  opens the store
 * and selects in it; prints, for each selection: windows, ms of CPU for opening and selecting, and for reading what the
 * catalogue knows of all its windows; medians of RUNS
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "pprof/build.h"
#include "pprof/label-values.h"
#include "store/selection.h"
#include "store/store.h"

#define RUNS 15
#define N_STACKS 10000
#define DEPTH 25
#define N_FUNCTIONS 5000
#define LABELS_A_WINDOW 60
#define WINDOW_NS (10 * NS_PER_S)
#define HOUR_NS (3600 * NS_PER_S)
#define DAY_NS (24 * HOUR_NS)

static void check(int r, const char *what)
{
	if (r != 0) {
		fprintf(stderr, "cannot %s: %d\n", what, r);
		exit(1);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), compare);
	return values[RUNS / 2];
}

static double ms_since(clockid_t clock, uint64_t start_ns)
{
	return (double)(clock_now_ns(clock) - start_ns) / NS_PER_MS;
}

static void add_stacks(struct profile_builder *b)
{
	static char names[N_FUNCTIONS][48];
	struct frame frames[DEPTH];

	for (int i = 0; i < N_FUNCTIONS; i++)
		snprintf(names[i], sizeof(names[i]), "library::module%d::function_%d", i % 97, i);
	for (int i = 0; i < N_STACKS; i++) {
		const struct label label = { .key = "service_name", .str = i % 3 ? "api" : "db" };

		for (int j = 0; j < DEPTH; j++) /* the outer frames are shared, as those of programs are */
			frames[j] = (struct frame){
				.addr = 0x1000,
				.function =
					names[(j < 8 ? i * 31 + (i / N_FUNCTIONS + 17) * j : i % 40 + j) % N_FUNCTIONS]
			};
		check(profile_builder_add(b, frames, DEPTH, &label, 1, 1, 52631578), "add a stack");
	}
}

static void make(struct profile_builder *b, struct window_info *info, struct buf *ret)
{
	const struct profile_meta meta = { .time_ns = info->start_ns, .duration_ns = 1, .period_ns = 52631578 };
	_cleanup_(buf_done) struct buf line = {};

	check(ledger_format(&info->ledger, info->id, &line), "format a ledger");
	check(profile_builder_add_comment(b, line.data), "add a comment");
	check(profile_builder_encode(b, &meta, ret), "encode");
}

static void write_windows(struct store *s)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {};
	struct window_info info = { .id = "w", .host = "h", .period_ns = 52631578, .ledger.windows = 1 };
	double cpu_ms[RUNS], wall_ms[RUNS];

	info.start_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	check(profile_builder_new(&b), "make a builder");
	add_stacks(b);
	make(b, &info, &raw);
	check(profile_builder_label_values(b, &labels), "gather labels");
	for (int i = 0; i < RUNS; i++) {
		uint64_t cpu_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID), wall_ns = clock_now_ns(CLOCK_MONOTONIC);

		info.first = info.last = store_next_sequence(s);
		check(store_write(s, &info, &labels, &raw), "write");
		cpu_ms[i] = ms_since(CLOCK_THREAD_CPUTIME_ID, cpu_ns);
		wall_ms[i] = ms_since(CLOCK_MONOTONIC, wall_ns);
	}
	printf("%d %zu %" PRIu64 " %f %f\n", N_STACKS, raw.size, info.n_bytes, median(cpu_ms), median(wall_ms));
}

/* Some labels come and go from window to window. */
static void add_labels(struct profile_builder *b, uint64_t n)
{
	const struct frame frame = { .function = "main" };

	for (uint64_t i = 0; i < LABELS_A_WINDOW / 2; i++) {
		char service[32], comm[32];
		const struct label labels[] = { { .key = "service_name", .str = service },
						{ .key = "comm", .str = comm } };

		snprintf(service, sizeof(service), "service-%" PRIu64, i);
		snprintf(comm, sizeof(comm), "command-%" PRIu64, i < 25 ? i : i + n * 7 % 200);
		check(profile_builder_add(b, &frame, 1, labels, 2, 1, 1), "add a sample");
	}
}

static uint64_t fill_tier(struct store *s, enum window_tier tier, uint64_t length_ns, uint64_t from_ns,
			  uint64_t until_ns)
{
	uint64_t n = 0, a_window = length_ns / WINDOW_NS;

	for (uint64_t ns = from_ns; ns < until_ns; ns += length_ns, n++) {
		_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
		_cleanup_(label_values_done) struct label_values labels = {};
		_cleanup_(buf_done) struct buf raw = {};
		struct window_info info = { .tier = tier, .host = "h", .period_ns = 1, .ledger.windows = a_window };

		info.start_ns = (int64_t)ns;
		info.first = (ns - (until_ns - 40 * DAY_NS)) / WINDOW_NS;
		info.last = info.first + a_window - 1;
		info.ledger.due = info.ledger.taken = info.ledger.in_profile = LABELS_A_WINDOW / 2;
		snprintf(info.id, sizeof(info.id), "%032" PRIx64, ns);
		check(profile_builder_new(&b), "make a builder");
		add_labels(b, n);
		make(b, &info, &raw);
		check(profile_builder_label_values(b, &labels), "gather labels");
		check(store_write(s, &info, &labels, &raw), "write");
	}
	return n;
}

static void fill(struct store *s, int dir_fd)
{
	uint64_t now_ns = clock_now_ns(CLOCK_REALTIME) / HOUR_NS * HOUR_NS, n = 0;
	struct store *maintainer = NULL;

	n += fill_tier(s, WINDOW_HOUR, HOUR_NS, now_ns - 30 * DAY_NS, now_ns);
	n += fill_tier(s, WINDOW_MINUTE, 60 * NS_PER_S, now_ns - 7 * DAY_NS, now_ns);
	n += fill_tier(s, WINDOW_RAW, WINDOW_NS, now_ns - DAY_NS, now_ns);
	sleep(3); /* until the folders are old enough to be trusted */
	check(store_open(dir_fd, STORE_MAINTAIN, &maintainer), "open the store to maintain it");
	check(store_reconcile(maintainer), "reconcile");
	store_free(maintainer);
	printf("%" PRIu64 "\n", n);
}

static size_t query_once(int dir_fd, const struct selection *selection, double *ret_select_ms, double *ret_read_ms)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	_cleanup_(store_freep) struct store *s = NULL;
	uint64_t start_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID);
	struct window_info info;

	check(store_open(dir_fd, STORE_READ, &s), "open the store");
	check(store_select(s, selection, &c), "select");
	*ret_select_ms = ms_since(CLOCK_THREAD_CPUTIME_ID, start_ns);
	start_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID);
	while (window_cursor_next(c, &info) == 0)
		;
	*ret_read_ms = ms_since(CLOCK_THREAD_CPUTIME_ID, start_ns);
	return window_cursor_n(c);
}

static void query_one(int dir_fd, const char *name, enum selection_files files, const char *matcher)
{
	struct selection selection = { .until_ns = INT64_MAX, .files = files };
	double select_ms[RUNS], read_ms[RUNS];
	char why[MATCHER_WHY_BYTES];
	size_t n = 0;

	selection.since_ns = (int64_t)(clock_now_ns(CLOCK_REALTIME) - 30 * DAY_NS);
	if (matcher)
		check(selection_add(&selection, matcher, why), "add a matcher");
	for (int i = 0; i < RUNS; i++)
		n = query_once(dir_fd, &selection, &select_ms[i], &read_ms[i]);
	printf("%s %zu %f %f\n", name, n, median(select_ms), median(read_ms));
	selection_done(&selection);
}

int main(int argc, char **argv)
{
	_cleanup_(store_freep) struct store *s = NULL;
	int dir_fd = argc == 3 ? open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir_fd < 0) {
		fprintf(stderr, "usage: store-timer write|fill|query DIR\n");
		return 2;
	}
	if (strcmp(argv[1], "query") == 0) {
		query_one(dir_fd, "fewest", SELECT_FEWEST, NULL);
		query_one(dir_fd, "fewest,service", SELECT_FEWEST, "service=service-7");
		query_one(dir_fd, "finest", SELECT_FINEST, NULL);
		query_one(dir_fd, "finest,comm", SELECT_FINEST, "comm=~command-1.7");
		return 0;
	}
	check(store_open(dir_fd, STORE_WRITE, &s), "open the store to write");
	if (strcmp(argv[1], "write") == 0)
		write_windows(s);
	else
		fill(s, dir_fd);
	return 0;
}
