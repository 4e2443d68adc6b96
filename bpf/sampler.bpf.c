// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sampler: the program behind every tick. It writes one record and at most two stacks into this CPU's region, takes
 * no lock, makes no call that can sleep, and counts every tick that becomes no record. About a microsecond a sample
 * (docs/performance.md).
 */
#include "bpf/base.bpf.h"

#include "bpf/arch.bpf.h"
#include "bpf/copy.bpf.h"
#include "bpf/filter.bpf.h"
#include "bpf/kernel-stack.bpf.h"
#include "bpf/task.bpf.h"
#include "bpf/walk.bpf.h"

const volatile __u64 hash_seed;
const volatile bool cgroup_v1_memory;
const volatile __u32 filter;
const volatile __u32 pid_namespace;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set to the number of possible CPUs */
	__type(key, __u32);
	__type(value, struct cpu_region);
} regions SEC(".maps");

/* Rare news for user space, and the way to wake it. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

__u64 n_events_lost;   /* `events` had no room */
__u32 exec_is_awaited; /* user space sleeps until the next exec */

static __always_inline void wake_when_half_full(struct cpu_buf *buf, __u32 cpu)
{
	struct event_half_full event = { .kind = EVENT_HALF_FULL, .cpu = cpu };

	if (buf->woken)
		return;
	if (buf->n_records < CPUHOUND_LOG_RECORDS / 2 && buf->n_stack_words < CPUHOUND_STACK_WORDS / 2)
		return;
	buf->woken = 1;
	bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP);
}

static __always_inline void copy_unfinished(struct sample_rec *rec, const struct walk *w)
{
	struct event_copy event = { .kind = EVENT_COPY };
	bool is_wanted = copy_is_wanted(rec->ustop) || walk_may_be_stale(w, rec);
	__u32 answer = is_wanted ? copy_stack(rec, &w->regs[0]) : 0;

	if (!answer)
		return;
	event.class = answer - COPY_STACK_WAKES;
	bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP);
}

static __always_inline void fill_task(struct sample_rec *rec, struct task_struct *task)
{
	rec->time_ns = bpf_ktime_get_boot_ns();
	rec->start_ns = task->group_leader->start_boottime;
	rec->cgroup_id = task_cgroup_id(task);
	rec->tgid = task_tgid(task);
	rec->tid = task_tid(task);
	rec->news_ns = 0;
	bpf_get_current_comm(rec->comm, sizeof(rec->comm));
}

static __always_inline void fill_user_stack(struct bpf_perf_event_data *ctx, struct cpu_buf *buf,
					    struct sample_rec *rec, struct task_struct *task)
{
	struct walk *w = walk_of_cpu();
	__u32 answer;

	if (!w)
		return; /* cannot be */
	if (rec->flags & SAMPLE_KERNEL_MODE)
		answer = task_user_regs(task, &w->regs[0]);
	else
		answer = ctx_user_regs(ctx, &w->regs[0]);
	w->stack_end = task->mm->start_stack;
	walk_user(w, buf, task, answer, rec);
	copy_unfinished(rec, w);
}

static __always_inline void fill_stacks(struct bpf_perf_event_data *ctx, struct cpu_buf *buf, struct sample_rec *rec,
					struct task_struct *task)
{
	rec->kstack = rec->ustack = 0;
	rec->ustop = rec->kstop = WALK_STOP_ROOT;
	rec->walker = WALKER_NONE;
	rec->flags = 0;
	if (!ctx_in_user_mode(ctx)) {
		rec->flags = SAMPLE_KERNEL_MODE;
		walk_kernel(ctx, buf, rec);
	}
	if (task->pid == 0) {
		rec->flags |= SAMPLE_KTHREAD | SAMPLE_IRQ;
		rec->ustop = WALK_STOP_KTHREAD;
	} else if (task->flags & PF_KTHREAD) {
		rec->flags |= SAMPLE_KTHREAD;
		rec->ustop = WALK_STOP_KTHREAD;
	} else if (!task->mm || task->mm->end_code == 0) {
		rec->ustop = WALK_STOP_EXITING;
	} else if (pid_namespace && rec->tgid == 0) {
		rec->ustop = WALK_STOP_OUTSIDE;
	} else {
		fill_user_stack(ctx, buf, rec, task);
	}
}

/* What the kernel counts of programs' time is mostly switched off. The start lies in the region: in a variable it
 * would be another path through the program for the verifier. */
static __always_inline void start_timing(struct cpu_region *region)
{
	region->timed_from_ns = 0;
	if (region->until_timed) {
		region->until_timed--;
		return;
	}
	region->until_timed = CPUHOUND_TIMED_EVERY - 1;
	region->timed_from_ns = bpf_ktime_get_ns();
}

