// SPDX-License-Identifier: Apache-2.0
#include "agent/intake.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/sampler.h"
#include "agent/sideband-rings.h"
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
#define SIDEBAND_QUEUE_BYTES ((size_t)16 << 20) /* a burst of 100,000 records */
#define CACHE_LIMIT_BYTES ((uint64_t)1 << 30)

#define OPENING_NS (2 * NS_PER_MS)        /* of files at a stretch: news that comes meanwhile waits no longer */
#define SIDEBAND_BATCH_NS (2 * NS_PER_MS) /* between the first record and the read: 500 execs/s in batches */
#define LOOK_PERIODS 5 /* of the ticks, between looks for news too short to wake anybody: a dlopen() */
#define LOOK_MOST_NS (100 * NS_PER_MS)
#define FINISH_NS (2 * NS_PER_S)  /* for the stacks of a drain: hundreds, 0.1 ms each */
#define DEBUG_TRIES_PER_DRAIN 256 /* to open what is no longer there */
#define REREADS_PER_DRAIN 20      /* of processes whose program counter lies in no known mapping */

/* Beyond MAX_CGROUPS the ones confirmed longest ago make way: their samples carry no name, which is no fault. */
static int scan_cgroups(struct intake *in)
{
	int e = cgroups_scan(in->cgroups, &in->hierarchy);

	return e == -ENOSPC ? 0 : e;
}

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
	if (e == CGROUP_NONE) {
		in->hierarchy = (struct cgroup_hierarchy){ .id = CGROUP_V2, .name = "none" };
		return 0;
	}
	return scan_cgroups(in);
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

int intake_init(struct intake *in, const struct intake_config *config)
{
	int e;

	*in = (struct intake){ .opener = { .proc_fd = -1, .host_root_fd = -1 }, .sys_fd = -1 };
	debug_queue_init(&in->debug);
	in->stacks_limit_bytes = config->stacks_limit_bytes;
	e = stack_table_new(in->stacks_limit_bytes, &in->stacks);
	if (e == 0)
		e = sideband_queue_new(SIDEBAND_QUEUE_BYTES, &in->queue);
	if (e == 0)
		e = sideband_rings_new(&in->rings);
	if (e == 0)
		e = init_workload(in);
	if (e == 0)
		e = init_symbols(in, config);
	if (e == 0)
		e = init_jit(in);
	if (e == 0)
		e = init_names(in);
	return e;
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

	in->sampler = sampler;
	return e == 0 ? stack_copies_new(&copies, &in->copies) : e;
}

void intake_detach(struct intake *in)
{
	in->sampler = NULL;
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
	sideband_rings_free(in->rings);
	sideband_queue_free(in->queue);
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
	processes_free(in->processes);
	cgroups_free(in->cgroups);
}

/* What there is no room for carries no name. */
static int note_cgroup(struct intake *in, uint64_t id, const char *path)
{
	int e = cgroups_add(in->cgroups, id, path);

	return e == -ENOSPC ? 0 : e;
}

void intake_on_cgroup(void *context, const struct event_cgroup *event)
{
	struct intake *in = context;

	if ((int)event->hierarchy != in->hierarchy.id)
		return;
	if (event->path_bytes == 0 || event->path_bytes >= CPUHOUND_MAX_CGROUP_PATH)
		in->counts.n_cut_cgroup_paths++;
	else if (note_cgroup(in, event->id, event->path) < 0)
		log_debug("cannot note a cgroup, its samples will carry no name");
}

static int on_sideband(struct intake *in, const struct sideband_event *event)
{
	switch (event->kind) {
	case SIDEBAND_KSYMBOL:
		return kernel_code_on_event(in->kernel, event);
	case SIDEBAND_CGROUP:
		return in->hierarchy.id == CGROUP_V2 ? note_cgroup(in, event->id, event->name) : 0;
	case SIDEBAND_LOST:
		in->counts.n_sideband_lost += event->id;
		in->scanned = false;
		if (in->sampler)
			sampler_unfilter_all(in->sampler); /* who execed is not known */
		break;
	case SIDEBAND_EXEC:
		if (in->sampler)
			sampler_unfilter_process(in->sampler, event->pid); /* it may have been listed late */
		break;
	case SIDEBAND_MMAP:
		jit_maps_note_mapping(in->jit, event->pid, event->name);
		break;
	default:
		break;
	}
	return processes_apply(in->processes, in->opener.proc_fd, event);
}

