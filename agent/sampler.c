// SPDX-License-Identifier: Apache-2.0
#include "agent/sampler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "agent/cpus.h"
#include "agent/sampled-cpu.h"
#include "agent/unwind-maps.h"
#include "bpf/sampler.skel.h"
#include "common/log.h"

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
	struct sampled_cpu *cpus; /* all possible ones, by the kernel's number */
	size_t n_cpus;
	uint64_t n_joined;             /* CPUs that came online while sampling, each time */
	uint64_t period_ns;            /* from the next cuts on */
	struct sampler_account closed; /* the sum of what was cut */
	bool running, cpus_changed;
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

static int init_cpus(struct sampler *s, size_t n_possible)
{
	s->cpus = calloc(n_possible, sizeof(*s->cpus));
	if (!s->cpus)
		return -ENOMEM;
	s->n_cpus = n_possible;
	for (size_t i = 0; i < n_possible; i++)
		s->cpus[i] = (struct sampled_cpu){
			.number = (unsigned int)i,
			.event_fd = -1,
			.period_ns = s->period_ns,
			.region = (void *)((char *)s->regions + i * s->region_stride),
		};
	return 0;
}

/* At the start each CPU that is online must be sampled; those that come later may. */
static int open_online(struct sampler *s)
{
	_cleanup_free_ unsigned int *online = NULL;
	size_t n_online;
	int r;

	r = cpus_read(CPUS_ONLINE, &online, &n_online);
	for (size_t i = 0; r == 0 && i < n_online && online[i] < s->n_cpus; i++) {
		r = sampled_cpu_open(&s->cpus[online[i]], bpf_program__fd(s->bpf->progs.on_tick));
		if (r == -ENODEV) /* it went offline meanwhile */
			r = 0;
	}
	if (r < 0)
		return r;
	return sampler_n_sampled(s) > 0 ? 0 : -ENODEV;
}

static int on_event(void *context, void *data, size_t size)
{
	struct sampler *s = context;
	const struct event_cgroup *event = data;

	if (size >= sizeof(*event) && event->kind == EVENT_CGROUP && s->on_cgroup)
		s->on_cgroup(s->on_cgroup_context, event);
	else if (event->kind == EVENT_CPU)
		s->cpus_changed = true;
	return 0;
}

int sampler_new(const struct sampler_config *config, struct sampler **ret)
{
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	size_t n_possible;
	int r;

	libbpf_set_print(on_libbpf_message);
	r = cpus_end(CPUS_POSSIBLE, &n_possible);
	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->period_ns = config->period_ns;
	r = load_program(s, n_possible);
	if (r < 0)
		return r;
	r = map_regions(s, n_possible);
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
	r = init_cpus(s, n_possible);
	if (r == 0)
		r = open_online(s);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

struct sampler *sampler_free(struct sampler *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_cpus; i++)
		sampled_cpu_close(&s->cpus[i]);
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

int sampler_read_idle(struct sampler *s)
{
	_cleanup_free_ uint64_t *idle_ns = NULL;
	size_t n_idle;
	int r;

	r = cpus_idle_ns(&idle_ns, &n_idle);
	for (size_t i = 0; r == 0 && i < s->n_cpus; i++)
		if (i < n_idle && idle_ns[i] > 0) /* nothing is told of those that are offline */
			s->cpus[i].idle_ns = idle_ns[i];
	return r;
}

int sampler_start(struct sampler *s)
{
	int r = sampler_read_idle(s);

	for (size_t i = 0; r == 0 && i < s->n_cpus; i++)
		r = sampled_cpu_enable(&s->cpus[i], ++s->epoch);
	if (r == 0)
		s->running = true;
	return r;
}

int sampler_stop(struct sampler *s)
{
	int first_error = sampler_read_idle(s);

	for (size_t i = 0; i < s->n_cpus; i++) {
		int r = sampled_cpu_disable(&s->cpus[i], ++s->epoch);

		if (r < 0 && !first_error)
			first_error = r;
	}
	s->running = false;
	return first_error;
}

bool sampler_cpus_changed(const struct sampler *s)
{
	return s->cpus_changed;
}

/* That it cannot be sampled is told once, and shows in sampler_totals() for as long as it is so. */
static int open_late(struct sampler *s, struct sampled_cpu *cpu)
{
	int r = sampled_cpu_open(cpu, bpf_program__fd(s->bpf->progs.on_tick));

	if (r < 0 && r != -ENODEV && r != cpu->open_error)
		log_warning("CPU %u is online and cannot be sampled: %s", cpu->number, strerrordesc_np(-r));
	cpu->open_error = r == -ENODEV ? 0 : r; /* it is on its way, one way or the other */
	if (r < 0)
		return 0;
	s->n_joined++;
	cpu->has_joined = true;
	return sampled_cpu_enable(cpu, ++s->epoch);
}

static int open_new(struct sampler *s, const unsigned int *online, size_t n_online)
{
	bool is_idle_read = false;
	size_t k = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_cpus; i++) {
		struct sampled_cpu *cpu = &s->cpus[i];
		bool is_online = k < n_online && online[k] == i;

		k += is_online;
		cpu->has_joined = false;
		if (!is_online)
			cpu->open_error = 0;
		if (!is_online || sampled_cpu_is_open(cpu))
			continue;
		if (!is_idle_read) /* the kernel may have begun to count anew */
			r = sampler_read_idle(s);
		is_idle_read = true;
		if (r == 0)
			r = open_late(s, cpu);
	}
	return r;
}

