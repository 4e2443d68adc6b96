/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment: what this machine and this user must offer before anything is sampled. `doctor` prints all of it;
 * `record` stops at the first failing finding and prints the same words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

enum finding_state {
	FINDING_OK,
	FINDING_INFO,     /* a fact, neither good nor bad */
	FINDING_DEGRADED, /* works, with something missing that `text` names */
	FINDING_FAILED,   /* sampling cannot start */
};

struct finding {
	const char *name; /* stable, for --json: "btf", "cap_bpf", ... */
	enum finding_state state;
	char text[200];   /* what was found */
	char remedy[200]; /* what to do; "": nothing */
};

/* Every check in a fixed order; *ret is malloced. Checks that cannot be made are FINDING_INFO and say so. */
_must_check_ int environment_check(struct finding **ret, size_t *ret_n);

struct host_facts;

/* The same checks on facts that somebody else has gathered. Pure. */
_must_check_ int environment_judge(const struct host_facts *facts, struct finding **ret, size_t *ret_n);