static int open_file(struct intake *in, const struct new_file *new_file)
{
	if (in->unwinding)
		unwinding_note_files(in->unwinding);
	return opener_open(&in->opener, new_file);
}

/* What news and files say goes to the walker. */
static int publish(struct intake *in)
{
	return in->unwinding ? unwinding_publish(in->unwinding, in->news_ns) : 0;
}

/* A thousand files take most of a second: rings and buffers are looked at in between. */
static int open_new_files(struct intake *in)
{
	uint64_t until_ns = clock_now_ns(CLOCK_MONOTONIC) + OPENING_NS;
	struct new_file new_file;

	in->files_left = false;
	while (processes_take_new_file(in->processes, &new_file)) {
		int e = new_file.file->wants_opening ? open_file(in, &new_file) : 0;

		if (e < 0)
			return e;
		if (clock_now_ns(CLOCK_MONOTONIC) > until_ns) {
			in->files_left = true;
			break;
		}
	}
	return 0;
}

static int scan_processes(struct intake *in)
{
	int e = processes_scan(in->processes, in->opener.proc_fd, in->hierarchy.id);

	if (e < 0)
		return e;
	in->scanned = true;
	return 0;
}

static int note_lost_news(struct intake *in)
{
	const struct sideband_event lost = { .kind = SIDEBAND_LOST, .id = 1, .name = "" };

	return on_sideband(in, &lost);
}

/* Until it is due, more of it wakes nobody: an exec has ten records. */
static int set_news_due(struct intake *in, uint64_t due_ns)
{
	in->news_due_ns = due_ns;
	return sideband_rings_mute(in->rings, due_ns != 0);
}

/* Records that wait are read soon, with those that follow. */
static int note_news(struct intake *in, uint64_t now_ns)
{
	return !in->news_due_ns && sideband_rings_pending(in->rings) ? set_news_due(in, now_ns + SIDEBAND_BATCH_NS) : 0;
}

/* Applies all news that is complete. Another pass is due for the youngest that was left, and what came meanwhile. */
static int apply_news(struct intake *in)
{
	struct sideband_event event;
	uint64_t before_ns = 0, now_ns;
	int n, e;

	n = sideband_rings_read(in->rings, in->queue, &before_ns);
	if (n == -ENOSPC || n == -EBADMSG) { /* the rings are empty all the same */
		n = note_lost_news(in);
		if (n < 0)
			return n;
		before_ns = UINT64_MAX;
	} else if (n < 0) {
		return n;
	} else {
		in->news_ns = before_ns - 1;
	}
	while ((e = sideband_queue_take(in->queue, before_ns, &event)) > 0) {
		e = on_sideband(in, &event);
		if (e < 0)
			return e;
	}
	if (e < 0)
		return e;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	e = set_news_due(in, sideband_queue_is_empty(in->queue) ? 0 : now_ns + SIDEBAND_BATCH_NS);
	return e == 0 ? note_news(in, now_ns) : e;
}

/* The walker hears of it first: opening files takes its time. */
static int read_news(struct intake *in)
{
	int e = apply_news(in);

	if (e == 0 && !in->scanned)
		e = scan_processes(in);
	if (e == 0)
		e = publish(in);
	if (e == 0)
		e = open_new_files(in);
	return e == 0 ? publish(in) : e;
}

static int open_mapped(struct intake *in, const struct sample_rec *rec, const struct mapping *m)
{
	const struct new_file new_file = { .file = m->file, .tgid = rec->tgid, .start = m->start, .end = m->end };

	return open_file(in, &new_file);
}

/*
 * A file that the sample lies in is opened out of turn: somebody may map thousands that nobody runs. Each pass opens
 * one of the stack's files.
 */
