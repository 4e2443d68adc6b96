// SPDX-License-Identifier: Apache-2.0
/*
 * upload-driver: a store and its uploader, with a clock that may run faster, for tests/e2e/test-upload.
 *
 *	upload-driver fill DIR N [--start S] [--step S] [--services N] [--samples N]
 *	upload-driver run DIR --kind KIND --url URL [--name NAME] [--speed N] [--start S] [--seconds S] [--add S]
 *	                  [--limit BYTES] [--interval S] [--max-age S] [--timeout MS] [--drop] [--ca FILE]
 *	                  [--token FILE] [--cert FILE] [--key FILE] [--stop [--leave S]]
 *
 * fill writes windows behind those that are there; each has a function window_SEQUENCE_. run prints its stats as lines
 * "NAME VALUE" when it ends: after --seconds of the fast clock, or with --stop as soon as nothing is queued, or nothing
 * that is older than --leave. With --add it also writes a window so often, as an agent would.
 */
#include <assert.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "pprof/build.h"
#include "pprof/label-values.h"
#include "store/store.h"
#include "uploader/uploader.h"

#define WINDOW_S 10
#define PERIOD_NS 10101010
#define LOOK_NS (5 * NS_PER_S) /* in which the uploader finds a new window */

struct driver {
	const char *dir, *kind, *url;
	uint64_t start_s, step_s, n_services, n_samples, speed, seconds, add_s, limit_bytes, leave_s;
	bool stop;
	struct upload_settings settings;
	uint64_t begun_ns; /* CLOCK_MONOTONIC */
	int dir_fd;
	uint64_t first_rss_kb, most_rss_kb, most_disk_bytes;
};

static struct driver d = {
	.start_s = 1764000000,
	.step_s = WINDOW_S,
	.n_services = 1,
	.n_samples = 3,
	.speed = 1,
	.seconds = 60,
	.settings = { .config = { .name = "central",
				  .url = "",
				  .bucket = "",
				  .prefix = "",
				  .region = "",
				  .cluster = "",
				  .access_key = "",
				  .database = "" },
		      .timeout_ns = UPLOAD_TIMEOUT_NS },
};

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "upload-driver: %s: %s\n", what, strerror(-r));
	exit(2);
}

static void add_samples(struct profile_builder *b, const struct window_info *info)
{
	for (uint64_t i = 0; i < d.n_samples; i++) {
		char leaf[48], window[48], service[32];
		const struct frame frames[] = { { .function = leaf }, { .function = window } };
		const struct label labels[] = { { .key = "service_name", .str = service } };

		snprintf(leaf, sizeof(leaf), "leaf_%" PRIu64 "_%" PRIu64, info->first % 97, i);
		snprintf(window, sizeof(window), "window_%" PRIu64 "_", info->first);
		snprintf(service, sizeof(service), "svc-%" PRIu64, i % d.n_services);
		must(profile_builder_add(b, frames, 2, labels, 1, 1, PERIOD_NS), "sample");
	}
}

static void write_window(struct store *s, int64_t start_ns)
{
	const struct profile_meta meta = { .time_ns = start_ns,
					   .duration_ns = WINDOW_S * (int64_t)NS_PER_S,
					   .period_ns = PERIOD_NS };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf line = {}, profile = {};
	struct window_info info = {
		.start_ns = start_ns,
		.duration_ns = WINDOW_S * NS_PER_S,
		.period_ns = PERIOD_NS,
		.host = "driver",
		.ledger = { .due = d.n_samples, .taken = d.n_samples, .in_profile = d.n_samples, .windows = 1 }
	};

	info.first = info.last = store_next_sequence(s);
	snprintf(info.id, sizeof(info.id), "%032" PRIx64, info.first);
	must(profile_builder_new(&b), "builder");
	add_samples(b, &info);
	must(ledger_format(&info.ledger, info.id, &line), "ledger");
	must(profile_builder_add_comment(b, line.data), "comment");
	must(profile_builder_label_values(b, &labels), "labels");
	must(profile_builder_encode(b, &meta, &profile), "encode");
	must(store_write(s, &info, &labels, &profile), "write");
}

