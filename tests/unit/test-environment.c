// SPDX-License-Identifier: Apache-2.0
/*
 * The findings of machines that this test lays itself: files below a fake /proc and /sys, then what no file holds
 * (limits, probes). Each case breaks one thing of a healthy machine and must change that finding and no other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/environment.h"
#include "agent/host-facts.h"
#include "bpf/abi.h"

#define STATUS(cap_eff) "Name:\tcpuhound\nCapEff:\t" cap_eff "\nSeccomp:\t0\n"
#define ALL_CAPABILITIES "000001ffffffffff"

struct file {
	const char *path, *text; /* text NULL: none is laid; "-> X": a symbolic link */
};

static const struct file healthy[] = {
	{ "proc/self/status", STATUS(ALL_CAPABILITIES) },
	{ "proc/self/attr/current", "unconfined\n" },
	{ "proc/self/cgroup", "0::/system.slice/x.service\n" },
	{ "proc/self/ns/pid", "-> pid:[4026531836]" },
	{ "proc/self/ns/user", "-> user:[4026531837]" },
	{ "proc/sys/kernel/perf_event_paranoid", "2\n" },
	{ "proc/sys/kernel/perf_event_max_sample_rate", "100000\n" },
	{ "proc/sys/kernel/perf_event_mlock_kb", "516\n" },
	{ "proc/sys/kernel/kptr_restrict", "1\n" },
	{ "proc/sys/kernel/unprivileged_bpf_disabled", "2\n" },
	{ "proc/stat", "cpu  500 0 0 500 0 0 0 0 0 0\n" },
	{ "proc/modules", "" },
	{ "proc/kallsyms", "" },
	{ "sys/kernel/notes", "" },
	{ "sys/kernel/btf/vmlinux", "BTF" },
	{ "sys/kernel/security/lockdown", "[none] integrity confidentiality\n" },
	{ "sys/devices/system/cpu/online", "0-3\n" },
	{ "sys/devices/system/cpu/possible", "0-7\n" },
};

static char root[] = "/tmp/test-environment-XXXXXX";

static void make_parents(char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (path[0])
			mkdir(path, 0755);
		*slash = '/';
	}
}

static void lay_file(const struct file *f)
{
	char path[300];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", root, f->path);
	make_parents(path);
	unlink(path);
	if (!f->text)
		return;
	if (strncmp(f->text, "-> ", 3) == 0) {
		assert_int_equal(symlink(f->text + 3, path), 0);
		return;
	}
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(f->text, out);
	assert_int_equal(fclose(out), 0);
}

static int lay_healthy(void **state)
{
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(healthy); i++)
		lay_file(&healthy[i]);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int remove_root(void **state)
{
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct host_facts read_facts(void)
{
	_cleanup_close_ int proc_fd = -1, sys_fd = -1;
	struct host_facts f;
	char path[64];

	snprintf(path, sizeof(path), "%s/proc", root);
	proc_fd = open(path, O_DIRECTORY | O_PATH | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/sys", root);
	sys_fd = open(path, O_DIRECTORY | O_PATH | O_CLOEXEC);
	assert_int_equal(host_facts_read(proc_fd, sys_fd, &f), 0);

	/* What does not come from the files. */
	snprintf(f.kernel_release, sizeof(f.kernel_release), "6.1.0");
	snprintf(f.machine, sizeof(f.machine), "x86_64");
	f.nofile_soft = f.nofile_hard = 1024;
	f.memlock_bytes = 0;
	f.page_bytes = 4096;
	f.cgroup_answer = 0;
	f.cgroup = (struct cgroup_hierarchy){ .name = "v2", .mount_point = "/sys/fs/cgroup" };
	return f;
}

static const struct finding *find(const struct finding *findings, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(findings[i].name, name) == 0)
			return &findings[i];
	}
	print_error("no finding '%s'\n", name);
	abort();
}

struct expected {
	const char *name;
	enum finding_state state;
	const char *text, *remedy; /* the beginning; remedy NULL: none */
};

