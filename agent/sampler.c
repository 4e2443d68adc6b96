// SPDX-License-Identifier: Apache-2.0
#include "agent/sampler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "agent/cpus.h"
#include "agent/tick-account.h"
#include "agent/unwind-maps.h"
#include "bpf/sampler.skel.h"
#include "common/clock.h"
#include "common/log.h"

/* Ticks as the program counted them, summed over the buffers flipped since the last cut. */
struct ticks {
	uint64_t entries, idle, filtered, records;
	uint64_t lost[SAMPLE_LOST_N];
};

struct sampled_cpu {
	unsigned int number; /* the kernel's */
	int event_fd;
	struct bpf_link *link;
	struct cpu_region *region;
	uint64_t passed; /* runs that began before this epoch have ended */
	uint64_t period_ns;
	uint64_t idle_ns; /* since boot, when the idle times were last read */
	struct tick_account account;
	struct ticks ticks;
};

struct sampler {
	struct sampler_config config;
	struct sampler_bpf *bpf;
	struct ring_buffer *events;
	sampler_on_cgroup_fn on_cgroup;
	void *on_cgroup_context;
	void *regions;
	size_t regions_bytes, region_stride;
	struct unwind_maps unwind;
	struct copy_area *copies;
	uint64_t epoch;
	struct sampled_cpu *cpus;
	size_t n_cpus;
	uint64_t period_ns;            /* from the next cuts on */
	struct sampler_account closed; /* the sum of what was cut */
	bool running;
};

static int on_libbpf_message(enum libbpf_print_level level, const char *fmt, va_list ap) _printf_(2, 0);
static int on_libbpf_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = NULL;

	if (level <= LIBBPF_INFO && vasprintf(&text, fmt, ap) >= 0)
		log_debug("%s", text);
	return 0;
}

/* Under lockdown=confidentiality programs may not read kernel memory by address. */
static bool may_read_kernel(void)
{
	return libbpf_probe_bpf_helper(BPF_PROG_TYPE_PERF_EVENT, BPF_FUNC_probe_read_kernel_str, NULL) == 1;
}

/*
 * Under lockdown=confidentiality libbpf (seen with 1.1) mistakes the refusal of kernel reads for a kernel
 * without bpf_probe_read_user(), and puts the old bpf_probe_read() in its place, which is refused too. User reads
 * are allowed: put them back. We never call bpf_probe_read() ourselves.
 */
static int restore_user_reads(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	struct bpf_insn *insns = (struct bpf_insn *)bpf_program__insns(prog);

	for (size_t i = 0; i < bpf_program__insn_cnt(prog); i++)
		if (insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == 0 &&
		    insns[i].imm == BPF_FUNC_probe_read)
			insns[i].imm = BPF_FUNC_probe_read_user;
	return 0;
}

/* The section of on_tick: a perf_event program that passes through restore_user_reads(). */
static int register_section(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = restore_user_reads);
	static int handler;

	if (handler == 0)
		handler = libbpf_register_prog_handler("cpuhound_tick", BPF_PROG_TYPE_PERF_EVENT, 0, &opts);
	return handler < 0 ? handler : 0;
}

static int load_program(struct sampler *s, size_t n_possible_cpus)
{
	struct sampler_bpf *bpf;
	int r;

	r = register_section();
	if (r < 0)
		return r;
	bpf = sampler_bpf__open();
	if (!bpf)
		return -errno;
	s->bpf = bpf;
	if (getrandom((void *)&bpf->rodata->hash_seed, sizeof(bpf->rodata->hash_seed), 0) < 0)
		return -errno;
	bpf->rodata->filter = s->config.filter;
	bpf->rodata->cgroup_v1_memory = s->config.cgroup_v1_memory;
	bpf->rodata->pid_namespace = s->config.pid_namespace;
	bpf_program__set_autoload(bpf->progs.filter_follow, s->config.follow || s->config.filter == FILTER_EXCEPT);
	bpf_program__set_autoload(bpf->progs.filter_forget,
				  s->config.filter == FILTER_PROCESS || s->config.filter == FILTER_EXCEPT);
	bpf_program__set_autoload(bpf->progs.on_cgroup_mkdir, may_read_kernel());

	r = bpf_map__set_max_entries(bpf->maps.regions, (__u32)n_possible_cpus);
	if (r == 0 && s->config.filter == FILTER_EXCEPT)
		r = bpf_map__set_max_entries(bpf->maps.filter_cgroups, CPUHOUND_MAX_EXCEPT_CGROUPS);
	if (r < 0)
		return r;
	r = sampler_bpf__load(bpf);
	if (r < 0)
		return r;
	bpf_program__set_autoattach(bpf->progs.on_tick, false);
	return sampler_bpf__attach(bpf);
}