static void open_store(struct store **ret)
{
	int r;

	mkdir(d.dir, 0700);
	d.dir_fd = open(d.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(d.dir_fd < 0 ? -errno : 0, d.dir);
	r = store_open(d.dir_fd, STORE_WRITE, ret);
	must(r > 0 ? -EIO : r, "store");
	if (d.limit_bytes)
		store_limit(*ret, d.limit_bytes, 0);
}

static int fill(uint64_t n)
{
	struct store *s = NULL;

	open_store(&s);
	for (uint64_t i = 0; i < n; i++)
		write_window(s, (int64_t)((d.start_s + i * d.step_s) * NS_PER_S));
	store_free(s);
	return 0;
}

static struct upload_clock now(void)
{
	uint64_t passed_ns = (clock_now_ns(CLOCK_MONOTONIC) - d.begun_ns) * d.speed;

	return (struct upload_clock){ .realtime_ns = (int64_t)(d.start_s * NS_PER_S + passed_ns),
				      .monotonic_ns = NS_PER_S + passed_ns };
}

static void note_memory(void)
{
	_cleanup_(buf_done) struct buf text = {};
	const char *at;
	uint64_t kb;

	if (fs_read(AT_FDCWD, "/proc/self/status", 1 << 16, &text) < 0 || !(at = strstr(text.data, "RssAnon:")))
		return;
	kb = strtoull(at + strlen("RssAnon:"), NULL, 10);
	d.most_rss_kb = kb > d.most_rss_kb ? kb : d.most_rss_kb;
	if (d.first_rss_kb == 0)
		d.first_rss_kb = kb;
}

static void note_disk(struct store *s)
{
	struct store_stats stats;

	if (store_stats(s, &stats) == 0 && stats.tiers[WINDOW_RAW].n_disk_bytes > d.most_disk_bytes)
		d.most_disk_bytes = stats.tiers[WINDOW_RAW].n_disk_bytes;
}

static bool is_idle(const struct uploader *u)
{
	struct uploader_stats stats;

	uploader_stats(u, 0, &stats);
	if (stats.state != LANE_IDLE || stats.n_queued_windows == 0)
		return stats.state == LANE_IDLE;
	return d.leave_s > 0 && now().realtime_ns - stats.oldest_ns < (int64_t)(d.leave_s * NS_PER_S);
}

static void print_stats(const struct uploader *u)
{
	static const char *const states[] = { "idle", "sending", "waiting", "holding", "off" };
	struct uploader_stats s;

	uploader_stats(u, 0, &s);
	printf("state %s\nqueued_windows %" PRIu64 "\nqueued_bytes %" PRIu64 "\nfault %s\n", states[s.state],
	       s.n_queued_windows, s.n_queued_bytes, s.fault);
	printf("store_fault %s\nfirst_rss_kb %" PRIu64 "\nmost_rss_kb %" PRIu64 "\nmost_disk_bytes %" PRIu64 "\n",
	       uploader_fault(u), d.first_rss_kb, d.most_rss_kb, d.most_disk_bytes);
	printf("seconds %" PRId64 "\n", now().realtime_ns / (int64_t)NS_PER_S - (int64_t)d.start_s);
#define PRINT_COUNTER(name) printf("%s %" PRIu64 "\n", #name, s.counters.name);
	QUEUE_COUNTERS(PRINT_COUNTER)
#undef PRINT_COUNTER
}

static void wait_for(struct uploader *u, const struct upload_clock *clock)
{
	struct pollfd fd = { .fd = uploader_fd(u), .events = POLLIN };
	int ms = uploader_timeout_ms(u, clock) / (int)d.speed;

	poll(&fd, 1, ms < 1 ? 1 : ms > 20 && d.speed > 1 ? 20 : ms);
}

static int run(void)
{
	struct uploader_options o = { .host = "driver", .targets = &d.settings, .n_targets = 1 };
	struct store *s = NULL;
	struct uploader *u = NULL;
	struct upload_clock clock;
	uint64_t n_added = 0;
	int r;

	open_store(&s);
	o.store_fd = d.dir_fd;
	d.begun_ns = clock_now_ns(CLOCK_MONOTONIC);
	clock = now();
	for (; d.add_s && n_added < 1; n_added++)
		write_window(s, clock.realtime_ns); /* else there may be no store yet */
	r = uploader_new(&o, &clock, &u);
	must(r > 0 ? -ENOENT : r, "uploader");
	do {
		for (; d.add_s && clock.monotonic_ns >= (1 + WINDOW_S + n_added * d.add_s) * NS_PER_S; n_added++)
			write_window(s, (int64_t)((d.start_s + n_added * d.add_s) * NS_PER_S));
		must(uploader_dispatch(u, &clock), "dispatch");
		if (n_added % 500 == 499) {
			note_memory();
			note_disk(s);
		}
		wait_for(u, &clock);
		clock = now();
	} while (clock.monotonic_ns < (1 + d.seconds) * NS_PER_S &&
		 !(d.stop && clock.monotonic_ns > 3 * NS_PER_S && is_idle(u)));
	clock.monotonic_ns += LOOK_NS;
	if (d.add_s)
		must(uploader_dispatch(u, &clock), "dispatch"); /* the window that came last is counted, too */
	note_memory();
	note_disk(s);
	print_stats(u);
	printf("added %" PRIu64 "\n", n_added);
	uploader_free(u);
	store_free(s);
	return 0;
}

static uint64_t number(const char *text)
{
	uint64_t n = 0;

	must(parse_u64(text, 10, &n), text);
	return n;
}

static void take_option(int option, const char *value)
{
	struct upload_settings *s = &d.settings;

	switch (option) {
	case 's':
		d.start_s = number(value);
		break;
	case 'S':
		d.step_s = number(value);
		break;
	case 'v':
		d.n_services = number(value);
		break;
	case 'n':
		d.n_samples = number(value);
		break;
	case 'k':
		s->kind = target_find(value);
		break;
	case 'u':
		s->config.url = value;
		break;
	case 'N':
		s->config.name = value;
		break;
	case 'x':
		d.speed = number(value);
		break;
	case 'l':
		d.seconds = number(value);
		break;
	case 'a':
		d.add_s = number(value);
		break;
	case 'b':
		d.limit_bytes = number(value);
		break;
	case 'i':
		s->interval_ns = number(value) * NS_PER_S;
		break;
	case 'm':
		s->max_age_ns = number(value) * NS_PER_S;
		break;
	case 't':
		s->timeout_ns = number(value) * NS_PER_MS;
		break;
	case 'D':
		s->drops_ambiguous = true;
		break;
	case 'c':
		s->tls_ca_file = value;
		break;
	case 'C':
		s->tls_cert_file = value;
		break;
	case 'K':
		s->tls_key_file = value;
		break;
	case 'T':
		s->token_file = value;
		break;
	case '1':
		d.stop = true;
		break;
	case 'L':
		d.leave_s = number(value);
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "start", 1, NULL, 's' },    { "step", 1, NULL, 'S' },
		{ "services", 1, NULL, 'v' }, { "samples", 1, NULL, 'n' },
		{ "kind", 1, NULL, 'k' },     { "url", 1, NULL, 'u' },
		{ "name", 1, NULL, 'N' },     { "speed", 1, NULL, 'x' },
		{ "seconds", 1, NULL, 'l' },  { "add", 1, NULL, 'a' },
		{ "limit", 1, NULL, 'b' },    { "interval", 1, NULL, 'i' },
		{ "max-age", 1, NULL, 'm' },  { "timeout", 1, NULL, 't' },
		{ "drop", 0, NULL, 'D' },     { "ca", 1, NULL, 'c' },
		{ "cert", 1, NULL, 'C' },     { "key", 1, NULL, 'K' },
		{ "token", 1, NULL, 'T' },    { "stop", 0, NULL, '1' },
		{ "leave", 1, NULL, 'L' },    {},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) > 0)
		take_option(option, optarg);
	if (argc - optind < 2)
		return 2;
	d.dir = argv[optind + 1];
	if (strcmp(argv[optind], "fill") == 0)
		return fill(number(argv[optind + 2]));
	assert(d.settings.kind);
	return run();
}
