// SPDX-License-Identifier: Apache-2.0
#include "agent/recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "agent/descendants.h"
#include "agent/intake.h"
#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/sampler.h"
#include "agent/sideband-rings.h"
#include "agent/stack-copies.h"
#include "agent/stack-table.h"
#include "agent/unwinding.h"
#include "agent/window.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/priority.h"
#include "pprof/build.h"
#include "symbolizer/binary.h"
#include "workload/cgroup.h"
#include "workload/process.h"

#define NICE (-5)
#define PREPARE_NS (300 * NS_PER_MS)
#define LONGEST_WAIT_MS 1000        /* buffers are looked at this often, were a wake-up lost */
#define DRAIN_AT 0.5                /* how full a buffer is when it is drained */
#define DRAIN_ALL_NS (5 * NS_PER_S) /* and all of them so often: then what has exited can be forgotten */

struct recorder {
	struct recorder_config config;
	int epoll_fd;
	struct sampler *sampler;
	struct intake intake;
	struct sample_batch *batches; /* one for each CPU */

	bool running;
	uint64_t drained_ns; /* CLOCK_MONOTONIC; the last time that all buffers were emptied */

	char window_id[33];
	int64_t start_realtime_ns;
	uint64_t start_ns, stop_ns; /* CLOCK_MONOTONIC */
};

/* Each CPU costs two descriptors, each file in the indexer's queue one. */
static void raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_debug("cannot raise the limit of open files: %m, going on");
}