static void expect_finding(const struct host_facts *facts, const struct expected *want)
{
	_cleanup_free_ struct finding *findings = NULL;
	const struct finding *got;
	size_t n;

	assert_int_equal(environment_judge(facts, &findings, &n), 0);
	got = find(findings, n, want->name);
	if (got->state != want->state || strncmp(got->text, want->text, strlen(want->text)) != 0)
		fail_msg("%s: state %d, '%s'", want->name, (int)got->state, got->text);
	if (want->remedy && strncmp(got->remedy, want->remedy, strlen(want->remedy)) != 0)
		fail_msg("%s: remedy '%s'", want->name, got->remedy);
	if (!want->remedy && got->remedy[0])
		fail_msg("%s: remedy '%s' for nothing", want->name, got->remedy);
	for (size_t i = 0; i < n; i++) {
		if (&findings[i] != got && findings[i].state >= FINDING_DEGRADED)
			fail_msg("%s broke %s: '%s'", want->name, findings[i].name, findings[i].text);
	}
}

static void test_healthy(void **state)
{
	_cleanup_free_ struct finding *findings = NULL;
	struct host_facts facts = read_facts();
	size_t n;

	assert_int_equal(environment_judge(&facts, &findings, &n), 0);
	assert_int_equal(n, 28);
	for (size_t i = 0; i < n; i++) {
		enum finding_state want = FINDING_OK;

		if (strcmp(findings[i].name, "unprivileged_bpf_disabled") == 0)
			want = FINDING_INFO;
		assert_int_equal(findings[i].state, want);
		assert_string_not_equal(findings[i].text, "");
		assert_string_equal(findings[i].remedy, "");
		assert_true(strlen(findings[i].text) < 100);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(findings[i].name, findings[j].name);
	}
}

