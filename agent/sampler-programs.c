// SPDX-License-Identifier: Apache-2.0
#include "agent/sampler-programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "bpf/sampler.skel.h"
#include "common/log.h"

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
	s->tick_fd = bpf_program__fd(bpf->progs.on_tick);
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

int sampler_programs_load(struct sampler *s, size_t n_possible_cpus)
{
	int r;

	libbpf_set_print(on_libbpf_message);
	r = load_program(s, n_possible_cpus);
	if (r == 0)
		r = map_regions(s, n_possible_cpus);
	if (r == 0)
		r = map_copies(s);
	if (r == 0)
		r = unwind_maps_init(&s->unwind, bpf_map__fd(s->bpf->maps.unwind_chunks),
				     bpf_map__fd(s->bpf->maps.unwind_tables),
				     bpf_map__fd(s->bpf->maps.unwind_processes));
	if (r < 0)
		return r;
	s->events = ring_buffer__new(bpf_map__fd(s->bpf->maps.events), on_event, s, NULL);
	return s->events ? 0 : -errno;
}

void sampler_programs_unload(struct sampler *s)
{
	ring_buffer__free(s->events);
	if (s->regions)
		munmap(s->regions, s->regions_bytes);
	if (s->copies)
		munmap(s->copies, sizeof(*s->copies));
	unwind_maps_done(&s->unwind);
	sampler_bpf__destroy(s->bpf);
}

int sampler_programs_attach(struct sampler *s)
{
	return sampler_bpf__attach(s->bpf);
}

void sampler_programs_detach(struct sampler *s)
{
	sampler_bpf__detach(s->bpf);
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

int sampler_programs_add_totals(const struct sampler *s, struct sampler_totals *ret)
{
	struct bpf_program *program;

	ret->n_follow_failed += s->bpf->bss->n_follow_failed;
	ret->n_events_lost += s->bpf->bss->n_events_lost;
	bpf_object__for_each_program(program, s->bpf->obj)
	{
		int r = add_run_time(program, ret);

		if (r < 0)
			return r;
	}
	return 0;
}

/* The program sees it before we look whether there is news already. */
void sampler_await_exec(struct sampler *s, bool is_awaited)
{
	__atomic_store_n(&s->bpf->bss->exec_is_awaited, is_awaited, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool sampler_awaits_exec(const struct sampler *s)
{
	return __atomic_load_n(&s->bpf->bss->exec_is_awaited, __ATOMIC_RELAXED);
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
