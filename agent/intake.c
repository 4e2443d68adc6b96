// SPDX-License-Identifier: Apache-2.0
#include "agent/intake.h"

#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

#include "agent/fetching.h"
#include "agent/intake-files.h"
#include "agent/intake-sample.h"
#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/sampler.h"
#include "agent/stack-copies.h"
#include "agent/stack-table.h"
#include "agent/unwinding.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/binary.h"
#include "symbolizer/kernel-files.h"
#include "workload/process.h"

/* What is kept in memory at most, and why this much. */
#define MAX_PROCESSES 65536            /* twice the default pid_max of a small machine */
#define MAX_MAPPINGS (1u << 20)        /* 50 each for 20,000 processes */
#define MAX_MAPPINGS_PER_PROCESS 16384 /* executable ones; JVMs and browsers stay below 2,000 */
#define MAX_BINARIES 16384             /* an index each; a busy host has some hundred */
#define MAX_MODULES 32768              /* names of binaries; a binary may have several */
#define MAX_CGROUPS 65536
#define CACHE_LIMIT_BYTES ((uint64_t)1 << 30)

#define FINISH_NS (2 * NS_PER_S) /* for the stacks of a drain: hundreds, 0.1 ms each */
#define HELPERS_NS NS_PER_S      /* the longest that children and memory are left alone */

static int init_workload(struct intake *in)
{
	static const struct processes_config config = {
		.max_processes = MAX_PROCESSES,
		.max_mappings = MAX_MAPPINGS,
		.max_mappings_per_process = MAX_MAPPINGS_PER_PROCESS,
	};
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e;

	if (proc_fd < 0)
		return -errno;
	e = processes_new(&config, &in->processes);
	if (e < 0)
		return e;
	e = cgroups_new(MAX_CGROUPS, &in->cgroups);
	if (e < 0)
		return e;
	e = cgroup_choose_hierarchy(proc_fd, &in->hierarchy);
	if (e < 0)
		return e;
	if (e == CGROUP_NONE)
		in->hierarchy = (struct cgroup_hierarchy){ .id = CGROUP_V2, .name = "none" };
	return 0;
}

static int init_kernel(struct intake *in)
{
	struct kernel_files_config files = {
		.root_fd = in->opener.host_root_fd,
		.release = in->host.release,
		.binaries = in->binaries,
	};
	int e;

	_Static_assert(DEBUG_FILES_MAX_DIRS <= KERNEL_FILES_MAX_DIRS, "all find room");
	if (uname(&in->host) < 0)
		return -errno;
	in->sys_fd = files.sys_fd = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (in->sys_fd < 0)
		return -errno;
	for (; files.n_debug_dirs < in->debug.files.n_dirs; files.n_debug_dirs++)
		files.debug_dirs[files.n_debug_dirs] = in->debug.files.dirs[files.n_debug_dirs].fd;
	e = kernel_code_new(in->opener.proc_fd, &files, &in->kernel);
	in->debug.kernel = in->kernel;
	return e;
}

static int init_fetching(struct intake *in, const struct intake_config *intake_config)
{
	const struct fetching_config config = {
		.path = "/proc/self/exe",
		.cache_dir = intake_config->cache_dir,
		.urls = intake_config->debuginfod_urls,
		.n_urls = intake_config->n_debuginfod_urls,
		.limit_bytes = intake_config->debuginfod_cache_bytes,
	};
	int e;

	if (config.n_urls == 0)
		return 0;
	e = fetching_new(&config, &in->fetching);
	if (e < 0)
		return e;
	in->debug.fetching = in->fetching;
	in->debug.files.fetched_path = fetching_dir_path(in->fetching);
	in->debug.files.fetched_fd = fetching_dir_fd(in->fetching);
	return 0;
}