static int map_regions(struct sampler *s, size_t n_possible_cpus)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *regions;

	s->region_stride = (sizeof(struct cpu_region) + 7) & ~(size_t)7;
	s->regions_bytes = (s->region_stride * n_possible_cpus + page_bytes - 1) & ~(page_bytes - 1);
	regions =
		mmap(NULL, s->regions_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(s->bpf->maps.regions), 0);
	if (regions == MAP_FAILED)
		return -errno;
	s->regions = regions;
	return 0;
}

/* What may be secret is in no core dump. */
static int map_copies(struct sampler *s)
{
	void *copies = mmap(NULL, sizeof(*s->copies), PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(s->bpf->maps.stack_copies), 0);

	if (copies == MAP_FAILED)
		return -errno;
	s->copies = copies;
	return madvise(copies, sizeof(*s->copies), MADV_DONTDUMP) < 0 ? -errno : 0;
}

static int open_event(const struct sampler *s, struct sampled_cpu *cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = s->period_ns,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED,
		.disabled = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu->number, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	cpu->event_fd = (int)fd;
	cpu->link = bpf_program__attach_perf_event(s->bpf->progs.on_tick, cpu->event_fd);
	if (!cpu->link)
		return -errno;
	/* libbpf enables what it attaches; time begins with sampler_start(). */
	if (ioctl(cpu->event_fd, PERF_EVENT_IOC_DISABLE, 0) < 0)
		return -errno;
	return 0;
}

/* A CPU that goes offline between the list and the open is not sampled, and is no error. */
static int open_events(struct sampler *s)
{
	_cleanup_free_ unsigned int *online = NULL;
	size_t n_online;
	int r;

	r = cpus_online(&online, &n_online);
	if (r < 0)
		return r;
	s->cpus = calloc(n_online, sizeof(*s->cpus));
	if (!s->cpus)
		return -ENOMEM;
	for (size_t i = 0; i < n_online; i++) {
		struct sampled_cpu *cpu = &s->cpus[s->n_cpus];

		*cpu = (struct sampled_cpu){ .number = online[i], .event_fd = -1, .period_ns = s->period_ns };
		cpu->region = (void *)((char *)s->regions + online[i] * s->region_stride);
		s->n_cpus++;
		r = open_event(s, cpu);
		if (r == -ENODEV) {
			s->n_cpus--;
			continue;
		}
		if (r < 0)
			return r;
		/* Attaching enabled the event for a moment. */
		memset(cpu->region, 0, sizeof(*cpu->region));
	}
	return s->n_cpus > 0 ? 0 : -ENODEV;
}

static int on_event(void *context, void *data, size_t size)
{
	struct sampler *s = context;
	const struct event_cgroup *event = data;

	if (size >= sizeof(*event) && event->kind == EVENT_CGROUP && s->on_cgroup)
		s->on_cgroup(s->on_cgroup_context, event);
	return 0;
}

int sampler_new(const struct sampler_config *config, struct sampler **ret)
{
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	int n_possible, r;

	libbpf_set_print(on_libbpf_message);
	n_possible = libbpf_num_possible_cpus();
	if (n_possible < 0)
		return n_possible;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->period_ns = config->period_ns;
	r = load_program(s, (size_t)n_possible);
	if (r < 0)
		return r;
	r = map_regions(s, (size_t)n_possible);
	if (r < 0)
		return r;
	r = map_copies(s);
	if (r < 0)
		return r;
	r = unwind_maps_init(&s->unwind, bpf_map__fd(s->bpf->maps.unwind_chunks),
			     bpf_map__fd(s->bpf->maps.unwind_tables), bpf_map__fd(s->bpf->maps.unwind_processes));
	if (r < 0)
		return r;
	s->events = ring_buffer__new(bpf_map__fd(s->bpf->maps.events), on_event, s, NULL);
	if (!s->events)
		return -errno;
	r = open_events(s);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

struct sampler *sampler_free(struct sampler *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_cpus; i++) {
		bpf_link__destroy(s->cpus[i].link);
		close_fd(s->cpus[i].event_fd);
	}
	free(s->cpus);
	ring_buffer__free(s->events);
	if (s->regions)
		munmap(s->regions, s->regions_bytes);
	if (s->copies)
		munmap(s->copies, sizeof(*s->copies));
	unwind_maps_done(&s->unwind);
	sampler_bpf__destroy(s->bpf);
	free(s);
	return NULL;
}

