// SPDX-License-Identifier: Apache-2.0
#include "agent/recorder.h"

#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <utlist.h>

#include "agent/descendants.h"
#include "agent/encode.h"
#include "agent/host-facts.h"
#include "agent/intake.h"
#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/sampler.h"
#include "agent/sideband-rings.h"
#include "agent/stack-copies.h"
#include "agent/stack-table.h"
#include "agent/sweep.h"
#include "agent/unwinding.h"
#include "agent/window.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "common/log.h"
#include "common/priority.h"
#include "symbolizer/binary.h"
#include "workload/cgroup.h"
#include "workload/process.h"

#define PREPARE_NS (300 * NS_PER_MS)
#define LONGEST_WAIT_MS 1000              /* buffers are looked at this often, were a wake-up lost */
#define DRAIN_AT 0.5                      /* how full a buffer is when it is drained */
#define CLOCK_JUMP_NS ((int64_t)NS_PER_S) /* NTP slews by less in a window */
#define DRAIN_ALL_NS (5 * NS_PER_S)       /* and all of them so often: then what has exited can be forgotten */

struct recorder {
	struct recorder_config config;
	int epoll_fd;
	struct sampler *sampler;
	struct intake intake;
	struct sample_batch *batches; /* one for each CPU */

	enum intake_mode mode; /* FINISHING also before the start */
	uint64_t period_ns;    /* of the open window */
	uint64_t drained_ns;   /* CLOCK_MONOTONIC; the last time that all buffers were emptied */
	bool without_debug;
	bool is_namespace_nested;
	bool told_indexer_fault, told_finisher_fault;

	/* The open window. */
	struct window_origin origin;
	uint64_t sequence;
	int64_t start_realtime_ns;
	int64_t wall_ns;     /* of its start: CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t since_ns;   /* CLOCK_MONOTONIC: it is sampled since then, and */
	uint64_t sampled_ns; /* was before that, until a pause */