static int init_symbols(struct intake *in, const struct intake_config *intake_config)
{
	const struct binaries_config config = {
		.cache_dir = intake_config->cache_dir,
		.cache_limit_bytes = CACHE_LIMIT_BYTES,
		.max_binaries = MAX_BINARIES,
		.find_debug = debug_queue_find,
		.find_context = &in->debug,
	};
	int e = 0;

	for (size_t i = 0; e == 0 && i < intake_config->n_debug_dirs; i++)
		e = debug_files_add_dir(&in->debug.files, intake_config->debug_dirs[i]);
	if (e == 0)
		e = init_fetching(in, intake_config);
	if (e < 0)
		return e;

	e = binaries_new(&config, &in->binaries);
	if (e < 0)
		return e;
	e = modules_new(MAX_MODULES, &in->modules);
	if (e < 0)
		return e;
	e = opener_init(&in->opener, in->binaries, in->modules, in->processes);
	if (e < 0)
		return e;
	debug_queue_attach(&in->debug, &in->opener);
	return init_kernel(in);
}

static int init_jit(struct intake *in)
{
	const struct jit_maps_config config = { .proc_fd = in->opener.proc_fd, .processes = in->processes };

	return jit_maps_new(&config, &in->jit);
}

static int init_names(struct intake *in)
{
	const struct workloads_config config = {
		.proc_fd = in->opener.proc_fd,
		.cgroups = in->cgroups,
		.modules = in->modules,
		.host = in->host.nodename,
	};

	return workloads_new(&config, &in->workloads);
}

static int attach_news(struct intake *in)
{
	const struct news_tables tables = {
		.processes = in->processes,
		.cgroups = in->cgroups,
		.hierarchy = &in->hierarchy,
		.kernel = in->kernel,
		.jit = in->jit,
		.proc_fd = in->opener.proc_fd,
	};

	return news_attach(&in->news, &tables);
}

int intake_init(struct intake *in, const struct intake_config *config)
{
	int e;

	*in = (struct intake){ .opener = { .proc_fd = -1, .host_root_fd = -1 }, .sys_fd = -1 };
	debug_queue_init(&in->debug);
	in->stacks_limit_bytes = config->stacks_limit_bytes;
	e = stack_table_new(in->stacks_limit_bytes, &in->stacks);
	if (e == 0)
		e = news_init(&in->news);
	if (e == 0)
		e = init_workload(in);
	if (e == 0)
		e = init_symbols(in, config);
	if (e == 0)
		e = init_jit(in);
	if (e == 0)
		e = init_names(in);
	return e == 0 ? attach_news(in) : e;
}

int intake_attach(struct intake *in, struct sampler *sampler, size_t limit_bytes)
{
	const struct unwinding_config config = {
		.sampler = sampler,
		.processes = in->processes,
		.modules = in->modules,
		.limit_bytes = limit_bytes,
	};

	const struct stack_copies_config copies = {
		.map_fd = sampler_copies_fd(sampler),
		.area = sampler_copies(sampler),
		.processes = in->processes,
		.modules = in->modules,
		.opener = &in->opener,
	};
	int e = unwinding_new(&config, &in->unwinding);

	in->sampler = in->news.sampler = sampler;
	return e == 0 ? stack_copies_new(&copies, &in->copies) : e;
}

void intake_detach(struct intake *in)
{
	in->sampler = in->news.sampler = NULL;
	if (in->copies) {
		const struct stack_copies_counts *n = stack_copies_counts(in->copies);

		log_debug("stack copies: %" PRIu64 " taken, %" PRIu64 " to their root, %" PRIu64
			  " lost with the finisher, %" PRIu64 " not finished in time",
			  n->n_taken, n->n_rooted, n->n_finisher_lost, n->n_unanswered);
	}
	in->copies = stack_copies_free(in->copies);
	if (!in->unwinding)
		return;
	unwinding_log_debug(in->unwinding);
	in->unwinding = unwinding_free(in->unwinding);
}

void intake_done(struct intake *in)
{
	stack_copies_free(in->copies);
	unwinding_free(in->unwinding);
	news_done(&in->news);
	jit_maps_free(in->jit);
	workloads_free(in->workloads);
	opener_done(&in->opener);
	stack_table_free(in->stacks);
	for (size_t i = 0; i < TAPS_MAX; i++)
		tap_free(in->taps[i]);
	modules_free(in->modules);
	kernel_code_free(in->kernel);
	close_fd(in->sys_fd);
	binaries_free(in->binaries);
	debug_queue_done(&in->debug);
	fetching_free(in->fetching);
	processes_free(in->processes);
	cgroups_free(in->cgroups);
}