/* From now on the lists are looked at. */
static void use_filter(struct sampler *s)
{
	s->bpf->bss->filter_is_used = 1;
}

int sampler_filter_process(struct sampler *s, uint32_t tgid, uint64_t start_ns)
{
	__u64 value = start_ns;

	use_filter(s);
	return bpf_map_update_elem(bpf_map__fd(s->bpf->maps.filter_pids), &tgid, &value, BPF_ANY) < 0 ? -errno : 0;
}

int sampler_filter_cgroup(struct sampler *s, uint64_t cgroup_id)
{
	__u64 key = cgroup_id;
	__u8 value = 1;

	use_filter(s);
	return bpf_map_update_elem(bpf_map__fd(s->bpf->maps.filter_cgroups), &key, &value, BPF_ANY) < 0 ? -errno : 0;
}

void sampler_unfilter_process(struct sampler *s, uint32_t tgid)
{
	if (s->config.filter == FILTER_EXCEPT && s->bpf->bss->filter_is_used)
		bpf_map_delete_elem(bpf_map__fd(s->bpf->maps.filter_pids), &tgid); /* -ENOENT: it was not listed */
}

static void empty_map(const struct bpf_map *map)
{
	uint64_t key;

	while (bpf_map_get_next_key(bpf_map__fd(map), NULL, &key) == 0)
		if (bpf_map_delete_elem(bpf_map__fd(map), &key) < 0)
			return; /* cannot be */
}

void sampler_unfilter_all(struct sampler *s)
{
	if (s->config.filter != FILTER_EXCEPT || !s->bpf->bss->filter_is_used)
		return;
	empty_map(s->bpf->maps.filter_pids);
	empty_map(s->bpf->maps.filter_cgroups);
}

/*
 * The read of an active event runs on its CPU, by an interrupt that it waits for (kernel/events/core.c,
 * perf_event_read()): when it returns, no program that began before it is still running there.
 * monotonic_ns was taken before: a tick between the two makes one more taken than due, which the account repairs.
 */
static int read_event(struct sampler *s, struct sampled_cpu *cpu, uint64_t monotonic_ns, struct tick_reading *ret)
{
	struct {
		uint64_t counted_ns, enabled_ns;
	} event;
	uint64_t epoch = ++s->epoch;

	if (read(cpu->event_fd, &event, sizeof(event)) != sizeof(event))
		return -errno;
	cpu->passed = epoch;
	*ret = (struct tick_reading){
		.monotonic_ns = monotonic_ns,
		.enabled_ns = event.enabled_ns,
		.counted_ns = event.counted_ns,
		.idle_ns = cpu->idle_ns,
	};
	return 0;
}

static int advance(struct sampler *s, struct sampled_cpu *cpu, uint64_t monotonic_ns)
{
	struct tick_reading now;
	int r = read_event(s, cpu, monotonic_ns, &now);

	if (r == 0)
		tick_account_advance(&cpu->account, &now);
	return r;
}

int sampler_read_idle(struct sampler *s)
{
	_cleanup_free_ uint64_t *idle_ns = NULL;
	size_t n_idle;
	int r;

	r = cpus_idle_ns(&idle_ns, &n_idle);
	for (size_t i = 0; r == 0 && i < s->n_cpus; i++)
		if (s->cpus[i].number < n_idle)
			s->cpus[i].idle_ns = idle_ns[s->cpus[i].number];
	return r;
}