	struct closed_window *windows; /* that somebody still has */
	struct recorder_stats totals;  /* of all that were closed */
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

static void read_origin(struct recorder *r)
{
	_cleanup_(buf_done) struct buf boot_id = {};

	r->origin.start_ns = clock_now_ns(CLOCK_BOOTTIME);
	r->origin.pid = (uint64_t)getpid();
	if (fs_read(r->intake.opener.proc_fd, "sys/kernel/random/boot_id", sizeof(r->origin.boot_id), &boot_id) == 0)
		memcpy(r->origin.boot_id, boot_id.data, boot_id.size);
}

/* 0: the host's own, where processes need no other numbers than the kernel's. */
static int read_pid_namespace(const struct recorder *r, uint32_t *ret)
{
	struct stat st;

	if (fstatat(r->intake.opener.proc_fd, "self/ns/pid", &st, 0) < 0)
		return -errno;
	*ret = st.st_ino == INITIAL_PID_NAMESPACE ? 0 : (uint32_t)st.st_ino;
	return 0;
}

static int watch(struct recorder *r, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int init_sampling(struct recorder *r)
{
	struct sampler_config config = {
		.period_ns = r->config.period_ns,
		.filter = r->config.filter,
		.follow = r->config.follow,
		.cgroup_v1_memory = r->intake.hierarchy.id != CGROUP_V2,
	};
	int e;

	e = read_pid_namespace(r, &config.pid_namespace);
	if (e < 0)
		return e;
	r->is_namespace_nested = config.pid_namespace != 0;
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
	e = watch(r, sideband_rings_fd(r->intake.news.rings));
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
	e = watch(r, workloads_fd(r->intake.workloads));
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
	r->period_ns = config->period_ns;
	r->mode = INTAKE_FINISHING;
	r->epoll_fd = -1;
	raise_nofile();
	e = priority_be_prompt(RECORDER_NICE);
	if (e < 0)
		log_debug("cannot raise the priority: %s, going on", strerrordesc_np(-e));
	e = intake_init(&r->intake, &intake_config); /* first: recorder_free() needs it to have begun */
	if (e == 0)
		e = init_sampling(r);
	if (e == 0)
		e = init_epoll(r);
	if (e < 0)
		return e;
	read_origin(r);
	*ret = take_ptr(r);
	return 0;
}

struct recorder *recorder_free(struct recorder *r)
{
	if (!r)
		return NULL;
	while (r->windows)
		recorder_drop_window(r, r->windows);
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
		int timeout_ms = intake_timeout_ms(&r->intake, INTAKE_SAMPLING),
		    left_ms = (int)((until_ns - now_ns) / NS_PER_MS);

		if (timeout_ms < 0 || timeout_ms > left_ms)
			timeout_ms = left_ms;
		if (epoll_wait(r->epoll_fd, &event, 1, timeout_ms) < 0 && errno != EINTR)
			return -errno;
		now_ns = clock_now_ns(CLOCK_MONOTONIC);
		e = intake_dispatch(&r->intake, now_ns, INTAKE_SAMPLING);
	}
	return e;
}

static int start_ticks(struct recorder *r)
{
	int e = sampler_start(r->sampler);

	if (e < 0)
		return e;
	r->since_ns = r->drained_ns = clock_now_ns(CLOCK_MONOTONIC);
	r->mode = INTAKE_SAMPLING;
	return 0;
}

static int64_t wall_offset_ns(void)
{
	return (int64_t)(clock_now_ns(CLOCK_REALTIME) - clock_now_ns(CLOCK_MONOTONIC));
}

int recorder_start(struct recorder *r)
{
	int e;

	e = prepare(r);
	r->intake.window_ns = clock_now_ns(CLOCK_BOOTTIME);
	if (e == 0)
		e = start_ticks(r);
	if (e < 0)
		return e;
	r->start_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	r->wall_ns = wall_offset_ns();
	if (binaries_cache_fault(r->intake.binaries))
		log_warning("the cache of names in '%s' is not used: %s", r->config.cache_dir,
			    binaries_cache_fault(r->intake.binaries));
	return 0;
}

/* The news of the time when the samples were taken is awaited first: a sample is resolved by what was mapped then. */
static int take_batches(struct recorder *r, size_t n)
{
	int e;

	e = sampler_read_events(r->sampler, news_on_cgroup, &r->intake.news);
	if (e == 0)
		e = intake_settle(&r->intake);
	if (e == 0)
		e = intake_finish_copies(&r->intake);
	for (size_t i = 0; i < n; i++) {
		if (e == 0)
			e = intake_take(&r->intake, &r->batches[i], r->period_ns);
		sampler_release(r->sampler, &r->batches[i]);
	}
	return e;
}

/* All that was taken before before_ns (CLOCK_BOOTTIME) is taken in. */
static void note_drained(struct recorder *r, uint64_t before_ns)
{
	r->drained_ns = clock_now_ns(CLOCK_MONOTONIC);
	intake_expire(&r->intake, before_ns);
}

/* CPUs may come and go while they are sampled. */
static int follow_cpus(struct recorder *r)
{
	int e = sampler_follow_cpus(r->sampler);

	return e == SAMPLER_JOINED ? news_follow_cpus(&r->intake.news, r->sampler) : e;
}

/* Empties the buffers that are at least this full. */
static int drain(struct recorder *r, double at_least)
{
	uint64_t before_ns = clock_now_ns(CLOCK_BOOTTIME);
	size_t n = 0;
	int e = at_least == 0 && r->mode == INTAKE_SAMPLING ? follow_cpus(r) : 0;

	for (size_t i = 0; e == 0 && i < sampler_n_cpus(r->sampler); i++)
		if (sampler_fill(r->sampler, i) >= at_least)
			e = sampler_flip(r->sampler, i, &r->batches[n++]);
	if (e < 0 || n == 0)
		return e;
	e = take_batches(r, n);
	if (e == 0 && at_least == 0 && r->mode == INTAKE_SAMPLING)
		note_drained(r, before_ns);
	return e;
}

int recorder_fd(const struct recorder *r)
{
	return r->epoll_fd;
}

int recorder_timeout_ms(const struct recorder *r)
{
	int timeout_ms = intake_timeout_ms(&r->intake, r->mode);

	if (r->mode == INTAKE_PAUSED)
		return timeout_ms;
	return timeout_ms < 0 || timeout_ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : timeout_ms;
}

int recorder_dispatch(struct recorder *r)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int e;

	e = sampler_read_events(r->sampler, news_on_cgroup, &r->intake.news);
	if (e == 0 && r->mode == INTAKE_SAMPLING && sampler_cpus_changed(r->sampler))
		e = follow_cpus(r);
	if (e == 0)
		e = intake_dispatch(&r->intake, now_ns, r->mode);
	if (e < 0 || r->mode != INTAKE_SAMPLING)
		return e;
	return drain(r, now_ns - r->drained_ns >= DRAIN_ALL_NS ? 0 : DRAIN_AT);
}

