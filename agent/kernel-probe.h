/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel probe: the system calls that sampling begins with, made for real and undone at once. Files and capability
 * bits say what should work; only this says what does, below seccomp filters, security modules and namespaces.
 */
#pragma once

struct kernel_probe {
	int map_error;     /* bpf(BPF_MAP_CREATE) of a mmapable array: 0 or -errno */
	int program_error; /* bpf(BPF_PROG_LOAD) of an empty perf event program */
	int event_error;   /* perf_event_open() of cpu-clock on a whole CPU */
	int loop_error;    /* 0: the helper bpf_loop is there; -ENOENT: it is not; else why that is not known */
};

void kernel_probe_run(struct kernel_probe *ret);