static int enable(struct sampler *s, struct sampled_cpu *cpu)
{
	struct tick_reading now;
	int r = read_event(s, cpu, clock_now_ns(CLOCK_MONOTONIC), &now);

	if (r < 0)
		return r;
	tick_account_begin(&cpu->account, cpu->period_ns, &now);
	return ioctl(cpu->event_fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}

/* The ticks up to now are taken in. */
static int disable(struct sampler *s, struct sampled_cpu *cpu)
{
	uint64_t monotonic_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (ioctl(cpu->event_fd, PERF_EVENT_IOC_DISABLE, 0) < 0)
		return -errno;
	return advance(s, cpu, monotonic_ns);
}

int sampler_start(struct sampler *s)
{
	int r = sampler_read_idle(s);

	for (size_t i = 0; r == 0 && i < s->n_cpus; i++)
		r = enable(s, &s->cpus[i]);
	if (r == 0)
		s->running = true;
	return r;
}

int sampler_stop(struct sampler *s)
{
	int first_error = sampler_read_idle(s);

	for (size_t i = 0; i < s->n_cpus; i++) {
		int r = disable(s, &s->cpus[i]);

		if (r < 0 && !first_error)
			first_error = r;
	}
	s->running = false;
	return first_error;
}

void sampler_sleep(struct sampler *s)
{
	sampler_bpf__detach(s->bpf);
}

int sampler_wake(struct sampler *s)
{
	return sampler_bpf__attach(s->bpf);
}

void sampler_set_period(struct sampler *s, uint64_t period_ns)
{
	s->period_ns = period_ns;
}

size_t sampler_n_cpus(const struct sampler *s)
{
	return s->n_cpus;
}

static const struct cpu_buf *buf_in_use(const struct sampler *s, size_t i)
{
	const struct cpu_region *region = s->cpus[i].region;

	return &region->buf[region->active & 1];
}

double sampler_fill(const struct sampler *s, size_t i)
{
	const struct cpu_buf *buf = buf_in_use(s, i);
	double log = (double)__atomic_load_n(&buf->n_records, __ATOMIC_RELAXED) / CPUHOUND_LOG_RECORDS;
	double stacks = (double)__atomic_load_n(&buf->n_stack_words, __ATOMIC_RELAXED) / CPUHOUND_STACK_WORDS;

	return log > stacks ? log : stacks;
}

uint64_t sampler_n_records(const struct sampler *s, size_t i)
{
	return s->cpus[i].ticks.records + __atomic_load_n(&buf_in_use(s, i)->n_records, __ATOMIC_RELAXED);
}

/* From now on the program fills the other buffer; what the first one has counted is taken in. */
static void swap_buffers(struct sampled_cpu *cpu)
{
	__atomic_store_n(&cpu->region->active, cpu->region->active ^ 1, __ATOMIC_SEQ_CST);
}

static struct cpu_buf *filled_buffer(struct sampled_cpu *cpu)
{
	return &cpu->region->buf[~cpu->region->active & 1];
}

static void take_buffer(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	const struct cpu_buf *buf = filled_buffer(cpu);

	cpu->ticks.entries += buf->n_entries;
	cpu->ticks.idle += buf->n_idle;
	cpu->ticks.filtered += buf->n_filtered;
	cpu->ticks.records += buf->n_records;
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		cpu->ticks.lost[k] += buf->n_lost[k];
	*ret = (struct sample_batch){
		.cpu = i,
		.records = buf->records,
		.n_records = buf->n_records,
		.stacks = buf->stacks,
		.n_stack_words = buf->n_stack_words,
	};
}

int sampler_flip(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	uint64_t monotonic_ns = clock_now_ns(CLOCK_MONOTONIC);
	int r;

	swap_buffers(cpu);
	r = s->running ? advance(s, cpu, monotonic_ns) : 0;
	if (r == 0)
		take_buffer(s, i, ret);
	return r;
}

/* The event stands still meanwhile: no tick of the old period falls among those of the new one. */
static int change_period(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	__u64 period_ns = s->period_ns;
	int r;

	r = s->running ? disable(s, cpu) : 0;
	if (r < 0)
		return r;
	swap_buffers(cpu);
	take_buffer(s, i, ret);
	if (ioctl(cpu->event_fd, PERF_EVENT_IOC_PERIOD, &period_ns) < 0)
		return -errno;
	return 0;
}

static void close_account(struct sampler *s, struct sampled_cpu *cpu)
{
	struct sampler_account *sum = &s->closed;
	struct tick_gaps gaps;

	tick_account_close(&cpu->account, cpu->ticks.entries, cpu->ticks.idle, &gaps);
	sum->n_due += gaps.n_due;
	sum->n_entries += cpu->ticks.entries;
	sum->n_idle += cpu->ticks.idle;
	sum->n_filtered += cpu->ticks.filtered;
	sum->n_records += cpu->ticks.records;
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		sum->n_lost[k] += cpu->ticks.lost[k];
	sum->n_idle_cpu += gaps.n_idle_cpu;
	sum->n_throttled += gaps.n_throttled;
	sum->n_other += gaps.n_other;
	cpu->ticks = (struct ticks){};
}

int sampler_cut(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	bool is_new_period = cpu->period_ns != s->period_ns;
	int r;

	r = is_new_period ? change_period(s, i, ret) : sampler_flip(s, i, ret);
	if (r < 0)
		return r;
	close_account(s, cpu);
	cpu->period_ns = s->period_ns;
	return is_new_period && s->running ? enable(s, cpu) : 0;
}

void sampler_take_account(struct sampler *s, struct sampler_account *ret)
{
	*ret = s->closed;
	s->closed = (struct sampler_account){};
}

void sampler_release(struct sampler *s, const struct sample_batch *batch)
{
	struct cpu_region *region = s->cpus[batch->cpu].region;

	memset(&region->buf[~region->active & 1], 0, offsetof(struct cpu_buf, records));
}

size_t sample_stack(const struct sample_batch *batch, __u32 ref, const __u64 **ret)
{
	size_t at = (size_t)ref - 1, n_frames;

	if (ref == 0 || at + CPUHOUND_STACK_HEADER_WORDS > batch->n_stack_words)
		return 0;
	n_frames = batch->stacks[at + 1];
	if (n_frames > batch->n_stack_words - at - CPUHOUND_STACK_HEADER_WORDS)
		return 0;
	*ret = &batch->stacks[at + CPUHOUND_STACK_HEADER_WORDS];
	return n_frames;
}

struct copy_area *sampler_copies(const struct sampler *s)
{
	return s->copies;
}

int sampler_copies_fd(const struct sampler *s)
{
	return bpf_map__fd(s->bpf->maps.stack_copies);
}

const struct unwind_maps *sampler_unwind_maps(const struct sampler *s)
{
	return &s->unwind;
}

uint64_t sampler_epoch(const struct sampler *s)
{
	return s->epoch;
}

bool sampler_has_passed(const struct sampler *s, uint64_t epoch)
{
	for (size_t i = 0; s->running && i < s->n_cpus; i++)
		if (s->cpus[i].passed <= epoch)
			return false;
	return true;
}

int sampler_barrier(struct sampler *s)
{
	struct tick_reading unused;
	int r = 0;

	for (size_t i = 0; s->running && r == 0 && i < s->n_cpus; i++)
		r = read_event(s, &s->cpus[i], 0, &unused);
	return r;
}

int sampler_map_bytes(const struct sampler *s, uint64_t *ret)
{
	uint64_t sum = 0, n_bytes = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, s->bpf->obj)
	{
		int r = unwind_maps_bytes(bpf_map__fd(map), &n_bytes);

		if (r < 0)
			return r;
		sum += n_bytes;
	}
	*ret = sum;
	return 0;
}

