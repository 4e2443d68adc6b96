// SPDX-License-Identifier: Apache-2.0
/*
 * day maker: fills a store with the day of a busy core, or of several hosts with one each, and merges it. Services have
 * programs of their own and share libraries; each has a tree of calls, whose paths are its stacks;
 * how often a stack is met goes by Zipf's law. Hosts run the same services: a tenth of its stacks no other has.
 *
 * usage: day-maker STORE NAMES SERVICES STACKS HZ HOURS HOSTS
 * NAMES: names of functions, one a line. Prints: stacks met, samples, files and bytes on disk and in files of each
 * tier, bytes of the raw windows as gzip pprof (of one host) and uncompressed, seconds for merging.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/compress.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "pprof/build.h"
#include "pprof/label-values.h"
#include "pprof/ledger.h"
#include "store/compact.h"
#include "store/store.h"

#define START_NS (INT64_C(1795910400) * (int64_t)NS_PER_S) /* 2026-11-29 00:00:00 UTC */
#define WINDOW_S 10
#define MAX_DEPTH 40
#define MIN_DEPTH 8
#define N_BINARIES 6 /* of a service: its program, and libraries, the last four of which all share */
#define NAMES_BYTES ((size_t)64 << 20)

struct stack {
	uint32_t functions[MAX_DEPTH]; /* outermost first */
	uint32_t depth, service;
	bool is_met;
};

struct binary {
	char path[64], id[48];
	struct profile_mapping mapping;
};

struct day {
	char **names;
	size_t n_names;
	unsigned int n_services, n_stacks, hz, n_hosts;
	struct binary *binaries; /* N_BINARIES for each service */
	struct stack *stacks;
	double *weights; /* summed up */
	uint64_t random;
	uint64_t n_met, n_samples, n_gzip_bytes, n_pprof_bytes;
};

static uint64_t next(struct day *d)
{
	d->random ^= d->random << 13;
	d->random ^= d->random >> 7;
	d->random ^= d->random << 17;
	return d->random;
}

static double chance(struct day *d)
{
	return (double)(next(d) >> 11) / (double)(1ULL << 53);
}

static int read_names(const char *path, struct day *d)
{
	static struct buf text = {};
	int r = fs_read(AT_FDCWD, path, NAMES_BYTES, &text);
	char *rest = text.data, *line;

	if (r < 0)
		return r;
	d->names = calloc(text.size + 1, sizeof(*d->names));
	if (!d->names)
		return -ENOMEM;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			d->names[d->n_names++] = line;
	return d->n_names > 1000 ? 0 : -EINVAL;
}

/* A branch of a stack that is there, as programs are: most of a stack is shared with others. */
static void make_stack(struct day *d, uint32_t number)
{
	struct stack *s = &d->stacks[number];
	uint32_t depth = MIN_DEPTH + (uint32_t)(next(d) % (MAX_DEPTH - MIN_DEPTH));
	uint32_t n_shared = 0;

	s->service = number % d->n_services;
	if (number >= d->n_services) {
		uint32_t n_before = number / d->n_services;
		const struct stack *parent = &d->stacks[s->service + (uint32_t)(next(d) % n_before) * d->n_services];

		n_shared = parent->depth - (uint32_t)(chance(d) * chance(d) * parent->depth);
		n_shared = n_shared > depth ? depth - 1 : n_shared;
		memcpy(s->functions, parent->functions, n_shared * sizeof(*s->functions));
	}
	for (s->depth = n_shared; s->depth < depth; s->depth++)
		s->functions[s->depth] = (uint32_t)(s->service * 100000 + next(d) % 2500);
}

static int make_stacks(struct day *d)
{
	double sum = 0;

	d->stacks = calloc(d->n_stacks, sizeof(*d->stacks));
	d->weights = calloc(d->n_stacks, sizeof(*d->weights));
	if (!d->stacks || !d->weights)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_stacks; i++) {
		make_stack(d, i);
		sum += 1.0 / (1 + i);
		d->weights[i] = sum;
	}
	return 0;
}

