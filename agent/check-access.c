// SPDX-License-Identifier: Apache-2.0
/* What this process may do: its capabilities, what confines it, and whether the system calls work for it. */
#include "agent/check.h"

#include <linux/capability.h>
#include <string.h>

static void advise_capability(struct finding *ret, const char *name)
{
	check_advise(ret,
		     "run as root, or grant it: AmbientCapabilities=%s in a systemd unit, --cap-add=%s for a container",
		     name, name + strlen("CAP_"));
}

void check_capability(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (host_has_capability(f, check->capability)) {
		check_say(ret, FINDING_OK, "%s", check->capability_name);
		return;
	}
	if (host_capable(f, check->capability)) {
		check_say(ret, FINDING_OK, "%s, through CAP_SYS_ADMIN", check->capability_name);
		return;
	}
	check_say(ret, check->without, "no %s: %s", check->capability_name, check->loss);
	advise_capability(ret, check->capability_name);
}

/* kallsyms_show_value(): readers without CAP_SYSLOG see addresses only where perf is open to everyone. */
void check_syslog(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	bool open_to_all = f->kptr_restrict.error == 0 && f->kptr_restrict.value == 0 && f->perf_paranoid.error == 0 &&
			   f->perf_paranoid.value <= 1;

	if (!host_has_capability(f, CAP_SYSLOG) && open_to_all)
		check_say(ret, FINDING_OK, "no CAP_SYSLOG, and not needed: kernel addresses are open to everyone here");
	else
		check_capability(check, f, ret);
}

void check_paranoid(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->perf_paranoid.error == -ENOENT) {
		check_say(ret, FINDING_FAILED,
			  "no /proc/sys/kernel/perf_event_paranoid: this kernel has no perf events");
		check_advise(ret, "boot a kernel built with CONFIG_PERF_EVENTS=y");
		return;
	}
	if (f->perf_paranoid.error) {
		check_say_unknown(ret, "/proc/sys/kernel/perf_event_paranoid", f->perf_paranoid.error);
		return;
	}
	if (host_capable(f, CAP_PERFMON))
		check_say(ret, FINDING_OK, "%lld, no obstacle with CAP_PERFMON", (long long)f->perf_paranoid.value);
	else
		check_say(ret, FINDING_INFO, "%lld", (long long)f->perf_paranoid.value);
}

static bool is_confined(const struct host_facts *f)
{
	bool selinux = f->selinux_enforce.error == 0;

	if (f->lsm_label[0] == 0 || strcmp(f->lsm_label, "unconfined") == 0)
		return false;
	if (selinux)
		return f->selinux_enforce.value != 0 && !strstr(f->lsm_label, "unconfined_t");
	return !strstr(f->lsm_label, "(complain)") && !strstr(f->lsm_label, "(unconfined)");
}

void check_confinement(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	const char *module = f->selinux_enforce.error == 0 ? "SELinux context" : "AppArmor profile";

	if (f->lsm_label[0] == 0)
		check_say(ret, FINDING_OK, "neither AppArmor nor SELinux confines this process");
	else if (is_confined(f))
		check_say(ret, FINDING_INFO, "%s '%.100s' is enforced on this process", module, f->lsm_label);
	else
		check_say(ret, FINDING_OK, "%s '%.100s' does not confine this process", module, f->lsm_label);
}

void check_seccomp(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->seccomp)
		check_say(ret, FINDING_INFO, "a seccomp filter watches this process (mode %lld)",
			  (long long)f->seccomp);
	else
		check_say(ret, FINDING_OK, "no filter");
}

/* Why a call is refused although the capability is there, in the order of likelihood; advice included. */
static const char *likely_denier(const struct host_facts *f, struct finding *ret)
{
	if (f->user_namespace.error == 0 && f->user_namespace.value != INITIAL_USER_NAMESPACE) {
		check_advise(ret, "run it in the initial user namespace: no rootless container, no --userns, no "
				  "PrivateUsers=");
		return "the capability counts in this user namespace only";
	}
	if (f->seccomp) {
		check_advise(ret, "allow bpf and perf_event_open in the filter: --security-opt seccomp=..., "
				  "SystemCallFilter=@bpf");
		return "likely denied by the seccomp filter of this process";
	}
	if (is_confined(f)) {
		check_advise(ret, "allow bpf and perf_event in the policy, or run unconfined: --security-opt "
				  "apparmor=unconfined");
		return f->selinux_enforce.error == 0 ? "likely denied by SELinux" : "likely denied by AppArmor";
	}
	if (f->lockdown.error == 0 && f->lockdown.value == LOCKDOWN_CONFIDENTIALITY) {
		check_advise(ret, "boot with lockdown=integrity");
		return "likely denied by lockdown";
	}
	check_advise(ret, "look for the security module that denies it: journalctl -k, ausearch -m avc");
	return "denied by a security module";
}

static bool is_denial(int error)
{
	return error == -EPERM || error == -EACCES;
}

static void judge_call(const struct host_facts *f, int error, const char *call, int capability, const char *name,
		       struct finding *ret)
{
	if (error == 0) {
		check_say(ret, FINDING_OK, "%s works", call);
	} else if (is_denial(error) && !host_capable(f, capability)) {
		check_say(ret, FINDING_FAILED, "%s: %s, for want of %s", call, strerror(-error), name);
		advise_capability(ret, name);
	} else if (is_denial(error)) {
		check_say(ret, FINDING_FAILED, "%s: %s although %s is there: %s", call, strerror(-error), name,
			  likely_denier(f, ret));
	} else if (error == -ENOSYS && f->seccomp) {
		check_say(ret, FINDING_FAILED, "%s: %s: %s", call, strerror(-error), likely_denier(f, ret));
	} else if (error == -ENOSYS) {
		check_say(ret, FINDING_FAILED, "%s: %s", call, strerror(-error));
		check_advise(ret, "boot a kernel built with CONFIG_BPF_SYSCALL=y and CONFIG_PERF_EVENTS=y");
	} else {
		check_say(ret, FINDING_FAILED, "%s: %s", call, strerror(-error));
		check_advise(ret, "see journalctl -k for what the kernel says about it");
	}
}

void check_map(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	judge_call(f, f->probe.map_error, "bpf(BPF_MAP_CREATE)", CAP_BPF, "CAP_BPF", ret);
}

/* A tracing program needs CAP_BPF and CAP_PERFMON; name the one that is not there. */
void check_program(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	bool wants_bpf = !host_capable(f, CAP_BPF);

	judge_call(f, f->probe.program_error, "bpf(BPF_PROG_LOAD)", wants_bpf ? CAP_BPF : CAP_PERFMON,
		   wants_bpf ? "CAP_BPF" : "CAP_PERFMON", ret);
}

void check_event(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	judge_call(f, f->probe.event_error, "perf_event_open(cpu-clock)", CAP_PERFMON, "CAP_PERFMON", ret);
}

void check_loop(const struct check *check, const struct host_facts *f, struct finding *ret)
{
	if (f->probe.loop_error == 0) {
		check_say(ret, FINDING_OK, "the helper bpf_loop is there");
	} else if (f->probe.loop_error == -ENOENT) {
		check_say(ret, FINDING_FAILED, "the helper bpf_loop is missing: Linux %s cannot walk stacks",
			  f->kernel_release);
		check_advise(ret, "boot Linux 5.17 or newer");
	} else {
		check_say_unknown(ret, "bpf_loop", f->probe.loop_error);
	}
}