static __always_inline void stop_timing(struct cpu_region *region)
{
	if (!region->timed_from_ns)
		return;
	region->timed_ns += bpf_ktime_get_ns() - region->timed_from_ns;
	region->n_timed++;
}

static __always_inline void take_tick(struct bpf_perf_event_data *ctx, struct cpu_region *region, __u32 cpu)
{
	struct cpu_buf *buf = &region->buf[*(volatile __u32 *)&region->active & 1];
	struct task_struct *task = bpf_get_current_task_btf();
	struct sample_rec *rec;
	__u32 n;

	buf->n_entries++;
	if (task->pid == 0 && ctx_on_task_stack(ctx, task)) {
		buf->n_idle++;
		return;
	}
	if (filter_drops(task)) {
		buf->n_filtered++;
		return;
	}
	n = buf->n_records;
	if (n >= CPUHOUND_LOG_RECORDS) {
		buf->n_lost[SAMPLE_LOST_LOG_FULL]++;
		return;
	}
	rec = &buf->records[n];
	fill_task(rec, task);
	fill_stacks(ctx, buf, rec, task);
	buf->n_records = n + 1;
	wake_when_half_full(buf, cpu);
}

SEC("cpuhound_tick") /* a perf_event program: agent/sampler-programs.c has the section's handler */
int on_tick(struct bpf_perf_event_data *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct cpu_region *region = bpf_map_lookup_elem(&regions, &cpu);

	if (!region)
		return 0; /* cannot be: there is one for each possible CPU */
	start_timing(region);
	take_tick(ctx, region, cpu);
	stop_timing(region);
	return 0;
}

/* A wake-up is an interrupt that the process pays for, so there is one only for who sleeps. */
static __always_inline void wake_by_exec(void)
{
	struct event_exec event = { .kind = EVENT_EXEC };

	if (!*(volatile __u32 *)&exec_is_awaited)
		return;
	exec_is_awaited = 0;
	bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP);
}

/*
 * An exec: what the process had mapped is gone. This tracepoint comes before the news of the exec and of what it maps
 * (unlike sched_process_exec), so user space cannot yet have listed the new memory. Other threads rename themselves
 * too; while exec does, the new memory has no code yet.
 */
SEC("tp_btf/task_rename")
int unwind_forget_exec(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	if (task->mm && task->mm->end_code == 0) {
		unwind_note_exec(task_tgid(task), bpf_ktime_get_boot_ns());
		filter_forget_exec(task);
		wake_by_exec();
	}
	return 0;
}

/* A new process: should its number have had another's list. */
SEC("tp_btf/sched_process_fork")
int unwind_forget_reused(__u64 *ctx)
{
	struct task_struct *child = (void *)ctx[1];

	if (child->pid == child->tgid)
		unwind_clear_slot(task_tgid(child));
	return 0;
}

/* A cgroup of any hierarchy came into being: its name, before its first process runs and after its last one ends. */
SEC("tp_btf/cgroup_mkdir")
int on_cgroup_mkdir(__u64 *ctx)
{
	struct cgroup *cgroup = (void *)ctx[0];
	const char *path = (void *)ctx[1];
	struct event_cgroup *event;
	long n;

	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&n_events_lost, 1);
		return 0;
	}
	event->kind = EVENT_CGROUP;
	event->time_ns = bpf_ktime_get_boot_ns();
	event->id = cgroup->kn->id;
	event->hierarchy = (__u32)cgroup->root->hierarchy_id;
	event->reserved = 0;
	n = bpf_probe_read_kernel_str(event->path, sizeof(event->path), path);
	event->path_bytes = n > 0 ? (__u32)n : 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/*
 * A CPU has come online, or begins to go off: the last step of the one, and the first of the other, is where the
 * scheduler begins or ceases to use it. Should the event find no room, user space looks some seconds later.
 */
SEC("tp_btf/cpuhp_exit")
int on_cpu_change(__u64 *ctx)
{
	struct event_cpu event = { .kind = EVENT_CPU, .cpu = (__u32)ctx[0] };
	__u32 state = (__u32)ctx[1], step = (__u32)ctx[2];
	struct cpu_region *region = bpf_map_lookup_elem(&regions, &event.cpu);

	if (!region || (int)ctx[3] != 0 || step != bpf_core_enum_value(enum cpuhp_state, CPUHP_AP_ACTIVE))
		return 0;
	region->is_leaving = state != step; /* the state is counted before a step: up to it, or down below it */
	if (region->is_leaving)
		region->n_offline++;
	bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
