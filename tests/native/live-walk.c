// SPDX-License-Identifier: Apache-2.0
#include "tests/native/live-walk.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "bpf/sampler.skel.h"
#include "tests/native/process-map.h"

static void *map_memory(int fd, size_t size)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *memory =
		mmap(NULL, (size + page_bytes - 1) & ~(page_bytes - 1), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int load(struct live_walk *l)
{
	l->bpf = sampler_bpf__open();
	if (!l->bpf)
		return -errno;
	l->bpf->rodata->hash_seed = 1;
	bpf_program__set_type(l->bpf->progs.on_tick, BPF_PROG_TYPE_PERF_EVENT);
	bpf_program__set_autoload(l->bpf->progs.filter_follow, false);
	bpf_program__set_autoload(l->bpf->progs.filter_forget, false);
	bpf_program__set_autoload(l->bpf->progs.on_cgroup_mkdir, false);
	if (bpf_map__set_max_entries(l->bpf->maps.regions, (__u32)libbpf_num_possible_cpus()) < 0 ||
	    sampler_bpf__load(l->bpf) < 0)
		return -EIO;
	bpf_program__set_autoattach(l->bpf->progs.on_tick, false);
	return sampler_bpf__attach(l->bpf);
}

static int add_chunk(struct live_walk *l, __u32 number)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "chunk", sizeof(__u32), sizeof(struct unwind_chunk), 1, &opts);

	if (fd < 0 || bpf_map_update_elem(bpf_map__fd(l->bpf->maps.unwind_chunks), &number, &fd, BPF_ANY) < 0)
		return -errno;
	l->space.chunks[number] = map_memory(fd, sizeof(struct unwind_chunk));
	return l->space.chunks[number] ? 0 : -ENOMEM;
}

static int map_space(struct live_walk *l)
{
	l->space = (struct unwind_space){ .n_chunks = 4, .n_words = 2, .n_tables = 1 };
	l->space.tables =
		map_memory(bpf_map__fd(l->bpf->maps.unwind_tables), UNWIND_MAX_TABLES * sizeof(struct unwind_table));
	l->space.slots = map_memory(bpf_map__fd(l->bpf->maps.unwind_processes), sizeof(*l->space.slots));
	l->regions = map_memory(bpf_map__fd(l->bpf->maps.regions),
				(size_t)libbpf_num_possible_cpus() * sizeof(struct cpu_region));
	if (!l->space.tables || !l->space.slots || !l->regions)
		return -ENOMEM;
	for (__u32 i = 0; i < l->space.n_chunks; i++) {
		int r = add_chunk(l, i);

		if (r < 0)
			return r;
	}
	return 0;
}

static int open_events(struct live_walk *l, uint64_t period_ns)
{
	l->n_cpus = (size_t)libbpf_num_possible_cpus();
	if (l->n_cpus > LIVE_WALK_CPUS)
		l->n_cpus = LIVE_WALK_CPUS;
	for (size_t i = 0; i < l->n_cpus; i++) {
		struct perf_event_attr attr = {
			.size = sizeof(attr),
			.type = PERF_TYPE_SOFTWARE,
			.config = PERF_COUNT_SW_CPU_CLOCK,
			.sample_period = period_ns,
			.disabled = 1,
		};

		l->events[i] = (int)syscall(SYS_perf_event_open, &attr, -1, (int)i, -1, PERF_FLAG_FD_CLOEXEC);
		if (l->events[i] < 0)
			continue; /* offline */
		if (ioctl(l->events[i], PERF_EVENT_IOC_SET_BPF, bpf_program__fd(l->bpf->progs.on_tick)) < 0)
			return -errno;
	}
	return 0;
}

int live_walk_init(struct live_walk *l, uint64_t period_ns)
{
	int r;

	*l = (struct live_walk){};
	r = load(l);
	if (r < 0)
		return r;
	r = map_space(l);
	if (r < 0)
		return r;
	return open_events(l, period_ns);
}

void live_walk_done(struct live_walk *l)
{
	for (size_t i = 0; i < l->n_cpus; i++)
		close_fd(l->events[i]);
	for (size_t i = 0; i < l->space.n_chunks; i++)
		if (l->space.chunks[i])
			munmap(l->space.chunks[i], sizeof(struct unwind_chunk));
	sampler_bpf__destroy(l->bpf);
}

int live_walk_add_process(struct live_walk *l, pid_t pid, uint64_t news_ns)
{
	struct process_map map;
	int r = process_map_read(pid, TABLES_OF_LIBDW, &l->space, &map);

	return r < 0 ? r : unwind_space_set_process(&l->space, (uint32_t)pid, news_ns, map.extents, map.n);
}

int live_walk_enable(struct live_walk *l, bool on)
{
	for (size_t i = 0; i < l->n_cpus; i++)
		if (l->events[i] >= 0 &&
		    ioctl(l->events[i], on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0) < 0)
			return -errno;
	return 0;
}

static void read_buf(struct cpu_buf *buf, pid_t pid, live_walk_fn fn, void *context)
{
	for (size_t i = 0; i < buf->n_records; i++) {
		const struct sample_rec *rec = &buf->records[i];
		const __u64 *stack = rec->ustack ? &buf->stacks[rec->ustack - 1] : NULL;

		if (rec->tgid == (__u32)pid)
			fn(context, rec, stack ? stack + CPUHOUND_STACK_HEADER_WORDS : NULL, stack ? stack[1] : 0);
	}
}

void live_walk_read(struct live_walk *l, pid_t pid, live_walk_fn fn, void *context)
{
	for (size_t i = 0; i < l->n_cpus; i++) {
		struct cpu_buf *buf = &l->regions[i].buf[0];

		if (fn)
			read_buf(buf, pid, fn, context);
		memset(buf, 0, offsetof(struct cpu_buf, records));
	}
}

int live_walk_cost(const struct live_walk *l, struct live_cost *ret)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(l->bpf->progs.on_tick), &info, &size) < 0)
		return -errno;
	*ret = (struct live_cost){ .run_ns = info.run_time_ns, .n_runs = info.run_cnt };
	return 0;
}
