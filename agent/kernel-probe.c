// SPDX-License-Identifier: Apache-2.0
#include "agent/kernel-probe.h"

#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "common/clean.h"
#include "common/clock.h"

/* The size of a structure up to and with this member. */
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

static int error_of(int fd)
{
	if (fd < 0)
		return -errno;
	close_fd(fd);
	return 0;
}

/* Only the part of the attributes that a command knows is passed, so that old kernels accept it. */
static int probe_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = sizeof(__u32),
		.value_size = sizeof(__u64),
		.max_entries = 1,
		.map_flags = BPF_F_MMAPABLE,
	};

	return error_of((int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, offsetofend(union bpf_attr, map_flags)));
}

static int probe_program(void)
{
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, /* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_PERF_EVENT,
		.insns = (uintptr_t)nothing,
		.insn_cnt = ARRAY_SIZE(nothing),
		.license = (uintptr_t) "GPL",
	};

	return error_of((int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, offsetofend(union bpf_attr, license)));
}

static int probe_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = NS_PER_S,
		.disabled = 1,
	};
	int cpu = sched_getcpu(); /* a CPU that is surely online */

	return error_of((int)syscall(SYS_perf_event_open, &attr, -1, cpu < 0 ? 0 : cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

/* libbpf takes every refusal that names no helper, EPERM too, for support: ask only when programs load at all. */
static int probe_loop(int program_error)
{
	int r;

	if (program_error)
		return program_error;
	r = libbpf_probe_bpf_helper(BPF_PROG_TYPE_PERF_EVENT, BPF_FUNC_loop, NULL);
	if (r < 0)
		return r;
	return r ? 0 : -ENOENT;
}

void kernel_probe_run(struct kernel_probe *ret)
{
	ret->map_error = probe_map();
	ret->program_error = probe_program();
	ret->event_error = probe_event();
	ret->loop_error = probe_loop(ret->program_error);
}