static int stop_ticks(struct recorder *r)
{
	int e = sampler_stop(r->sampler);

	if (e < 0)
		return e;
	r->sampled_ns += clock_now_ns(CLOCK_MONOTONIC) - r->since_ns;
	kernel_code_look_again(r->intake.kernel);
	return drain(r, 0);
}

static void tell(bool *told, const char *consequence, const char *fault)
{
	if (fault && !*told)
		log_warning("%s does not start: %s", consequence, fault);
	*told = fault != NULL;
}

/* Once each, however many windows it lasts. */
static void tell_faults(struct recorder *r)
{
	tell(&r->told_indexer_fault, "functions are unnamed: the indexer", binaries_indexer_fault(r->intake.binaries));
	tell(&r->told_finisher_fault, "stacks of new processes are short: the finisher",
	     r->intake.copies ? stack_copies_finisher_fault(r->intake.copies) : NULL);
}

int recorder_stop(struct recorder *r)
{
	int e = r->mode == INTAKE_SAMPLING ? stop_ticks(r) : 0;

	r->mode = INTAKE_FINISHING;
	tell_faults(r);
	intake_detach(&r->intake);
	intake_finish(&r->intake);
	return e;
}

int recorder_pause(struct recorder *r)
{
	int e;

	if (r->mode != INTAKE_SAMPLING)
		return 0;
	e = stop_ticks(r);
	if (e == 0)
		e = news_pause(&r->intake.news);
	sampler_sleep(r->sampler);
	r->mode = INTAKE_PAUSED;
	return e;
}

int recorder_resume(struct recorder *r)
{
	int e;

	if (r->mode != INTAKE_PAUSED)
		return 0;
	e = sampler_wake(r->sampler);
	if (e == 0)
		e = news_resume(&r->intake.news);
	if (e == 0)
		e = prepare(r);
	return e == 0 ? start_ticks(r) : e;
}

void recorder_set_period(struct recorder *r, uint64_t period_ns)
{
	sampler_set_period(r->sampler, period_ns);
	r->config.period_ns = period_ns;
}

int recorder_configure(struct recorder *r, const struct config *config)
{
	return intake_configure(&r->intake, config);
}

void recorder_set_debug_info(struct recorder *r, bool is_read)
{
	r->without_debug = !is_read;
	intake_set_debug_info(&r->intake, is_read);
}

size_t recorder_n_unnamed(const struct recorder *r)
{
	return intake_n_unnamed(&r->intake) + intake_n_debug_unread(&r->intake);
}

size_t recorder_n_debug_unread(const struct recorder *r)
{
	return intake_n_debug_unread(&r->intake);
}

static int fill_ledger(const struct sampler_account *account, const struct intake_window *taken, uint64_t n_in_profile,
		       struct ledger *ret)
{
	const struct intake_counts *counts = &taken->counts;
	struct ledger l = {
		.due = account->n_due,
		.taken = account->n_entries,
		.idle = account->n_idle,
		.filtered = account->n_filtered + counts->n_filtered,
		.in_profile = n_in_profile,
		.not_delivered = {
			.idle_cpu = account->n_idle_cpu,
			.throttled = account->n_throttled,
			.other = account->n_other,
		},
		.windows = 1,
	};
	int e;

	e = ledger_add_lost(&l, "log_full", account->n_lost[SAMPLE_LOST_LOG_FULL]);
	if (e == 0)
		e = ledger_add_lost(&l, "window_full", counts->n_window_full);
	for (enum truncation t = TRUNCATION_NONE + 1; e == 0 && t < TRUNCATION_N; t++)
		e = ledger_add_truncated(&l, window_truncation_name(t, taken->news.n_lost > 0), counts->n_truncated[t]);
	if (e == 0)
		*ret = l;
	return e;
}

static void log_counts(const struct sampler_account *account, const struct intake_window *taken, uint64_t n_in_profile)
{
	log_debug("lost news: %" PRIu64 " records of the sideband, and %" PRIu64 " paths of cgroups too long",
		  taken->news.n_lost, taken->news.n_cut_cgroup_paths);
	log_debug("counted: %" PRIu64 " ticks, %" PRIu64 " log records, %" PRIu64 " read, %" PRIu64 " in the profile",
		  account->n_entries, account->n_records, taken->counts.n_read, n_in_profile);
}