static int add_run_time(const struct bpf_program *program, struct sampler_totals *ret)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_program__fd(program);

	if (fd < 0) /* not loaded: this recorder does without */
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	ret->run_ns += info.run_time_ns;
	ret->n_runs += info.run_cnt;
	return 0;
}

int sampler_totals(const struct sampler *s, struct sampler_totals *ret)
{
	struct sampler_totals totals = {
		.n_follow_failed = s->bpf->bss->n_follow_failed,
		.n_events_lost = s->bpf->bss->n_events_lost,
	};
	struct bpf_program *program;

	for (size_t i = 0; i < s->n_cpus; i++)
		for (size_t k = 0; k < SAMPLE_LOST_N; k++)
			totals.n_lost_since_cut += s->cpus[i].ticks.lost[k];
	bpf_object__for_each_program(program, s->bpf->obj)
	{
		int r = add_run_time(program, &totals);

		if (r < 0)
			return r;
	}
	*ret = totals;
	return 0;
}

int sampler_events_fd(const struct sampler *s)
{
	return ring_buffer__epoll_fd(s->events);
}

int sampler_read_events(struct sampler *s, sampler_on_cgroup_fn on_cgroup, void *context)
{
	int r;

	s->on_cgroup = on_cgroup;
	s->on_cgroup_context = context;
	r = ring_buffer__consume(s->events);
	return r < 0 ? r : 0;
}