static int make_window_id(char ret[static 33])
{
	uint8_t bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int watch(struct recorder *r, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int init_sampling(struct recorder *r)
{
	const struct sampler_config config = {
		.period_ns = r->config.period_ns,
		.filter = r->config.filter,
		.follow = r->config.follow,
		.cgroup_v1_memory = r->intake.hierarchy.id != CGROUP_V2,
	};
	int e;

	e = sampler_new(&config, &r->sampler);
	if (e < 0)
		return e;
	r->batches = calloc(sampler_n_cpus(r->sampler), sizeof(*r->batches));
	if (!r->batches)
		return -ENOMEM;
	return intake_attach(&r->intake, r->sampler, (size_t)r->config.unwind_table_mb << 20);
}

static int init_epoll(struct recorder *r)
{
	int e;

	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0)
		return -errno;
	e = watch(r, sideband_rings_fd(r->intake.rings));
	if (e < 0)
		return e;
	e = watch(r, sampler_events_fd(r->sampler));
	if (e < 0)
		return e;
	e = watch(r, unwinding_fd(r->intake.unwinding));
	if (e < 0)
		return e;
	e = watch(r, stack_copies_fd(r->intake.copies));
	if (e < 0)
		return e;
	e = watch(r, jit_maps_fd(r->intake.jit));
	if (e < 0)
		return e;
	return watch(r, binaries_fd(r->intake.binaries));
}

int recorder_new(const struct recorder_config *config, struct recorder **ret)
{
	_cleanup_(recorder_freep) struct recorder *r = calloc(1, sizeof(*r));
	const struct intake_config intake_config = {
		.cache_dir = config->cache_dir,
		.debug_dirs = config->debug_dirs,
		.n_debug_dirs = config->n_debug_dirs,
		.stacks_limit_bytes = config->stacks_limit_bytes,
	};
	int e;

	if (!r)
		return -ENOMEM;
	r->config = *config;
	r->epoll_fd = -1;
	raise_nofile();
	e = priority_be_prompt(NICE);
	if (e < 0)
		log_debug("cannot raise the priority: %s, going on", strerrordesc_np(-e));
	e = intake_init(&r->intake, &intake_config); /* first: recorder_free() needs it to have begun */
	if (e == 0)
		e = make_window_id(r->window_id);
	if (e == 0)
		e = init_sampling(r);
	if (e == 0)
		e = init_epoll(r);
	if (e < 0)
		return e;
	*ret = take_ptr(r);
	return 0;
}

struct recorder *recorder_free(struct recorder *r)
{
	if (!r)
		return NULL;
	intake_done(&r->intake); /* first: it writes to the sampler's memory */
	sampler_free(r->sampler);
	close_fd(r->epoll_fd);
	free(r->batches);
	free(r);
	return NULL;
}

/* The children that a process already has; those to come are listed as they are forked. */
static int filter_descendants(struct recorder *r, pid_t pid)
{
	size_t n_before, n = 0;

	do {
		_cleanup_free_ pid_t *pids = NULL;
		int e;

		n_before = n;
		e = descendants_read(r->intake.opener.proc_fd, pid, &pids, &n);
		for (size_t i = 0; e == 0 && i < n; i++)
			e = sampler_filter_process(r->sampler, (uint32_t)pids[i], 0);
		if (e < 0)
			return e;
	} while (n > n_before);
	return 0;
}

int recorder_filter_process(struct recorder *r, pid_t pid)
{
	int e = sampler_filter_process(r->sampler, (uint32_t)pid, 0);

	return e == 0 && r->config.follow ? filter_descendants(r, pid) : e;
}

static int filter_found(struct recorder *r, int answer, const struct cgroup *cgroup)
{
	if (answer < 0)
		return answer;
	if (answer == CGROUP_AMBIGUOUS)
		return RECORDER_AMBIGUOUS;
	if (answer == CGROUP_NONE)
		return RECORDER_NOT_FOUND;
	return sampler_filter_cgroup(r->sampler, cgroup->id);
}

int recorder_filter_container(struct recorder *r, const char *id_prefix)
{
	const struct cgroup *cgroup = NULL;
	int answer = cgroups_find_container(r->intake.cgroups, id_prefix, &cgroup);

	return filter_found(r, answer, cgroup);
}

int recorder_filter_cgroup(struct recorder *r, const char *path)
{
	const struct cgroup *cgroup = NULL;
	int answer = cgroups_find_path(r->intake.cgroups, &r->intake.hierarchy, path, &cgroup);

	return filter_found(r, answer, cgroup);
}

/*
 * Before the first tick: the processes that run are read, and the rows of what is in the cache are loaded. What takes
 * longer comes while sampling.
 */
static int prepare(struct recorder *r)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC), until_ns = now_ns + PREPARE_NS;
	struct epoll_event event;
	int e = 0;

	while (e == 0 && !intake_is_ready(&r->intake) && now_ns < until_ns) {
		int timeout_ms = intake_timeout_ms(&r->intake, true), left_ms = (int)((until_ns - now_ns) / NS_PER_MS);

		if (timeout_ms < 0 || timeout_ms > left_ms)
			timeout_ms = left_ms;
		if (epoll_wait(r->epoll_fd, &event, 1, timeout_ms) < 0 && errno != EINTR)
			return -errno;
		now_ns = clock_now_ns(CLOCK_MONOTONIC);
		e = intake_dispatch(&r->intake, now_ns, true);
	}
	return e;
}

int recorder_start(struct recorder *r)
{
	int e;

	e = prepare(r);
	if (e == 0)
		e = sampler_start(r->sampler);
	if (e < 0)
		return e;
	if (binaries_cache_fault(r->intake.binaries))
		log_warning("the cache of names in '%s' is not used: %s", r->config.cache_dir,
			    binaries_cache_fault(r->intake.binaries));
	r->start_ns = r->drained_ns = clock_now_ns(CLOCK_MONOTONIC);
	r->start_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	r->running = true;
	return 0;
}

/*
 * Empties the buffers that are at least this full. The news of the time when the samples were taken is awaited
 * first: a sample is resolved by what was mapped then.
 */
static int drain(struct recorder *r, double at_least)
{
	uint64_t before_ns = clock_now_ns(CLOCK_BOOTTIME);
	size_t n = 0;
	int e = 0;

	for (size_t i = 0; e == 0 && i < sampler_n_cpus(r->sampler); i++)
		if (sampler_fill(r->sampler, i) >= at_least)
			e = sampler_flip(r->sampler, i, &r->batches[n++]);
	if (e < 0 || n == 0)
		return e;
	e = sampler_read_events(r->sampler, intake_on_cgroup, &r->intake);
	if (e == 0)
		e = intake_settle(&r->intake);
	if (e == 0)
		e = intake_finish_copies(&r->intake);
	for (size_t i = 0; i < n; i++) {
		if (e == 0)
			e = intake_take(&r->intake, &r->batches[i]);
		sampler_release(r->sampler, &r->batches[i]);
	}
	if (e == 0 && at_least == 0 && r->running) {
		r->drained_ns = clock_now_ns(CLOCK_MONOTONIC);
		intake_expire(&r->intake, before_ns);
	}
	return e;
}