/* What news and files say goes to the walker. */
static int publish(struct intake *in)
{
	return in->unwinding ? unwinding_publish(in->unwinding, in->news.complete_ns) : 0;
}

/* The walker hears of it first: opening files takes its time. */
static int read_news(struct intake *in)
{
	int e = news_apply(&in->news);

	if (e == 0)
		e = news_scan(&in->news);
	if (e == 0)
		e = publish(in);
	if (e == 0)
		e = intake_open_new_files(in);
	return e == 0 ? publish(in) : e;
}

/* A thousand samples take many milliseconds. Newer news changes nothing about them: they are resolved by their time. */
static int keep_up(struct intake *in)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int e;

	news_note(&in->news, now_ns);
	if (!news_is_due(&in->news, now_ns))
		return 0;
	e = news_apply(&in->news);
	return e == 0 ? publish(in) : e;
}

int intake_take(struct intake *in, const struct sample_batch *batch, uint64_t period_ns)
{
	in->helpers_ns = 0; /* names are asked for */
	for (size_t i = 0; i < batch->n_records; i++) {
		int e = intake_take_sample(in, batch, &batch->records[i], period_ns);

		if (e == 0)
			e = keep_up(in);
		if (e < 0)
			return e;
	}
	return 0;
}

int intake_begin_window(struct intake *in, uint64_t now_ns, struct intake_window *ret)
{
	struct stack_table *next;
	int e = stack_table_new(in->stacks_limit_bytes, &next);

	if (e < 0)
		return e;
	*ret = (struct intake_window){
		.stacks = in->stacks,
		.counts = in->counts,
		.news = in->news.counts,
		.jit_window = jit_maps_begin_window(in->jit),
		.start_ns = in->window_ns,
		.n_roots_refused = in->opener.debug_roots.n_refused,
	};
	in->opener.debug_roots.n_refused = 0;
	in->helpers_ns = 0;
	in->jit_window = ret->jit_window + 1;
	in->window_ns = now_ns;
	in->stacks = next;
	in->counts = (struct intake_counts){};
	in->news.counts = (struct news_counts){};
	return 0;
}

int intake_configure(struct intake *in, const struct config *config)
{
	if (in->sampler)
		sampler_unfilter_all(in->sampler);
	in->helpers_ns = 0;
	return workloads_configure(in->workloads, config);
}

/* The news says what the processes of the copies had mapped. */
static int look_for_copies(struct intake *in, uint64_t now_ns)
{
	int e = 0;

	if (in->copies && stack_copies_are_due(in->copies, now_ns)) {
		e = intake_settle(in);
		stack_copies_set_news(in->copies, in->news.complete_ns);
		in->helpers_ns = 0;
	}
	return e;
}

int intake_finish_copies(struct intake *in)
{
	if (!in->copies)
		return 0;
	stack_copies_set_news(in->copies, in->news.complete_ns);
	return stack_copies_finish(in->copies, FINISH_NS);
}

static int helpers_timeout_ms(const struct intake *in)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int timeout_ms = clock_sooner_ms(binaries_timeout_ms(in->binaries), jit_maps_timeout_ms(in->jit, now_ns));

	timeout_ms = clock_sooner_ms(timeout_ms, workloads_timeout_ms(in->workloads, now_ns));
	if (in->fetching)
		timeout_ms = clock_sooner_ms(timeout_ms, fetching_timeout_ms(in->fetching));
	if (in->copies)
		timeout_ms = clock_sooner_ms(timeout_ms, stack_copies_timeout_ms(in->copies));
	if (in->unwinding)
		timeout_ms = clock_sooner_ms(timeout_ms, unwinding_timeout_ms(in->unwinding));
	return timeout_ms;
}

/* What the news has left to do for them. */
static bool are_helpers_owed(const struct intake *in)
{
	return binaries_n_pending(in->binaries) || in->opener.n_waiting || kernel_code_n_waiting(in->kernel) ||
	       in->debug.n || jit_maps_has_hints(in->jit) || (in->unwinding && !unwinding_is_settled(in->unwinding));
}