/* One file is not as on a healthy machine. */
static const struct {
	struct file file;
	struct expected want;
} file_cases[] = {
	{ { "sys/kernel/btf/vmlinux", NULL },
	  { "btf", FINDING_FAILED, "/sys/kernel/btf/vmlinux: No such file",
	    "boot a kernel built with CONFIG_DEBUG_INFO_BTF" } },
	/* all but one capability */
	{ { "proc/self/status", STATUS("000001fffff7ffff") },
	  { "cap_sys_ptrace", FINDING_DEGRADED, "no CAP_SYS_PTRACE: mappings",
	    "run as root, or grant it: AmbientCapabilities=CAP_SYS_PTRACE in a systemd unit, --cap-add=SYS_PTRACE" } },
	{ { "proc/self/status", STATUS("000001fffffffffb") },
	  { "cap_dac_read_search", FINDING_DEGRADED, "no CAP_DAC_READ_SEARCH: binaries", "run as root" } },
	{ { "proc/self/status", STATUS("000001fbffffffff") },
	  { "cap_syslog", FINDING_DEGRADED, "no CAP_SYSLOG: /proc/kallsyms", "run as root" } },
	/* CAP_SYS_ADMIN, bit 21, stands in for BPF, PERFMON and CHECKPOINT_RESTORE (bits 39, 38, 40) */
	{ { "proc/self/status", STATUS("0000017fffffffff") },
	  { "cap_bpf", FINDING_OK, "CAP_BPF, through CAP_SYS_ADMIN", NULL } },
	{ { "proc/self/status", STATUS("000001bfffffffff") },
	  { "cap_perfmon", FINDING_OK, "CAP_PERFMON, through CAP_SYS_ADMIN", NULL } },
	{ { "proc/self/status", STATUS("000000ffffffffff") },
	  { "cap_checkpoint_restore", FINDING_OK, "CAP_CHECKPOINT_RESTORE, through CAP_SYS_ADMIN", NULL } },
	{ { "proc/self/status", STATUS("0000017fffdfffff") },
	  { "cap_bpf", FINDING_FAILED, "no CAP_BPF: no BPF program",
	    "run as root, or grant it: AmbientCapabilities=CAP_BPF" } },
	{ { "proc/self/status", STATUS("000001bfffdfffff") },
	  { "cap_perfmon", FINDING_FAILED, "no CAP_PERFMON: no event", "run as root" } },
	{ { "proc/self/status", STATUS("000000ffffdfffff") },
	  { "cap_checkpoint_restore", FINDING_DEGRADED, "no CAP_CHECKPOINT_RESTORE: binaries", "run as root" } },
	{ { "proc/sys/kernel/perf_event_paranoid", "4\n" },
	  { "perf_event_paranoid", FINDING_OK, "4, no obstacle", NULL } },
	{ { "proc/sys/kernel/perf_event_paranoid", NULL },
	  { "perf_event_paranoid", FINDING_FAILED, "no /proc/sys/kernel/perf_event_paranoid",
	    "boot a kernel built with CONFIG_PERF_EVENTS" } },
	{ { "proc/sys/kernel/kptr_restrict", "2\n" },
	  { "kptr_restrict", FINDING_DEGRADED, "2 hides kernel addresses", "sysctl kernel.kptr_restrict=1" } },
	{ { "proc/sys/kernel/kptr_restrict", "odd" },
	  { "kptr_restrict", FINDING_INFO, "not known: /proc/sys/kernel/kptr_restrict: Bad message", NULL } },
	{ { "sys/kernel/security/lockdown", "none [integrity] confidentiality\n" },
	  { "lockdown", FINDING_OK, "integrity", NULL } },
	{ { "sys/kernel/security/lockdown", "none integrity [confidentiality]\n" },
	  { "lockdown", FINDING_DEGRADED, "confidentiality: a cgroup that", "boot with lockdown=integrity" } },
	{ { "sys/kernel/security/lockdown", NULL },
	  { "lockdown", FINDING_INFO, "not known: no lockdown in this kernel", NULL } },
	{ { "proc/self/attr/current", "docker-default (enforce)\n" },
	  { "confinement", FINDING_INFO, "AppArmor profile 'docker-default (enforce)' is enforced", NULL } },
	{ { "proc/self/attr/current", "cpuhound (complain)\n" },
	  { "confinement", FINDING_OK, "AppArmor profile 'cpuhound (complain)' does not confine", NULL } },
	{ { "proc/self/attr/current", NULL }, { "confinement", FINDING_OK, "neither AppArmor nor SELinux", NULL } },
	{ { "proc/self/status", "CapEff:\t" ALL_CAPABILITIES "\nSeccomp:\t2\n" },
	  { "seccomp", FINDING_INFO, "a seccomp filter watches this process (mode 2)", NULL } },
	{ { "proc/sys/kernel/perf_event_max_sample_rate", "996\n" },
	  { "max_sample_rate", FINDING_INFO, "the kernel throttles above 996",
	    "sysctl kernel.perf_event_max_sample_rate" } },
	{ { "proc/sys/kernel/perf_event_max_sample_rate", "997\n" },
	  { "max_sample_rate", FINDING_OK, "up to 997", NULL } },
	{ { "proc/stat", "cpu  500 0 0 450 0 0 0 50 0 0\n" }, { "steal", FINDING_OK, "5.00 % of the CPU time", NULL } },
	{ { "proc/stat", "cpu  50000 0 0 44988 0 0 0 5012 0 0\n" },
	  { "steal", FINDING_DEGRADED, "5.01 % of the CPU time since boot: samples", "compare shares" } },
	{ { "proc/self/cgroup", "1:name=systemd:/\n0::/\n" },
	  { "cgroup", FINDING_OK, "mode hybrid, containers are told apart by v2 at /sys/fs/cgroup", NULL } },
	{ { "proc/self/ns/pid", "-> pid:[4026532201]" },
	  { "pid_namespace", FINDING_DEGRADED, "a nested one: processes outside of it have no user stacks",
	    "share the namespace of the host: hostPID: true in Kubernetes, --pid=host" } },
	{ { "proc/self/ns/pid", NULL },
	  { "pid_namespace", FINDING_INFO, "not known: /proc/self/ns/pid: No such file", NULL } },
	{ { "sys/devices/system/cpu/online", "0-399\n" },
	  { "open_files", FINDING_FAILED, "1024 files may be open, 1100 are needed (2 for each of 400 CPUs + 300)",
	    "ulimit -Hn 1100, or LimitNOFILE=1100" } },
	{ { "sys/devices/system/cpu/possible", NULL },
	  { "bpf_memory", FINDING_INFO, "not known: cannot read /sys/devices/system/cpu/possible", NULL } },
	{ { "proc/kallsyms", NULL },
	  { "kallsyms", FINDING_DEGRADED, "no /proc/kallsyms: kernel functions stay unnamed",
	    "boot a kernel built with CONFIG_KALLSYMS" } },
	{ { "sys/kernel/notes", NULL },
	  { "kallsyms", FINDING_INFO, "the kernel tells its functions, but /sys/kernel/notes: No such file", NULL } },
	{ { "proc/modules", NULL },
	  { "modules", FINDING_INFO, "no /proc/modules: this kernel has no loadable modules", NULL } },
};

