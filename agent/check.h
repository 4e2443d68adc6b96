/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: one rule of environment.c: from facts to a finding, nothing read. A rule whose fact is missing says so and
 * is FINDING_INFO. The rules are in check-access.c and check-host.c, their order is in environment.c.
 */
#pragma once

#include "agent/environment.h"
#include "agent/host-facts.h"

struct check {
	const char *name;
	void (*run)(const struct check *check, const struct host_facts *f, struct finding *ret);

	/* Of rules about a capability: its number and name, and what is lost without it. */
	int capability;
	const char *capability_name, *loss;
	enum finding_state without;
};

void check_say(struct finding *ret, enum finding_state state, const char *fmt, ...) _printf_(3, 4);
void check_advise(struct finding *ret, const char *fmt, ...) _printf_(2, 3);
void check_say_unknown(struct finding *ret, const char *what, int error);

void check_kernel(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_architecture(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_btf(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_capability(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_syslog(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_paranoid(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_kptr(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_unprivileged_bpf(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_lockdown(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_confinement(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_seccomp(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_map(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_program(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_event(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_loop(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_sample_rate(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_steal(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_cgroup(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_pid_namespace(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_nofile(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_memlock(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_memory(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_kallsyms(const struct check *check, const struct host_facts *f, struct finding *ret);
void check_modules(const struct check *check, const struct host_facts *f, struct finding *ret);
