// SPDX-License-Identifier: Apache-2.0
#include "agent/environment.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/check.h"

void check_say(struct finding *ret, enum finding_state state, const char *fmt, ...)
{
	va_list ap;

	ret->state = state;
	va_start(ap, fmt);
	vsnprintf(ret->text, sizeof(ret->text), fmt, ap);
	va_end(ap);
}

void check_advise(struct finding *ret, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret->remedy, sizeof(ret->remedy), fmt, ap);
	va_end(ap);
}

void check_say_unknown(struct finding *ret, const char *what, int error)
{
	check_say(ret, FINDING_INFO, "not known: %s: %s", what, strerror(-error));
}

#define CAPABILITY_CHECK(finding_name, cap, state, lost)                                                               \
	{                                                                                                              \
		.name = finding_name, .run = check_capability, .capability = cap, .without = state,                    \
		.capability_name = #cap, .loss = lost                                                                  \
	}

static const struct check checks[] = {
	{ .name = "kernel", .run = check_kernel },
	{ .name = "architecture", .run = check_architecture },
	{ .name = "btf", .run = check_btf },
	CAPABILITY_CHECK("cap_bpf", CAP_BPF, FINDING_FAILED, "no BPF program can be loaded"),
	CAPABILITY_CHECK("cap_perfmon", CAP_PERFMON, FINDING_FAILED, "no event can be opened on a whole CPU"),
	CAPABILITY_CHECK("cap_sys_ptrace", CAP_SYS_PTRACE, FINDING_DEGRADED,
			 "mappings of other users' running processes cannot be read: their frames stay unnamed"),
	CAPABILITY_CHECK("cap_dac_read_search", CAP_DAC_READ_SEARCH, FINDING_DEGRADED,
			 "binaries that this user may not read stay unnamed"),
	CAPABILITY_CHECK("cap_checkpoint_restore", CAP_CHECKPOINT_RESTORE, FINDING_DEGRADED,
			 "binaries that were deleted or replaced while they run stay unnamed"),
	{ .name = "cap_syslog",
	  .run = check_syslog,
	  .capability = CAP_SYSLOG,
	  .without = FINDING_DEGRADED,
	  .capability_name = "CAP_SYSLOG",
	  .loss = "/proc/kallsyms hides its addresses: kernel functions stay unnamed" },
	{ .name = "perf_event_paranoid", .run = check_paranoid },
	{ .name = "kptr_restrict", .run = check_kptr },
	{ .name = "unprivileged_bpf_disabled", .run = check_unprivileged_bpf },
	{ .name = "lockdown", .run = check_lockdown },
	{ .name = "confinement", .run = check_confinement },
	{ .name = "seccomp", .run = check_seccomp },
	{ .name = "bpf_map", .run = check_map },
	{ .name = "bpf_program", .run = check_program },
	{ .name = "perf_event", .run = check_event },
	{ .name = "bpf_loop", .run = check_loop },
	{ .name = "max_sample_rate", .run = check_sample_rate },
	{ .name = "steal", .run = check_steal },
	{ .name = "cgroup", .run = check_cgroup },
	{ .name = "pid_namespace", .run = check_pid_namespace },
	{ .name = "open_files", .run = check_nofile },
	{ .name = "locked_memory", .run = check_memlock },
	{ .name = "bpf_memory", .run = check_memory },
	{ .name = "kallsyms", .run = check_kallsyms },
	{ .name = "modules", .run = check_modules },
};

int environment_judge(const struct host_facts *facts, struct finding **ret, size_t *ret_n)
{
	struct finding *findings = calloc(ARRAY_SIZE(checks), sizeof(*findings));

	if (!findings)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		findings[i].name = checks[i].name;
		checks[i].run(&checks[i], facts, &findings[i]);
	}
	*ret = findings;
	*ret_n = ARRAY_SIZE(checks);
	return 0;
}

int environment_check(struct finding **ret, size_t *ret_n)
{
	_cleanup_close_ int proc_fd = -1, sys_fd = -1;
	struct host_facts facts;
	int r;

	proc_fd = open("/proc", O_DIRECTORY | O_PATH | O_CLOEXEC);
	if (proc_fd < 0)
		return -errno;
	sys_fd = open("/sys", O_DIRECTORY | O_PATH | O_CLOEXEC);
	if (sys_fd < 0)
		return -errno;
	r = host_facts_read(proc_fd, sys_fd, &facts);
	if (r < 0)
		return r;
	kernel_probe_run(&facts.probe);
	return environment_judge(&facts, ret, ret_n);
}
