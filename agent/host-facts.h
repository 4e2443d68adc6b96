/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host facts: what /proc and /sys tell of this machine and of this process, as plain values. Reading is apart from
 * parsing, and the roots are passed in, so that a test can lay a machine of its own. Judging is environment.c's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/kernel-probe.h"
#include "common/clean.h"
#include "workload/cgroup.h"

/* The initial namespaces have fixed inodes (include/linux/proc_ns.h). */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDu

/* A number that may be unknown. */
struct fact {
	int error;     /* 0, or the -errno of the attempt to read it: -ENOENT where the kernel has no such file */
	int64_t value; /* when error is 0 */
};

enum lockdown {
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY,
};

struct host_facts {
	char kernel_release[65];
	char machine[65];
	uint64_t capabilities; /* effective, bit n is capability n */
	int64_t seccomp;       /* 0 off, 1 strict, 2 filter */
	int btf_error;         /* 0: /sys/kernel/btf/vmlinux can be read; else -errno */
	int modules_error;     /* the same for /proc/modules */
	int kallsyms_error;    /* and for /proc/kallsyms */
	int notes_error;       /* and for /sys/kernel/notes, which have the kernel's build id */
	struct fact perf_paranoid, max_sample_rate, mlock_kb;
	struct fact kptr_restrict, unprivileged_bpf_disabled;
	struct fact lockdown; /* enum lockdown */
	struct fact selinux_enforce;
	char lsm_label[200];                       /* of this process; "": none */
	struct fact pid_namespace, user_namespace; /* inodes */
	struct fact steal_permyriad;               /* of all CPU time since boot */
	bool cgroup_v1, cgroup_v2;                 /* hierarchies that this process is in */
	int cgroup_answer;                         /* of cgroup_choose_hierarchy() */
	struct cgroup_hierarchy cgroup;
	uint64_t n_online, n_possible;                    /* CPUs; 0: unknown */
	uint64_t nofile_soft, nofile_hard, memlock_bytes; /* resource limits; UINT64_MAX: none */
	uint64_t page_bytes;
	struct kernel_probe probe; /* by kernel_probe_run() */
};

/*
 * Reads what it can: a file that is missing or odd is a fact with an error. A proc_fd without
 * self/status is no /proc: that is a fault. ret->probe stays zero.
 */
_must_check_ int host_facts_read(int proc_fd, int sys_fd, struct host_facts *ret);

bool host_has_capability(const struct host_facts *f, int capability);

/* The same, or CAP_SYS_ADMIN where the kernel takes that too: BPF, PERFMON, CHECKPOINT_RESTORE; not SYSLOG. */
bool host_capable(const struct host_facts *f, int capability);

/* The parsers. Texts are whole files; -EBADMSG: not what such a file looks like. */
_must_check_ int host_parse_status(const char *text, uint64_t *ret_capabilities, int64_t *ret_seccomp);
_must_check_ int host_parse_lockdown(const char *text, enum lockdown *ret);
_must_check_ int host_parse_steal(const char *text, uint64_t *ret_permyriad);
_must_check_ int host_parse_namespace(const char *link, uint64_t *ret_inode);
_must_check_ int host_parse_number(const char *text, int64_t *ret);
_must_check_ int host_parse_cpu_count(const char *text, uint64_t *ret);
void host_parse_cgroup_modes(const char *text, bool *ret_v1, bool *ret_v2);