/* Of a host: its own stacks are those of these numbers. */
static uint32_t pick(struct day *d, unsigned int host)
{
	double at = chance(d) * d->weights[d->n_stacks - 1];
	uint32_t low = 0, high = d->n_stacks - 1;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (d->weights[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low % 10 == 9 && d->n_hosts > 1)
		low = (low + host * 10 * d->n_services) % d->n_stacks;
	return low;
}

static void make_binary(struct binary *b, uint32_t owner, uint32_t binary)
{
	uint64_t hash = (owner * N_BINARIES + binary + 1) * UINT64_C(0x9e3779b97f4a7c15);

	snprintf(b->path, sizeof(b->path),
		 binary ? "/usr/lib/x86_64-linux-gnu/libpart-%u-%u.so.1" : "/srv/app-%u/bin/server-%u", owner, binary);
	snprintf(b->id, sizeof(b->id), "%016" PRIx64 "%016" PRIx64 "%08x", hash, hash * 31, (unsigned int)(hash >> 7));
	b->mapping =
		(struct profile_mapping){ .start = 0x1000, .limit = 0x400000, .filename = b->path, .build_id = b->id };
}

static int make_binaries(struct day *d)
{
	d->binaries = calloc(d->n_services * N_BINARIES, sizeof(*d->binaries));
	if (!d->binaries)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_services * N_BINARIES; i++)
		make_binary(&d->binaries[i], i % N_BINARIES < 2 ? i / N_BINARIES : 0, i % N_BINARIES);
	return 0;
}

/* A function lies in one of its service's binaries; a leaf is met at several of its lines. */
static struct frame frame_of(const struct day *d, const struct stack *s, uint32_t i, uint32_t line)
{
	uint32_t function = s->functions[s->depth - 1 - i];

	return (struct frame){ .addr = 0x1000 + (function % 100000) * 64 + (i ? i % 4 : line),
			       .mapping = &d->binaries[s->service * N_BINARIES + function % N_BINARIES].mapping,
			       .function = d->names[function % d->n_names],
			       .line = 10 + (i ? i % 4 : line) };
}

static int add_sample(struct day *d, struct profile_builder *b, uint32_t number, const char *host)
{
	struct frame frames[MAX_DEPTH];
	char service[32], pod[48], container[68];
	struct stack *s = &d->stacks[number];
	const struct label labels[] = {
		{ .key = "service_name", .str = service },
		{ .key = "container", .str = container },
		{ .key = "pod", .str = pod },
		{ .key = "namespace", .str = "production" },
		{ .key = "host", .str = host },
		{ .key = "comm", .str = number % 3 ? "worker" : "main" },
	};
	uint32_t line = (uint32_t)(next(d) % 2);

	d->n_met += !s->is_met;
	s->is_met = true;
	snprintf(service, sizeof(service), "service-%u", s->service);
	snprintf(pod, sizeof(pod), "service-%u-7d9f8b6c5-x2x%uq", s->service, s->service);
	snprintf(container, sizeof(container), "%064" PRIx64, s->service * UINT64_C(0x9e3779b97f4a7c15));
	for (uint32_t i = 0; i < s->depth; i++)
		frames[i] = frame_of(d, s, i, line);
	return profile_builder_add(b, frames, s->depth, labels, ARRAY_SIZE(labels), 1, NS_PER_S / d->hz);
}

static int add_ledger(struct profile_builder *b, uint64_t n, struct window_info *info)
{
	_cleanup_(buf_done) struct buf line = {};
	int r;

	snprintf(info->id, sizeof(info->id), "%032" PRIx64, info->first + 1);
	info->ledger = (struct ledger){ .due = n, .taken = n, .in_profile = n, .windows = 1 };
	r = ledger_format(&info->ledger, info->id, &line);
	return r == 0 ? profile_builder_add_comment(b, line.data) : r;
}