int sampler_follow_cpus(struct sampler *s)
{
	_cleanup_free_ unsigned int *online = NULL;
	uint64_t n_before = s->n_joined;
	size_t n_online;
	int r = 0;

	for (size_t i = 0; s->cpus_changed && r == 0 && i < s->n_cpus; i++) /* else flips find what has gone */
		r = sampled_cpu_advance(&s->cpus[i], ++s->epoch);
	s->cpus_changed = false;
	if (r == 0)
		r = cpus_read(CPUS_ONLINE, &online, &n_online);
	if (r == 0)
		r = open_new(s, online, n_online);
	return r < 0 ? r : s->n_joined > n_before ? SAMPLER_JOINED : 0;
}

bool sampler_has_joined(const struct sampler *s, size_t i)
{
	return s->cpus[i].has_joined;
}

void sampler_sleep(struct sampler *s)
{
	sampler_bpf__detach(s->bpf);
}

/* Nobody told of CPUs while it slept: which events have gone is not known. */
int sampler_wake(struct sampler *s)
{
	int r;

	for (size_t i = 0; i < s->n_cpus; i++) {
		sampled_cpu_close(&s->cpus[i]);
		s->cpus[i].region->is_leaving = 0;
	}
	r = sampler_bpf__attach(s->bpf);
	return r == 0 ? open_online(s) : r;
}

void sampler_set_period(struct sampler *s, uint64_t period_ns)
{
	s->period_ns = period_ns;
}

uint64_t sampler_period_ns(const struct sampler *s)
{
	return s->period_ns;
}

size_t sampler_n_cpus(const struct sampler *s)
{
	return s->n_cpus;
}

size_t sampler_n_sampled(const struct sampler *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_cpus; i++)
		n += sampled_cpu_is_open(&s->cpus[i]);
	return n;
}

double sampler_fill(const struct sampler *s, size_t i)
{
	const struct cpu_buf *buf = sampled_cpu_buf(&s->cpus[i]);
	double log = (double)__atomic_load_n(&buf->n_records, __ATOMIC_RELAXED) / CPUHOUND_LOG_RECORDS;
	double stacks = (double)__atomic_load_n(&buf->n_stack_words, __ATOMIC_RELAXED) / CPUHOUND_STACK_WORDS;

	return log > stacks ? log : stacks;
}

uint64_t sampler_n_records(const struct sampler *s, size_t i)
{
	return s->cpus[i].ticks.records + __atomic_load_n(&sampled_cpu_buf(&s->cpus[i])->n_records, __ATOMIC_RELAXED);
}

static void take_buffer(struct sampler *s, size_t i, struct sample_batch *ret)
{
	const struct cpu_buf *buf = sampled_cpu_take(&s->cpus[i]);

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
	int r;

	sampled_cpu_swap(cpu);
	r = s->running ? sampled_cpu_advance(cpu, ++s->epoch) : 0;
	if (r == 0)
		take_buffer(s, i, ret);
	return r;
}

/* The event stands still meanwhile: no tick of the old period falls among those of the new one. */
static int flip_to_new_period(struct sampler *s, size_t i, struct sample_batch *ret)
{
	struct sampled_cpu *cpu = &s->cpus[i];
	int r;

	r = s->running ? sampled_cpu_disable(cpu, ++s->epoch) : 0;
	if (r < 0)
		return r;
	sampled_cpu_swap(cpu);
	take_buffer(s, i, ret);
	return sampled_cpu_set_period(cpu, s->period_ns);
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

	r = is_new_period ? flip_to_new_period(s, i, ret) : sampler_flip(s, i, ret);
	if (r < 0)
		return r;
	close_account(s, cpu);
	return is_new_period && s->running ? sampled_cpu_enable(cpu, ++s->epoch) : 0;
}

void sampler_take_account(struct sampler *s, struct sampler_account *ret)
{
	*ret = s->closed;
	s->closed = (struct sampler_account){};
}

void sampler_release(struct sampler *s, const struct sample_batch *batch)
{
	sampled_cpu_release(&s->cpus[batch->cpu]);
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
		if (sampled_cpu_is_open(&s->cpus[i]) && s->cpus[i].passed <= epoch)
			return false;
	return true;
}

int sampler_barrier(struct sampler *s)
{
	int r = 0;

	for (size_t i = 0; s->running && r == 0 && i < s->n_cpus; i++)
		r = sampled_cpu_barrier(&s->cpus[i], ++s->epoch);
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
	ret->kernel.run_ns += info.run_time_ns;
	ret->kernel.n_runs += info.run_cnt;
	return 0;
}

static void add_cpu(const struct sampled_cpu *cpu, struct sampler_totals *ret)
{
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		ret->n_lost_since_cut += cpu->ticks.lost[k];
	ret->n_cpus_refused += cpu->open_error != 0;
	ret->own.run_ns += __atomic_load_n(&cpu->region->timed_ns, __ATOMIC_RELAXED) * CPUHOUND_TIMED_EVERY;
	ret->own.n_runs += __atomic_load_n(&cpu->region->n_timed, __ATOMIC_RELAXED) * CPUHOUND_TIMED_EVERY;
}

int sampler_totals(const struct sampler *s, struct sampler_totals *ret)
{
	struct sampler_totals totals = {
		.n_follow_failed = s->bpf->bss->n_follow_failed,
		.n_events_lost = s->bpf->bss->n_events_lost,
		.n_joined = s->n_joined,
	};
	struct bpf_program *program;

	for (size_t i = 0; i < s->n_cpus; i++)
		add_cpu(&s->cpus[i], &totals);
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
