// SPDX-License-Identifier: Apache-2.0
/* What this machine is and what its limits leave for us. */
#include "agent/check.h"

#include <linux/capability.h>
#include <string.h>

#include "agent/sideband-rings.h"
#include "bpf/abi.h"

/* What one agent opens: an event and a sideband ring per CPU, and at most this many other files at a time. */
#define FDS_PER_CPU 2
#define FDS_BESIDE_CPUS 300
#define OTHER_MAPS_BYTES (1024 * 1024) /* the event ring, the filters, per-CPU scratch */
#define LIKED_SAMPLE_RATE 997          /* the highest rate that anyone records with */
#define NOTABLE_STEAL_PERMYRIAD 500

void check_kernel(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	check_say(ret, FINDING_OK, "Linux %s", f->kernel_release);
}

void check_architecture(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (strcmp(f->machine, "x86_64") == 0 || strcmp(f->machine, "aarch64") == 0) {
		check_say(ret, FINDING_OK, "%s", f->machine);
		return;
	}
	check_say(ret, FINDING_FAILED, "%s: no stack walker for this architecture", f->machine);
	check_advise(ret, "run cpuhound on x86_64 or aarch64");
}

void check_btf(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->btf_error == 0) {
		check_say(ret, FINDING_OK, "the kernel describes its types (/sys/kernel/btf/vmlinux)");
		return;
	}
	check_say(ret, FINDING_FAILED, "/sys/kernel/btf/vmlinux: %s: the program cannot be fitted to this kernel",
		  strerror(-f->btf_error));
	if (f->btf_error == -ENOENT)
		check_advise(ret, "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y; in a container mount /sys");
	else
		check_advise(ret, "let this user read /sys/kernel/btf/vmlinux");
}

void check_kptr(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->kptr_restrict.error) {
		check_say_unknown(ret, "/proc/sys/kernel/kptr_restrict", f->kptr_restrict.error);
		return;
	}
	if (f->kptr_restrict.value < 2) {
		check_say(ret, FINDING_OK, "%lld", (long long)f->kptr_restrict.value);
		return;
	}
	check_say(ret, FINDING_DEGRADED, "%lld hides kernel addresses from everyone: kernel functions stay unnamed",
		  (long long)f->kptr_restrict.value);
	check_advise(ret, "sysctl kernel.kptr_restrict=1");
}

void check_unprivileged_bpf(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->unprivileged_bpf_disabled.error)
		check_say_unknown(ret, "/proc/sys/kernel/unprivileged_bpf_disabled",
				  f->unprivileged_bpf_disabled.error);
	else
		check_say(ret, FINDING_INFO, "%lld, cpuhound does not depend on it",
			  (long long)f->unprivileged_bpf_disabled.value);
}

void check_lockdown(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->lockdown.error == -ENOENT) {
		check_say(ret, FINDING_INFO, "not known: no lockdown in this kernel, or no securityfs is mounted");
		return;
	}
	if (f->lockdown.error) {
		check_say_unknown(ret, "/sys/kernel/security/lockdown", f->lockdown.error);
		return;
	}
	if (f->lockdown.value != LOCKDOWN_CONFIDENTIALITY) {
		check_say(ret, FINDING_OK, "%s", f->lockdown.value == LOCKDOWN_INTEGRITY ? "integrity" : "none");
		return;
	}
	check_say(ret, FINDING_DEGRADED,
		  "confidentiality: a cgroup that is made and gone within seconds may stay unnamed");
	check_advise(ret, "boot with lockdown=integrity to have every cgroup named as it is made");
}

void check_sample_rate(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->max_sample_rate.error) {
		check_say_unknown(ret, "/proc/sys/kernel/perf_event_max_sample_rate", f->max_sample_rate.error);
		return;
	}
	if (f->max_sample_rate.value >= LIKED_SAMPLE_RATE) {
		check_say(ret, FINDING_OK, "up to %lld samples a second and CPU", (long long)f->max_sample_rate.value);
		return;
	}
	check_say(ret, FINDING_INFO, "the kernel throttles above %lld samples a second and CPU",
		  (long long)f->max_sample_rate.value);
	check_advise(ret, "sysctl kernel.perf_event_max_sample_rate=100000");
}

void check_steal(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	int64_t steal = f->steal_permyriad.value;

	if (f->steal_permyriad.error) {
		check_say_unknown(ret, "/proc/stat", f->steal_permyriad.error);
		return;
	}
	if (steal <= NOTABLE_STEAL_PERMYRIAD) {
		check_say(ret, FINDING_OK, "%lld.%02lld %% of the CPU time since boot", (long long)steal / 100,
			  (long long)steal % 100);
		return;
	}
	check_say(ret, FINDING_DEGRADED,
		  "%lld.%02lld %% of the CPU time since boot: samples count time that the hypervisor took",
		  (long long)steal / 100, (long long)steal % 100);
	check_advise(ret, "compare shares, not CPU seconds; or move this guest to a host with free CPUs");
}

static const char *cgroup_mode(const struct host_facts *f)
{
	if (f->cgroup_v1)
		return f->cgroup_v2 ? "hybrid" : "v1";
	return f->cgroup_v2 ? "v2" : "none";
}