static int add_totals(struct recorder *r, const struct closed_window *w, const struct intake_counts *counts)
{
	r->totals.n_kernel += counts->n_kernel_mode;
	r->totals.n_user += counts->n_read - counts->n_kernel_mode;
	r->totals.n_sideband_lost += w->n_sideband_lost;
	r->totals.n_copied += counts->n_copied;
	r->totals.n_copy_lost += counts->n_copy_lost;
	r->totals.n_copy_unfinished += counts->n_copy_unfinished;
	return ledger_add(&r->totals.ledger, &w->ledger);
}

static int fill_window(struct recorder *r, uint64_t now_ns, struct closed_window *w)
{
	struct sampler_account account;
	struct intake_window taken;
	uint64_t n_samples;
	int e;

	sampler_take_account(r->sampler, &account);
	e = intake_begin_window(&r->intake, now_ns, &taken);
	if (e < 0)
		return e;
	n_samples = stack_table_n_samples(taken.stacks);
	log_counts(&account, &taken, n_samples);
	window_id_make(&r->origin, w->sequence, w->id);
	w->stacks = taken.stacks;
	w->jit_window = taken.jit_window;
	w->start_boottime_ns = taken.start_ns;
	w->n_sideband_lost = taken.news.n_lost;
	w->n_roots_refused = taken.n_roots_refused;
	w->n_copied = taken.counts.n_copied;
	w->n_copy_lost = taken.counts.n_copy_lost;
	w->n_copy_unfinished = taken.counts.n_copy_unfinished;
	e = fill_ledger(&account, &taken, n_samples, &w->ledger);
	return e == 0 ? add_totals(r, w, &taken.counts) : e;
}

/*
 * On each CPU the flip of its buffers is the cut: its ticks before are the window's that ends, those after it the next
 * one's. CPUs are cut one after the other, within as long as that takes.
 */
static int cut_all(struct recorder *r)
{
	int e = r->mode == INTAKE_SAMPLING ? follow_cpus(r) : 0;

	if (e == 0)
		e = sampler_read_idle(r->sampler);
	for (size_t i = 0; e == 0 && i < sampler_n_cpus(r->sampler); i++)
		e = sampler_cut(r->sampler, i, &r->batches[i]);
	return e;
}

static void begin_window(struct recorder *r, uint64_t now_ns, int64_t realtime_ns)
{
	r->sequence++;
	r->start_realtime_ns = realtime_ns;
	r->wall_ns = wall_offset_ns();
	r->since_ns = now_ns;
	r->sampled_ns = 0;
	r->period_ns = r->config.period_ns;
}

int recorder_close_window(struct recorder *r, struct closed_window **ret)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC), before_ns = clock_now_ns(CLOCK_BOOTTIME);
	int64_t realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	_cleanup_(closed_window_freep) struct closed_window *w = calloc(1, sizeof(*w));
	bool is_sampling = r->mode == INTAKE_SAMPLING;
	int e;

	if (!w)
		return -ENOMEM;
	w->sequence = r->sequence;
	w->start_realtime_ns = r->start_realtime_ns;
	w->duration_ns = r->sampled_ns + (is_sampling ? now_ns - r->since_ns : 0);
	w->period_ns = r->period_ns;
	e = cut_all(r);
	if (e == 0 && is_sampling)
		e = take_batches(r, sampler_n_cpus(r->sampler));
	if (e == 0)
		e = fill_window(r, before_ns, w);
	if (e < 0)
		return e;
	begin_window(r, now_ns, realtime_ns);
	*ret = take_ptr(w);
	DL_APPEND(r->windows, *ret);
	if (!is_sampling)
		return 0;
	note_drained(r, before_ns);
	return sweep(&r->intake, r->windows, now_ns);
}

bool recorder_has_clock_jumped(const struct recorder *r)
{
	int64_t jump_ns = wall_offset_ns() - r->wall_ns;

	return jump_ns <= -CLOCK_JUMP_NS || jump_ns >= CLOCK_JUMP_NS;
}

void recorder_drop_window(struct recorder *r, struct closed_window *w)
{
	if (!w)
		return;
	DL_DELETE(r->windows, w);
	closed_window_free(w);
}

static bool is_read(const struct modules *modules, uint32_t id)
{
	const struct module *module = modules_get(modules, id);

	return !module->is_waiting && (!module->binary || module->binary->state != BINARY_PENDING);
}