static int resolve_with_files(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec)
{
	const struct resolve_tables tables = { .processes = in->processes, .jit = in->jit };
	const struct finished_stack *finished = NULL;
	const struct mapping *m;
	int e = 0;

	if (in->copies && rec->flags & SAMPLE_COPIED)
		finished = stack_copies_find(in->copies, rec->tid, rec->time_ns);
	resolve_sample(&tables, batch, rec, finished, &in->resolved);
	for (size_t i = 0; e == 0 && (m = in->resolved.unopened) && i < CPUHOUND_MAX_USER_FRAMES; i++) {
		e = open_mapped(in, rec, m);
		resolve_sample(&tables, batch, rec, finished, &in->resolved);
	}
	return e;
}

/* A live process runs code that no news told of (mremap tells none): look at its mappings once more. */
static int resolve_again(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec)
{
	int e;

	if (in->n_rereads >= REREADS_PER_DRAIN)
		return 0;
	in->n_rereads++;
	e = processes_read_one(in->processes, in->opener.proc_fd, in->hierarchy.id, rec->tgid);
	if (e < 0)
		return e;
	return resolve_with_files(in, batch, rec);
}

static bool found_no_user_code(const struct intake *in, const struct sample_rec *rec)
{
	enum truncation t = in->resolved.truncation;

	return rec->ustack && rec->tgid &&
	       (t == TRUNCATION_UNKNOWN_PROCESS ||
		(t == TRUNCATION_NO_MAPPING && !(rec->flags & SAMPLE_KERNEL_MODE) && in->resolved.n_frames == 1));
}

/* A cgroup whose making was not told (the ring was full, or its path too long) is looked for where it is mounted. */
static int find_cgroup(struct intake *in, uint64_t id)
{
	if (cgroups_find(in->cgroups, id) || in->cgroups_reread || !in->hierarchy.mount_point[0])
		return 0;
	in->cgroups_reread = true;
	return scan_cgroups(in);
}

/* A place where the process of the sample has the module's file mapped; false: none that is known. */
static bool find_place(struct intake *in, const struct sample_rec *rec, uint32_t module, struct opener_place *ret)
{
	const struct process *process = processes_find(in->processes, rec->tgid, rec->start_ns, rec->time_ns);
	size_t n = process ? process_mappings_at(process, rec->time_ns, in->found, INTAKE_MAX_MAPPINGS) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct mapping *m = in->found[i];

		if (!m->file || m->file->binary_slot != module)
			continue;
		*ret = (struct opener_place){
			.module = module,
			.tgid = rec->tgid,
			.start = m->start,
			.end = m->end,
			.file = m->file,
		};
		return true;
	}
	return false;
}

/* The file is opened once more, since few of all that are mapped are ever sampled. */
static int ask_for_debug(struct intake *in, const struct sample_rec *rec, uint32_t module)
{
	struct debug_wish_info wish = { .module = module, .path = modules_get(in->modules, module)->path };
	struct opener_place place;
	int e;

	if (in->n_debug_tries >= DEBUG_TRIES_PER_DRAIN)
		return 0;
	in->n_debug_tries++;
	if (!find_place(in, rec, module, &place) || opener_reopen(&in->opener, &place, &wish.fd) != 0)
		return 0; /* the next process that runs it may live longer */
	wish.root_fd = opener_open_root(&in->opener, &place, &wish.is_on_host);
	e = debug_queue_add(&in->debug, &wish);
	if (e == 0)
		modules_set_asked(in->modules, module);
	return e == -EAGAIN ? 0 : e;
}

/* Debug info takes its time: it is read of what shows up in samples. */
static int want_debug(struct intake *in, const struct sample_rec *rec)
{
	int e = 0;

	for (size_t i = 0; e == 0 && !in->without_debug && i < in->resolved.n_frames; i++) {
		uint32_t module = in->resolved.frames[i].module;

		if (module_is_file(module) && !modules_is_asked(in->modules, module))
			e = ask_for_debug(in, rec, module);
	}
	return e;
}

static void count_copy(struct intake *in, const struct sample_rec *rec)
{
	if (rec->flags & SAMPLE_COPY_LOST)
		in->counts.n_copy_lost++;
	if (rec->flags & SAMPLE_COPIED && in->resolved.is_finished)
		in->counts.n_copied++;
	else if (rec->flags & SAMPLE_COPIED)
		in->counts.n_copy_unfinished++;
}