/* Sequences are the store's: hosts take turns. */
static int write_window(struct day *d, struct store *s, uint64_t number, unsigned int host)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {}, gzip = {};
	const uint64_t sequence = number * d->n_hosts + host;
	struct window_info info = { .first = sequence, .last = sequence };
	const uint64_t n = d->hz * WINDOW_S;
	const struct profile_meta meta = { .time_ns = START_NS + (int64_t)(number * WINDOW_S * NS_PER_S),
					   .duration_ns = WINDOW_S * NS_PER_S,
					   .period_ns = (int64_t)(NS_PER_S / d->hz) };
	int r = profile_builder_new(&b);

	snprintf(info.host, sizeof(info.host), "node-%u", 17 + host);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = add_sample(d, b, pick(d, host), info.host);
	d->n_samples += n;
	if (r == 0)
		r = add_ledger(b, n, &info);
	if (r == 0)
		r = profile_builder_label_values(b, &labels);
	if (r == 0)
		r = profile_builder_encode(b, &meta, &raw);
	if (r == 0 && d->n_hosts == 1)
		r = compress_add(COMPRESSION_GZIP, raw.data, raw.size, &gzip);
	d->n_gzip_bytes += gzip.size;
	d->n_pprof_bytes += raw.size;
	info.start_ns = meta.time_ns;
	info.duration_ns = (uint64_t)meta.duration_ns;
	info.period_ns = (uint64_t)meta.period_ns;
	return r == 0 ? store_write(s, &info, &labels, &raw) : r;
}

static int fill(struct day *d, int store_fd, uint64_t hours)
{
	_cleanup_(store_freep) struct store *s = NULL;
	int r;

	r = store_open(store_fd, STORE_WRITE, &s);
	for (uint64_t i = 0; r == 0 && i < hours * 3600 / WINDOW_S; i++)
		for (unsigned int host = 0; r == 0 && host < d->n_hosts; host++)
			r = write_window(d, s, i, host);
	return r;
}

static int print_tiers(struct store *s)
{
	int r = 0;

	for (enum window_tier tier = 0; r == 0 && tier < WINDOW_N_TIERS; tier++) {
		_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
		uint64_t n_bytes = 0, n_disk_bytes = 0, n_samples = 0;
		struct window_info info;

		r = store_list(s, tier, 0, UINT64_MAX, false, SIZE_MAX, &c);
		while (r == 0 && (r = window_cursor_next(c, &info)) == 0) {
			n_bytes += info.n_bytes;
			n_disk_bytes += info.n_disk_bytes;
			n_samples += info.ledger.in_profile;
		}
		r = r == STORE_END ? 0 : r;
		printf("%s %zu %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", window_tier_name(tier),
		       r == 0 ? window_cursor_n(c) : 0, n_samples, n_bytes, n_disk_bytes);
	}
	return r;
}

static int merge(struct day *d, int store_fd)
{
	_cleanup_(store_freep) struct store *s = NULL;
	struct compact_stats stats = {};
	uint64_t begin_ns;
	int r = store_open(store_fd, STORE_MAINTAIN, &s);

	begin_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (r == 0)
		r = compact_run(s, 0, INT64_MAX / 2, &stats);
	if (r == 0 && stats.n_failed)
		r = stats.last_error;
	if (r != 0)
		return r;
	printf("day %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.1f\n", d->n_met, d->n_samples, d->n_gzip_bytes,
	       d->n_pprof_bytes, (double)(clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) / (double)NS_PER_S);
	return print_tiers(s);
}

static int run(char **argv)
{
	_cleanup_close_ int store_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct day d = { .random = UINT64_C(88172645463325252) };
	uint64_t n_services, n_stacks, hz, hours, n_hosts;
	int r = store_fd < 0 ? -errno : read_names(argv[2], &d);

	if (r < 0)
		return r;
	if (parse_u64(argv[3], 10, &n_services) < 0 || parse_u64(argv[4], 10, &n_stacks) < 0 ||
	    parse_u64(argv[5], 10, &hz) < 0 || parse_u64(argv[6], 10, &hours) < 0 ||
	    parse_u64(argv[7], 10, &n_hosts) < 0 || n_hosts == 0)
		return -EINVAL;
	d.n_services = (unsigned int)n_services;
	d.n_stacks = (unsigned int)n_stacks;
	d.hz = (unsigned int)hz;
	d.n_hosts = (unsigned int)n_hosts;
	r = make_binaries(&d);
	if (r == 0)
		r = make_stacks(&d);
	if (r == 0)
		r = fill(&d, store_fd, hours);
	return r == 0 ? merge(&d, store_fd) : r;
}

int main(int argc, char **argv)
{
	int r = argc == 8 ? run(argv) : -EINVAL;

	if (r != 0)
		fprintf(stderr, "day-maker: %s\n", r < 0 ? strerror(-r) : "no");
	return r != 0;
}