bool recorder_is_named(const struct recorder *r, const struct closed_window *w)
{
	if (intake_n_unnamed(&r->intake) == 0)
		return true;
	for (uint32_t i = 0; i < stack_table_n_labels(w->stacks); i++)
		if (!workloads_is_named(r->intake.workloads, stack_table_labels(w->stacks, i)->workload))
			return false;
	for (uint32_t i = 0; i < stack_table_n_frames(w->stacks); i++) {
		uint32_t module = stack_table_frame(w->stacks, i)->module;

		if (module_is_file(module) && !is_read(r->intake.modules, module))
			return false;
	}
	return true;
}

static struct window_sources sources_of(const struct recorder *r, const struct stack_table *stacks)
{
	return (struct window_sources){
		.stacks = stacks,
		.modules = r->intake.modules,
		.jit = r->intake.jit,
		.kernel = r->intake.kernel,
		.workloads = r->intake.workloads,
	};
}

static struct encode_facts facts_of(const struct recorder *r)
{
	return (struct encode_facts){
		.host = &r->intake.host,
		.n_cpus = sampler_n_sampled(r->sampler),
		.period_ns = r->period_ns,
	};
}

static void add_frames(struct ledger_frames *sum, const struct ledger_frames *frames)
{
	sum->named += frames->named;
	sum->module_only += frames->module_only;
	sum->unreadable += frames->unreadable;
}

int recorder_encode(struct recorder *r, struct closed_window *w, struct buf *ret, struct ledger *ret_ledger)
{
	struct window_sources sources = sources_of(r, w->stacks);
	const struct encode_facts facts = facts_of(r);
	struct window_counts counts;
	int e;

	sources.is_sideband_lost = w->n_sideband_lost > 0;
	tell_faults(r);
	e = encode_window(&sources, &facts, w, ret, &counts);
	if (e < 0)
		return e;
	if (!w->is_encoded) {
		add_frames(&r->totals.ledger.frames, &counts.frames);
		window_counts_filter(&counts, sources.is_sideband_lost, &r->totals.ledger);
	}
	w->is_encoded = true;
	*ret_ledger = w->ledger;
	return 0;
}

static struct tap **find_tap(struct recorder *r, const struct tap *tap)
{
	for (size_t i = 0; i < TAPS_MAX; i++)
		if (r->intake.taps[i] == tap)
			return &r->intake.taps[i];
	return NULL;
}

int recorder_tap_open(struct recorder *r, const struct tap_config *config, struct tap **ret)
{
	struct tap **place = find_tap(r, NULL);
	int e;

	if (r->mode != INTAKE_SAMPLING)
		return -ENODATA;
	if (!place)
		return -EBUSY;
	e = drain(r, 0); /* what was taken before is not its own */
	if (e == 0)
		e = tap_new(config, r->intake.jit_window, r->intake.window_ns, place);
	if (e == 0)
		*ret = *place;
	return e;
}

int recorder_tap_encode(struct recorder *r, struct tap *tap, struct buf *ret)
{
	struct window_sources sources = sources_of(r, tap_stacks(tap));
	const struct encode_facts facts = facts_of(r);
	int e = r->mode == INTAKE_SAMPLING ? drain(r, 0) : 0;

	sources.only = tap_config(tap);
	return e == 0 ? encode_tap(&sources, &facts, tap, ret) : e;
}

void recorder_tap_free(struct recorder *r, struct tap *tap)
{
	if (tap)
		*find_tap(r, tap) = tap_free(tap);
}

int recorder_stats(struct recorder *r, struct recorder_stats *ret)
{
	const struct closed_window *w;
	size_t n_windows;

	DL_COUNT(r->windows, w, n_windows);
	*ret = r->totals;
	ret->period_ns = r->config.period_ns;
	ret->is_paused = r->mode == INTAKE_PAUSED;
	ret->is_debug_info_read = !r->without_debug;
	ret->is_pid_namespace_nested = r->is_namespace_nested;
	ret->n_closed_windows = n_windows;
	ret->row_limit_bytes = (uint64_t)r->config.unwind_table_mb << 20;
	return recorder_stats_read(&r->intake, r->sampler, ret);
}

void recorder_progress(struct recorder *r, struct recorder_progress *ret)
{
	struct sampler_totals totals = {};

	*ret = (struct recorder_progress){
		.n_processes = processes_stats(r->intake.processes)->n_processes,
	};
	for (size_t i = 0; i < sampler_n_cpus(r->sampler); i++)
		ret->n_samples += sampler_n_records(r->sampler, i);
	if (sampler_totals(r->sampler, &totals) == 0) {
		ret->n_lost = totals.n_lost_since_cut + r->intake.counts.n_window_full;
		ret->n_follow_failed = totals.n_follow_failed;
	}
}