int recorder_fd(const struct recorder *r)
{
	return r->epoll_fd;
}

int recorder_timeout_ms(const struct recorder *r)
{
	int timeout_ms = intake_timeout_ms(&r->intake, r->running);

	return timeout_ms < 0 || timeout_ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : timeout_ms;
}

int recorder_dispatch(struct recorder *r)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int e;

	e = sampler_read_events(r->sampler, intake_on_cgroup, &r->intake);
	if (e == 0)
		e = intake_dispatch(&r->intake, now_ns, r->running);
	if (e < 0 || !r->running)
		return e;
	return drain(r, now_ns - r->drained_ns >= DRAIN_ALL_NS ? 0 : DRAIN_AT);
}

int recorder_stop(struct recorder *r)
{
	int e;

	e = sampler_stop(r->sampler);
	if (e < 0)
		return e;
	r->stop_ns = clock_now_ns(CLOCK_MONOTONIC);
	r->running = false;
	kernel_code_look_again(r->intake.kernel);
	e = drain(r, 0);
	intake_detach(&r->intake);
	intake_finish(&r->intake);
	return e;
}

size_t recorder_n_unnamed(const struct recorder *r)
{
	return intake_n_unnamed(&r->intake) + intake_n_debug_unread(&r->intake);
}

size_t recorder_n_debug_unread(const struct recorder *r)
{
	return intake_n_debug_unread(&r->intake);
}

static int fill_ledger(struct recorder *r, uint64_t n_in_profile, struct ledger *ret)
{
	struct sampler_account account;
	struct ledger l = {};
	int e;

	e = sampler_account(r->sampler, &account);
	if (e < 0)
		return e;
	l.due = account.n_due;
	l.taken = account.n_entries;
	l.idle = account.n_idle;
	l.filtered = account.n_filtered;
	l.in_profile = n_in_profile;
	l.not_delivered.idle_cpu = account.n_idle_cpu;
	l.not_delivered.throttled = account.n_throttled;
	l.not_delivered.other = account.n_other;
	log_debug("lost news: %" PRIu64 " records of the sideband", r->intake.counts.n_sideband_lost);
	log_debug("lost news: %" PRIu64 " cgroups, and %" PRIu64 " paths of cgroups too long", account.n_events_lost,
		  r->intake.counts.n_cut_cgroup_paths);
	log_debug("counted: %" PRIu64 " ticks, %" PRIu64 " log records, %" PRIu64 " read, %" PRIu64 " in the profile",
		  account.n_entries, account.n_records, r->intake.counts.n_read, n_in_profile);
	e = ledger_add_lost(&l, "log_full", account.n_lost[SAMPLE_LOST_LOG_FULL]);
	if (e == 0)
		e = ledger_add_lost(&l, "window_full", r->intake.counts.n_window_full);
	for (enum truncation t = TRUNCATION_NONE + 1; e == 0 && t < TRUNCATION_N; t++) {
		const char *name = truncation_to_string(t);

		if (t == TRUNCATION_UNKNOWN_PROCESS && r->intake.counts.n_sideband_lost)
			name = "sideband_lost";
		e = ledger_add_truncated(&l, name, r->intake.counts.n_truncated[t]);
	}
	if (e < 0)
		return e;
	*ret = l;
	return 0;
}

static int add_comment(struct profile_builder *b, const char *fmt, ...) _printf_(2, 3);
static int add_comment(struct profile_builder *b, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : profile_builder_add_comment(b, text);
}