/* The module of the executable; it is opened out of turn, as what a sample lies in is. */
static int find_executable(struct intake *in, const struct sample_rec *rec, uint32_t *ret)
{
	const struct process *process = in->resolved.process;
	const struct mapping *m =
		process && process->exe ? process_find_mapping(process, process->exe_addr, rec->time_ns) : NULL;
	int e = 0;

	*ret = MODULE_NONE;
	if (!m || !m->file || strcmp(m->file->path, process->exe) != 0)
		return 0;
	if (!m->file->binary_slot && m->file->wants_opening) {
		e = open_mapped(in, rec, m);
		m = e == 0 ? process_find_mapping(process, process->exe_addr, rec->time_ns) : NULL;
	}
	if (m && m->file)
		*ret = m->file->binary_slot;
	return e;
}

static int find_workload(struct intake *in, const struct sample_rec *rec)
{
	struct stack_labels *labels = &in->resolved.labels;
	char comm[sizeof(rec->comm)] = {};
	struct workload_sighting seen = {
		.cgroup_id = rec->cgroup_id,
		.tgid = rec->tgid,
		.process = in->resolved.process,
		.comm = comm,
	};
	int e = find_executable(in, rec, &seen.exe_module);

	memcpy(comm, rec->comm, strnlen(rec->comm, sizeof(rec->comm)));
	seen.exe = in->resolved.exe;
	if (workloads_tells_pid(in->workloads))
		labels->tgid = rec->tgid;
	if (workloads_tells_tid(in->workloads))
		labels->tid = rec->tid;
	return e == 0 ? workloads_add(in->workloads, &seen, clock_now_ns(CLOCK_MONOTONIC), &labels->workload) : e;
}

/* From now on it costs no more than a counter. Where the kernel's list is full, it begins anew. */
static int filter(struct intake *in, const struct sample_rec *rec, enum workload_verdict verdict)
{
	int e = 0;

	in->counts.n_filtered++;
	if (!in->sampler)
		return 0;
	if (verdict == WORKLOAD_OUT_BY_CGROUP)
		e = sampler_filter_cgroup(in->sampler, rec->cgroup_id);
	else if (verdict == WORKLOAD_OUT_BY_PROCESS && rec->tgid)
		e = sampler_filter_process(in->sampler, rec->tgid, rec->start_ns);
	if (e == -E2BIG)
		sampler_unfilter_all(in->sampler);
	return e == -E2BIG ? 0 : e;
}

/* Into the window's stacks, and those of whoever listens. */
static int fold(struct intake *in, uint32_t tgid, uint64_t period_ns)
{
	const struct resolved *sample = &in->resolved;
	int e = 0;

	for (size_t i = 0; e == 0 && i < TAPS_MAX; i++)
		if (in->taps[i])
			e = tap_add(in->taps[i], tgid, sample, period_ns);
	return e == 0 ? stack_table_add(in->stacks, &sample->labels, sample->frames, sample->n_frames, period_ns) : e;
}

static int take_sample(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec,
		       uint64_t period_ns)
{
	enum workload_verdict verdict;
	int e;

	in->counts.n_read++;
	in->counts.n_kernel_mode += rec->flags & SAMPLE_KERNEL_MODE ? 1 : 0;
	e = find_cgroup(in, rec->cgroup_id);
	if (e < 0)
		return e;
	e = resolve_with_files(in, batch, rec);
	if (e < 0)
		return e;
	if (found_no_user_code(in, rec)) {
		e = resolve_again(in, batch, rec);
		if (e < 0)
			return e;
	}
	e = find_workload(in, rec);
	if (e < 0)
		return e;
	verdict = workloads_judge(in->workloads, in->resolved.labels.workload);
	if (verdict != WORKLOAD_KEPT && verdict != WORKLOAD_UNDECIDED)
		return filter(in, rec, verdict);
	e = want_debug(in, rec);
	if (e < 0)
		return e;
	if (in->unwinding)
		unwinding_note_sample(in->unwinding, rec, &in->resolved);
	count_copy(in, rec);
	e = kernel_code_take(in->kernel, in->resolved.frames, in->resolved.n_frames, rec->time_ns);
	if (e < 0)
		return e;
	e = fold(in, rec->tgid, period_ns);
	if (e == STACK_TABLE_FULL)
		in->counts.n_window_full++;
	else if (e == 0 && in->resolved.truncation != TRUNCATION_NONE)
		in->counts.n_truncated[in->resolved.truncation]++;
	return e < 0 ? e : 0;
}