static void test_files(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(file_cases); i++) {
		struct host_facts facts;

		lay_file(&file_cases[i].file);
		facts = read_facts();
		expect_finding(&facts, &file_cases[i].want);
		for (size_t j = 0; j < ARRAY_SIZE(healthy); j++) {
			if (strcmp(healthy[j].path, file_cases[i].file.path) == 0)
				lay_file(&healthy[j]);
		}
	}
}

static void test_no_proc(void **state)
{
	static const struct file none = { "proc/self/status", NULL };
	_cleanup_close_ int fd = -1;
	struct host_facts f;

	lay_file(&none);
	fd = open(root, O_DIRECTORY | O_PATH | O_CLOEXEC);
	assert_int_equal(host_facts_read(fd, fd, &f), -ENOENT);
	lay_file(&healthy[0]);
}

static void test_kernel_addresses_are_open(void **state)
{
	static const struct expected want = { "cap_syslog", FINDING_OK, "no CAP_SYSLOG, and not needed", NULL };
	struct host_facts f = read_facts();

	f.capabilities &= ~(1ULL << CAP_SYSLOG);
	f.kptr_restrict.value = 0;
	f.perf_paranoid.value = 1;
	expect_finding(&f, &want);
}

static void test_architecture(void **state)
{
	static const struct expected no = { "architecture", FINDING_FAILED, "riscv64: no stack walker",
					    "run cpuhound on" };
	static const struct expected yes = { "architecture", FINDING_OK, "aarch64", NULL };
	struct host_facts f = read_facts();

	snprintf(f.machine, sizeof(f.machine), "riscv64");
	expect_finding(&f, &no);
	snprintf(f.machine, sizeof(f.machine), "aarch64");
	expect_finding(&f, &yes);
}

static void test_unknown_cpus(void **state)
{
	static const char text[] = "not known: cannot read /sys/devices/system/cpu/online";
	static const struct expected files = { "open_files", FINDING_INFO, text, NULL };
	static const struct expected memory = { "locked_memory", FINDING_INFO, text, NULL };
	struct host_facts f = read_facts();

	f.n_online = 0;
	expect_finding(&f, &files);
	expect_finding(&f, &memory);
}

static void test_soft_nofile_is_raised(void **state)
{
	static const struct expected want = { "open_files", FINDING_OK,
					      "308 of at most 1024 files are needed; the soft limit is raised", NULL };
	struct host_facts f = read_facts();

	f.nofile_soft = 256;
	expect_finding(&f, &want);
}