/* Most turns are for the news of an exec alone, which has no use for a dozen system calls. */
static bool are_helpers_due(const struct intake *in, uint64_t now_ns, enum intake_mode mode, bool is_ready)
{
	return mode != INTAKE_SAMPLING || is_ready || now_ns >= in->helpers_ns || are_helpers_owed(in);
}

/* Children that index, read and finish, and the memory of the walker's tables. */
static int dispatch_helpers(struct intake *in, uint64_t now_ns, enum intake_mode mode)
{
	int e = intake_dispatch_files(in), timeout_ms;

	if (e == 0 && in->unwinding)
		e = unwinding_dispatch(in->unwinding);
	if (e == 0)
		e = jit_maps_dispatch(in->jit, now_ns, mode == INTAKE_FINISHING);
	if (e == 0 && in->copies)
		e = stack_copies_dispatch(in->copies);
	timeout_ms = helpers_timeout_ms(in);
	in->helpers_ns = now_ns + HELPERS_NS;
	if (timeout_ms >= 0 && (uint64_t)timeout_ms * NS_PER_MS < HELPERS_NS)
		in->helpers_ns = now_ns + (uint64_t)timeout_ms * NS_PER_MS;
	return e;
}

int intake_dispatch(struct intake *in, uint64_t now_ns, enum intake_mode mode, bool is_ready)
{
	bool is_sampling = mode == INTAKE_SAMPLING;
	int e = 0;

	if (is_sampling)
		news_note(&in->news, now_ns);
	if (is_sampling && (!in->news.is_scanned || news_is_due(&in->news, now_ns)))
		e = read_news(in);
	if (e == 0 && is_sampling)
		e = kernel_code_look(in->kernel);
	if (e == 0 && in->files_left && mode != INTAKE_PAUSED)
		e = intake_open_new_files(in);
	if (e == 0 && is_sampling)
		e = look_for_copies(in, now_ns);
	if (e == 0 && are_helpers_due(in, now_ns, mode, is_ready))
		e = dispatch_helpers(in, now_ns, mode);
	if (mode == INTAKE_FINISHING)
		intake_hurry_indexer(in); /* each time: a fresh child lowers its own */
	return e;
}

/* Until the helpers are due. */
static int helpers_wait_ms(const struct intake *in, enum intake_mode mode)
{
	if (mode != INTAKE_SAMPLING || are_helpers_owed(in))
		return helpers_timeout_ms(in);
	return clock_ms_until(in->helpers_ns, clock_now_ns(CLOCK_MONOTONIC));
}

int intake_timeout_ms(const struct intake *in, enum intake_mode mode)
{
	bool is_sampling = mode == INTAKE_SAMPLING;
	int timeout_ms;

	if ((in->files_left && mode != INTAKE_PAUSED) || (is_sampling && !in->news.is_scanned))
		return 0;
	timeout_ms = helpers_wait_ms(in, mode);
	return is_sampling ? clock_sooner_ms(timeout_ms, news_timeout_ms(&in->news)) : timeout_ms;
}

bool intake_is_ready(const struct intake *in)
{
	return in->news.is_scanned && !in->files_left && (!in->unwinding || unwinding_is_settled(in->unwinding));
}

int intake_settle(struct intake *in)
{
	static const struct timespec settle = { .tv_nsec = SIDEBAND_SETTLE_NS + SIDEBAND_SETTLE_NS / 10 };
	int e;

	nanosleep(&settle, NULL);
	in->n_rereads = in->n_debug_tries = 0;
	in->news.cgroups_reread = false;
	e = read_news(in);
	return e == 0 ? kernel_code_look(in->kernel) : e;
}

void intake_expire(struct intake *in, uint64_t before_ns)
{
	if (in->copies)
		stack_copies_expire(in->copies, before_ns);
	processes_expire(in->processes, in->opener.proc_fd, before_ns);
}

int intake_finish(struct intake *in)
{
	jit_maps_look_again(in->jit);
	return debug_queue_dispatch(&in->debug);
}

void intake_limits(size_t *ret_modules, size_t *ret_binaries, size_t *ret_cgroups)
{
	*ret_modules = MAX_MODULES;
	*ret_binaries = MAX_BINARIES;
	*ret_cgroups = MAX_CGROUPS;
}