/* A thousand samples take many milliseconds. Newer news changes nothing about them: they are resolved by their time. */
static int keep_up(struct intake *in)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int e = note_news(in, now_ns);

	if (e < 0 || !in->news_due_ns || now_ns < in->news_due_ns)
		return e;
	e = apply_news(in);
	return e == 0 ? publish(in) : e;
}

int intake_take(struct intake *in, const struct sample_batch *batch, uint64_t period_ns)
{
	for (size_t i = 0; i < batch->n_records; i++) {
		int e = take_sample(in, batch, &batch->records[i], period_ns);

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
		.jit_window = jit_maps_begin_window(in->jit),
		.start_ns = in->window_ns,
		.n_roots_refused = in->opener.debug_roots.n_refused,
	};
	in->opener.debug_roots.n_refused = 0;
	in->jit_window = ret->jit_window + 1;
	in->window_ns = now_ns;
	in->stacks = next;
	in->counts = (struct intake_counts){};
	return 0;
}

int intake_configure(struct intake *in, const struct config *config)
{
	if (in->sampler)
		sampler_unfilter_all(in->sampler);
	return workloads_configure(in->workloads, config);
}

void intake_set_debug_info(struct intake *in, bool is_read)
{
	in->without_debug = !is_read;
}

/* The news says what the processes of the copies had mapped. */
static int take_copies(struct intake *in, uint64_t now_ns)
{
	int e = 0;

	if (!in->copies)
		return 0;
	if (stack_copies_are_due(in->copies, now_ns)) {
		e = intake_settle(in);
		stack_copies_set_news(in->copies, in->news_ns);
	}
	return e == 0 ? stack_copies_dispatch(in->copies) : e;
}

int intake_finish_copies(struct intake *in)
{
	if (!in->copies)
		return 0;
	stack_copies_set_news(in->copies, in->news_ns);
	return stack_copies_finish(in->copies, FINISH_NS);
}

static void hurry(pid_t pid)
{
	if (pid > 0 && setpriority(PRIO_PROCESS, (id_t)pid, 0) < 0)
		log_debug("cannot raise the indexer's priority: %m, names may take their time");
}

/* Nobody's time is measured any more, and somebody waits: on busy CPUs the lowest priority gets next to nothing. */
static void hurry_indexer(struct intake *in)
{
	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		hurry(binaries_indexer_pid(in->binaries, lane));
	hurry(jit_maps_indexer_pid(in->jit));
	hurry(workloads_indexer_pid(in->workloads));
}

/* Takes in what the indexer has, and hands it what waits. */
static int dispatch_files(struct intake *in)
{
	size_t n_before = intake_n_unnamed(in);
	int e;

	e = binaries_dispatch(in->binaries);
	if (e == 0)
		e = workloads_dispatch(in->workloads, clock_now_ns(CLOCK_MONOTONIC));
	if (e == 0)
		e = kernel_code_dispatch(in->kernel);
	if (e == 0)
		e = opener_hand_in(&in->opener);
	if (e == 0)
		e = debug_queue_dispatch(&in->debug);
	if (e == 0 && in->unwinding && intake_n_unnamed(in) != n_before)
		unwinding_note_files(in->unwinding);
	return e;
}

int intake_dispatch(struct intake *in, uint64_t now_ns, enum intake_mode mode)
{
	bool is_sampling = mode == INTAKE_SAMPLING;
	int e = 0;

	if (is_sampling)
		e = note_news(in, now_ns);
	if (e == 0 && is_sampling && (!in->scanned || (in->news_due_ns && now_ns >= in->news_due_ns)))
		e = read_news(in);
	if (e == 0 && is_sampling)
		e = kernel_code_look(in->kernel);
	if (e == 0)
		e = dispatch_files(in);
	if (e == 0 && in->files_left && mode != INTAKE_PAUSED)
		e = open_new_files(in);
	if (e == 0 && in->unwinding)
		e = unwinding_dispatch(in->unwinding);
	if (e == 0)
		e = jit_maps_dispatch(in->jit, now_ns, mode == INTAKE_FINISHING);
	if (e == 0 && is_sampling)
		e = take_copies(in, now_ns);
	if (mode == INTAKE_FINISHING)
		hurry_indexer(in); /* each time: a fresh child lowers its own */
	return e;
}