/* 4 CPUs: rings of 4 x (128 + 4) = 528 KiB. */
static void test_locked_memory(void **state)
{
	static const struct expected capable = { "locked_memory", FINDING_OK, "rings of 528 KiB, no limit", NULL };
	static const struct expected enough = { "locked_memory", FINDING_OK,
						"rings of 528 KiB, perf_event_mlock_kb gives 400", NULL };
	static const struct expected little = {
		"locked_memory", FINDING_FAILED,
		"rings of 528 KiB, but perf_event_mlock_kb gives 400 and RLIMIT_MEMLOCK 127",
		"sysctl kernel.perf_event_mlock_kb=516, or LimitMEMLOCK=128K"
	};
	struct host_facts f = read_facts();

	f.mlock_kb.value = 100;
	expect_finding(&f, &capable);
	f.capabilities &= ~(1ULL << CAP_IPC_LOCK);
	f.memlock_bytes = 128 * 1024;
	expect_finding(&f, &enough);
	f.memlock_bytes = 128 * 1024 - 1;
	expect_finding(&f, &little);
}

static void test_bpf_memory(void **state)
{
	struct host_facts f = read_facts();
	struct expected want = { "bpf_memory", FINDING_OK, NULL, NULL };
	char text[100];

	snprintf(text, sizeof(text), "%.1f MiB of BPF maps for 8 possible CPUs",
		 (8.0 * sizeof(struct cpu_region) + 1048576.0) / 1048576.0);
	want.text = text;
	expect_finding(&f, &want);
}

static void test_cgroups(void **state)
{
	static const struct expected none = { "cgroup", FINDING_DEGRADED, "mode v2, no hierarchy is mounted",
					      "mount it: mount -t cgroup2" };
	static const struct expected unknown = { "cgroup", FINDING_INFO,
						 "not known: the cgroup hierarchies: Permission", NULL };
	struct host_facts f = read_facts();

	f.cgroup_answer = CGROUP_NONE;
	expect_finding(&f, &none);
	f.cgroup_answer = -EACCES;
	expect_finding(&f, &unknown);
}

static void test_probes(void **state)
{
	static const struct expected loop = { "bpf_loop", FINDING_FAILED, "the helper bpf_loop is missing: Linux 6.1.0",
					      "boot Linux 5.17 or newer" };
	static const struct expected asked_not = { "bpf_loop", FINDING_INFO, "not known: bpf_loop: Operation not",
						   NULL };
	static const struct expected none = { "bpf_map", FINDING_FAILED,
					      "bpf(BPF_MAP_CREATE): Function not implemented",
					      "boot a kernel built with CONFIG_BPF_SYSCALL" };
	static const struct expected odd = { "perf_event", FINDING_FAILED,
					     "perf_event_open(cpu-clock): Too many open files", "see journalctl -k" };
	struct host_facts f = read_facts();

	f.probe = (struct kernel_probe){ .loop_error = -ENOENT };
	expect_finding(&f, &loop);
	f.probe = (struct kernel_probe){ .loop_error = -EPERM };
	expect_finding(&f, &asked_not);
	f.probe = (struct kernel_probe){ .map_error = -ENOSYS };
	expect_finding(&f, &none);
	f.probe = (struct kernel_probe){ .event_error = -EMFILE };
	expect_finding(&f, &odd);
}

/* The call is refused although the capability is there: each confinement is named, the surest first. */
static void test_denials(void **state)
{
	static const char call[] = "bpf(BPF_PROG_LOAD): Operation not permitted although CAP_PERFMON is there: ";
	struct host_facts f = read_facts();
	struct expected want = { "bpf_program", FINDING_FAILED, NULL, NULL };
	char text[200];

	f.probe.program_error = -EPERM;
	want.text = text;

	snprintf(text, sizeof(text), "%sdenied by a security module", call);
	want.remedy = "look for the security module";
	expect_finding(&f, &want);

	f.lockdown.value = LOCKDOWN_INTEGRITY; /* it denies nothing of this */
	expect_finding(&f, &want);

	snprintf(f.lsm_label, sizeof(f.lsm_label), "docker-default (enforce)");
	snprintf(text, sizeof(text), "%slikely denied by AppArmor", call);
	want.remedy = "allow bpf and perf_event in the policy";
	expect_finding(&f, &want);

	snprintf(f.lsm_label, sizeof(f.lsm_label), "system_u:system_r:container_t:s0:c1,c2");
	f.selinux_enforce = (struct fact){ .value = 1 };
	snprintf(text, sizeof(text), "%slikely denied by SELinux", call);
	expect_finding(&f, &want);

	f.seccomp = 2;
	snprintf(text, sizeof(text), "%slikely denied by the seccomp filter", call);
	want.remedy = "allow bpf and perf_event_open in the filter";
	expect_finding(&f, &want);

	f.user_namespace.value = 4026532200;
	snprintf(text, sizeof(text), "%sthe capability counts in this user namespace only", call);
	want.remedy = "run it in the initial user namespace";
	expect_finding(&f, &want);
}