static int add_comments(struct recorder *r, struct profile_builder *b, const struct utsname *host,
			const struct ledger *ledger)
{
	const struct intake_counts *counts = &r->intake.counts;
	uint64_t n_roots_refused = r->intake.opener.debug_roots.n_refused;
	_cleanup_(buf_done) struct buf line = {};
	int e;

	e = add_comment(b, "cpuhound %s", CPUHOUND_VERSION);
	if (e == 0)
		e = add_comment(b, "host %s, Linux %s %s", host->nodename, host->release, host->machine);
	if (e == 0)
		e = add_comment(b, "cpu-clock every %.6f ms on each of %zu CPUs (%.2f Hz)",
				(double)r->config.period_ns / NS_PER_MS, sampler_n_cpus(r->sampler),
				(double)NS_PER_S / (double)r->config.period_ns);
	if (e == 0)
		e = ledger_format(ledger, r->window_id, &line);
	if (e == 0)
		e = profile_builder_add_comment(b, line.data);
	if (e == 0 && (counts->n_copied || counts->n_copy_lost || counts->n_copy_unfinished))
		e = add_comment(b,
				"stack copies: %" PRIu64 " samples finished, %" PRIu64 " without room or time, %" PRIu64
				" not finished",
				counts->n_copied, counts->n_copy_lost, counts->n_copy_unfinished);
	if (e == 0 && n_roots_refused)
		e = add_comment(b, "debug files in roots beyond %d were not looked at: of %" PRIu64 " files",
				DEBUG_ROOTS_MAX, n_roots_refused);
	if (e == 0 && kernel_code_unnamed(r->intake.kernel))
		e = add_comment(b, "kernel functions are unnamed: %s", kernel_code_unnamed(r->intake.kernel));
	if (e == 0 && kernel_code_n_refused(r->intake.kernel))
		e = add_comment(b,
				"kernel functions are unnamed: of %" PRIu64
				" BPF programs or modules, beyond those that are kept",
				kernel_code_n_refused(r->intake.kernel));
	return e;
}

int recorder_encode(struct recorder *r, struct buf *ret, struct ledger *ret_ledger)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	struct window_sources sources = {
		.stacks = r->intake.stacks,
		.modules = r->intake.modules,
		.jit = r->intake.jit,
		.kernel = r->intake.kernel,
		.cgroups = r->intake.cgroups,
		.is_sideband_lost = r->intake.counts.n_sideband_lost > 0,
		.period_ns = r->config.period_ns,
	};
	const struct profile_meta meta = {
		.time_ns = r->start_realtime_ns,
		.duration_ns = (int64_t)(r->stop_ns - r->start_ns),
		.period_ns = (int64_t)r->config.period_ns,
	};
	struct ledger ledger;
	struct utsname host;
	int e;

	if (uname(&host) < 0)
		return -errno;
	sources.host = host.nodename;
	if (binaries_indexer_fault(r->intake.binaries))
		log_warning("functions are unnamed: the indexer does not start: %s",
			    binaries_indexer_fault(r->intake.binaries));
	e = profile_builder_new(&b);
	if (e < 0)
		return e;
	e = window_add_samples(&sources, b);
	if (e < 0)
		return e;
	e = fill_ledger(r, profile_builder_n_samples(b), &ledger);
	if (e < 0)
		return e;
	e = add_comments(r, b, &host, &ledger);
	if (e == 0)
		e = window_add_unreadable(&sources, b);
	if (e == 0)
		e = profile_builder_encode(b, &meta, ret);
	if (e < 0)
		return e;
	*ret_ledger = ledger;
	return 0;
}

void recorder_progress(struct recorder *r, struct recorder_progress *ret)
{
	struct sampler_account account = {};

	*ret = (struct recorder_progress){
		.n_processes = processes_stats(r->intake.processes)->n_processes,
	};
	for (size_t i = 0; i < sampler_n_cpus(r->sampler); i++)
		ret->n_samples += sampler_n_records(r->sampler, i);
	if (sampler_account(r->sampler, &account) == 0) {
		ret->n_lost = account.n_lost[SAMPLE_LOST_LOG_FULL] + r->intake.counts.n_window_full;
		ret->n_follow_failed = account.n_follow_failed;
	}
}