/* Until the news is read; or until somebody looks whether there is any. */
static int news_timeout_ms(const struct intake *in)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC), due_ns = in->news_due_ns, look_ns = LOOK_MOST_NS;

	if (!due_ns && in->sampler && LOOK_PERIODS * sampler_period_ns(in->sampler) < look_ns)
		look_ns = LOOK_PERIODS * sampler_period_ns(in->sampler);
	if (!due_ns)
		due_ns = now_ns + look_ns;
	return due_ns > now_ns ? (int)((due_ns - now_ns) / NS_PER_MS) + 1 : 0;
}

static int sooner(int a_ms, int b_ms)
{
	if (a_ms < 0)
		return b_ms;
	return b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
}

int intake_timeout_ms(const struct intake *in, enum intake_mode mode)
{
	bool is_sampling = mode == INTAKE_SAMPLING;
	int timeout_ms =
		sooner(binaries_timeout_ms(in->binaries), jit_maps_timeout_ms(in->jit, clock_now_ns(CLOCK_MONOTONIC)));

	timeout_ms = sooner(timeout_ms, workloads_timeout_ms(in->workloads, clock_now_ns(CLOCK_MONOTONIC)));
	if (in->copies)
		timeout_ms = sooner(timeout_ms, stack_copies_timeout_ms(in->copies));
	if ((in->files_left && mode != INTAKE_PAUSED) || (is_sampling && !in->scanned) ||
	    (in->unwinding && unwinding_is_due(in->unwinding)))
		return 0;
	return is_sampling ? sooner(timeout_ms, news_timeout_ms(in)) : timeout_ms;
}

int intake_pause(struct intake *in)
{
	return sideband_rings_sleep(in->rings);
}

int intake_resume(struct intake *in)
{
	int e = sideband_rings_wake(in->rings);

	in->scanned = false;
	return e == 0 && in->hierarchy.mount_point[0] ? scan_cgroups(in) : e;
}

/* Until now nothing was told of them: what began there meanwhile is read from /proc. */
int intake_follow_cpus(struct intake *in, const struct sampler *sampler)
{
	for (size_t i = 0; i < sampler_n_cpus(sampler); i++) {
		int e = sampler_has_joined(sampler, i) ? sideband_rings_reopen(in->rings, i, in->queue) : 0;

		if (e < 0)
			log_warning("news of processes on CPU %zu is lost: %s", i, strerrordesc_np(-e));
	}
	return note_lost_news(in);
}

bool intake_is_ready(const struct intake *in)
{
	return in->scanned && !in->files_left && (!in->unwinding || unwinding_is_settled(in->unwinding));
}

int intake_settle(struct intake *in)
{
	static const struct timespec settle = { .tv_nsec = SIDEBAND_SETTLE_NS + SIDEBAND_SETTLE_NS / 10 };
	int e;

	nanosleep(&settle, NULL);
	in->n_rereads = in->n_debug_tries = 0;
	in->cgroups_reread = false;
	e = read_news(in);
	return e == 0 ? kernel_code_look(in->kernel) : e;
}

void intake_expire(struct intake *in, uint64_t before_ns)
{
	if (in->copies)
		stack_copies_expire(in->copies, before_ns);
	processes_expire(in->processes, in->opener.proc_fd, before_ns);
}

void intake_finish(struct intake *in)
{
	jit_maps_look_again(in->jit);
}

size_t intake_n_unnamed(const struct intake *in)
{
	return binaries_n_pending(in->binaries) + in->opener.n_waiting + kernel_code_n_waiting(in->kernel) +
	       jit_maps_n_pending(in->jit) + workloads_n_pending(in->workloads);
}

size_t intake_n_debug_unread(const struct intake *in)
{
	return in->debug.n;
}

void intake_limits(size_t *ret_modules, size_t *ret_binaries, size_t *ret_cgroups)
{
	*ret_modules = MAX_MODULES;
	*ret_binaries = MAX_BINARIES;
	*ret_cgroups = MAX_CGROUPS;
}