void check_cgroup(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->cgroup_answer < 0) {
		check_say_unknown(ret, "the cgroup hierarchies", f->cgroup_answer);
	} else if (f->cgroup_answer == CGROUP_NONE) {
		check_say(ret, FINDING_DEGRADED, "mode %s, no hierarchy is mounted: samples carry no container",
			  cgroup_mode(f));
		check_advise(ret, "mount it: mount -t cgroup2 none /sys/fs/cgroup; in a container: -v "
				  "/sys/fs/cgroup:/sys/fs/cgroup:ro");
	} else {
		check_say(ret, FINDING_OK, "mode %s, containers are told apart by %s at %.100s", cgroup_mode(f),
			  f->cgroup.name, f->cgroup.mount_point);
	}
}

void check_pid_namespace(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->pid_namespace.error) {
		check_say_unknown(ret, "/proc/self/ns/pid", f->pid_namespace.error);
		return;
	}
	if (f->pid_namespace.value == INITIAL_PID_NAMESPACE) {
		check_say(ret, FINDING_OK, "the initial one");
		return;
	}
	check_say(ret, FINDING_DEGRADED,
		  "a nested one: processes outside of it have no user stacks, and go by their threads' names");
	check_advise(ret, "share the namespace of the host: hostPID: true in Kubernetes, --pid=host for a container");
}

static bool say_no_cpus(const char *which, uint64_t n, struct finding *ret)
{
	if (n == 0)
		check_say(ret, FINDING_INFO, "not known: cannot read /sys/devices/system/cpu/%s", which);
	return n == 0;
}

void check_nofile(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	uint64_t need = FDS_PER_CPU * f->n_online + FDS_BESIDE_CPUS;

	if (say_no_cpus("online", f->n_online, ret))
		return;
	if (f->nofile_hard < need) {
		check_say(ret, FINDING_FAILED,
			  "%llu files may be open, %llu are needed (%d for each of %llu CPUs + %d)",
			  (unsigned long long)f->nofile_hard, (unsigned long long)need, FDS_PER_CPU,
			  (unsigned long long)f->n_online, FDS_BESIDE_CPUS);
		check_advise(ret, "ulimit -Hn %llu, or LimitNOFILE=%llu in a systemd unit", (unsigned long long)need,
			     (unsigned long long)need);
		return;
	}
	check_say(ret, FINDING_OK, "%llu of at most %llu files are needed%s", (unsigned long long)need,
		  (unsigned long long)f->nofile_hard,
		  f->nofile_soft < need ? "; the soft limit is raised at start" : "");
}

/* perf_mmap(): a user's rings may hold perf_event_mlock_kb for each CPU, and RLIMIT_MEMLOCK beyond that. */
void check_memlock(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	uint64_t need = f->n_online * (SIDEBAND_RING_MIN_BYTES + f->page_bytes) / 1024;
	uint64_t given;

	if (say_no_cpus("online", f->n_online, ret))
		return;
	if (f->mlock_kb.error) {
		check_say_unknown(ret, "/proc/sys/kernel/perf_event_mlock_kb", f->mlock_kb.error);
		return;
	}
	given = (uint64_t)f->mlock_kb.value * f->n_online;
	if (host_has_capability(f, CAP_IPC_LOCK)) {
		check_say(ret, FINDING_OK, "rings of %llu KiB, no limit with CAP_IPC_LOCK", (unsigned long long)need);
	} else if (need <= given || (need - given) <= f->memlock_bytes / 1024) {
		check_say(ret, FINDING_OK, "rings of %llu KiB, perf_event_mlock_kb gives %llu",
			  (unsigned long long)need, (unsigned long long)given);
	} else {
		check_say(ret, FINDING_FAILED,
			  "rings of %llu KiB, but perf_event_mlock_kb gives %llu and RLIMIT_MEMLOCK %llu",
			  (unsigned long long)need, (unsigned long long)given,
			  (unsigned long long)f->memlock_bytes / 1024);
		check_advise(ret, "sysctl kernel.perf_event_mlock_kb=516, or LimitMEMLOCK=%lluK in a systemd unit",
			     (unsigned long long)(need - given));
	}
}

void check_memory(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	uint64_t bytes = f->n_possible * sizeof(struct cpu_region) + OTHER_MAPS_BYTES;

	if (say_no_cpus("possible", f->n_possible, ret))
		return;
	check_say(ret, FINDING_OK, "%.1f MiB of BPF maps for %llu possible CPUs", (double)bytes / (1 << 20),
		  (unsigned long long)f->n_possible);
}

void check_modules(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->modules_error == 0)
		check_say(ret, FINDING_OK, "/proc/modules can be read");
	else if (f->modules_error == -ENOENT)
		check_say(ret, FINDING_INFO, "no /proc/modules: this kernel has no loadable modules");
	else
		check_say_unknown(ret, "/proc/modules", f->modules_error);
}

void check_kallsyms(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->kallsyms_error == -ENOENT) {
		check_say(ret, FINDING_DEGRADED, "no /proc/kallsyms: kernel functions stay unnamed");
		check_advise(ret, "boot a kernel built with CONFIG_KALLSYMS=y");
	} else if (f->kallsyms_error) {
		check_say_unknown(ret, "/proc/kallsyms", f->kallsyms_error);
	} else if (f->notes_error) {
		check_say(ret, FINDING_INFO,
			  "the kernel tells its functions, but /sys/kernel/notes: %s: they have no lines, since "
			  "nothing "
			  "tells which vmlinux is the right one",
			  strerror(-f->notes_error));
	} else {
		check_say(ret, FINDING_OK, "the kernel tells its functions and its build id");
	}
}