static void test_lockdown_denial(void **state)
{
	struct host_facts f = read_facts();
	_cleanup_free_ struct finding *findings = NULL;
	const struct finding *got;
	size_t n;

	f.lockdown.value = LOCKDOWN_CONFIDENTIALITY;
	f.probe.event_error = -EPERM;
	assert_int_equal(environment_judge(&f, &findings, &n), 0);
	got = find(findings, n, "perf_event");
	assert_string_equal(got->text,
			    "perf_event_open(cpu-clock): Operation not permitted although CAP_PERFMON is there: "
			    "likely denied by lockdown");
	assert_string_equal(got->remedy, "boot with lockdown=integrity");
}

static void test_selinux_that_permits(void **state)
{
	static const struct expected permissive = { "confinement", FINDING_OK,
						    "SELinux context 'a:b:container_t:s0' does not", NULL };
	static const struct expected free_domain = { "confinement", FINDING_OK,
						     "SELinux context 'u:r:unconfined_t:s0' does not", NULL };
	static const struct expected enforced = { "confinement", FINDING_INFO,
						  "SELinux context 'a:b:container_t:s0' is enforced", NULL };
	struct host_facts f = read_facts();

	snprintf(f.lsm_label, sizeof(f.lsm_label), "a:b:container_t:s0");
	f.selinux_enforce = (struct fact){ .value = 0 };
	expect_finding(&f, &permissive);
	f.selinux_enforce = (struct fact){ .value = 1 };
	expect_finding(&f, &enforced);
	snprintf(f.lsm_label, sizeof(f.lsm_label), "u:r:unconfined_t:s0");
	expect_finding(&f, &free_domain);
}

/* Without the capability the missing capability is the reason, whatever else confines. */
static void test_denial_without_capability(void **state)
{
	struct host_facts f = read_facts();
	_cleanup_free_ struct finding *findings = NULL;
	const struct finding *got;
	size_t n;

	f.capabilities = 1ULL << CAP_BPF;
	f.seccomp = 2;
	f.probe = (struct kernel_probe){ .program_error = -EPERM, .event_error = -EACCES };
	assert_int_equal(environment_judge(&f, &findings, &n), 0);
	got = find(findings, n, "bpf_program");
	assert_int_equal(got->state, FINDING_FAILED);
	assert_string_equal(got->text, "bpf(BPF_PROG_LOAD): Operation not permitted, for want of CAP_PERFMON");
	got = find(findings, n, "perf_event");
	assert_string_equal(got->text, "perf_event_open(cpu-clock): Permission denied, for want of CAP_PERFMON");
	assert_non_null(strstr(got->remedy, "AmbientCapabilities=CAP_PERFMON"));
	assert_int_equal(find(findings, n, "perf_event_paranoid")->state, FINDING_INFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_healthy),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_no_proc),
		cmocka_unit_test(test_kernel_addresses_are_open),
		cmocka_unit_test(test_architecture),
		cmocka_unit_test(test_unknown_cpus),
		cmocka_unit_test(test_soft_nofile_is_raised),
		cmocka_unit_test(test_locked_memory),
		cmocka_unit_test(test_bpf_memory),
		cmocka_unit_test(test_cgroups),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_denials),
		cmocka_unit_test(test_lockdown_denial),
		cmocka_unit_test(test_selinux_that_permits),
		cmocka_unit_test(test_denial_without_capability),
	};

	return cmocka_run_group_tests(tests, lay_healthy, remove_root);
}
