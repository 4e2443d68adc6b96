/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program facts: what a process tells of itself, where the configuration asks for it: its arguments, and the variables
 * of its environment that name a service, which the indexer picks out. Read once for all that descend from one exec.
 * Never logged: both may hold secrets. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/environment-facts.h"

struct indexer_client;
struct indexer_result;

#define PROGRAM_CMDLINE_BYTES 1024 /* of the arguments, for rules; what comes later matches nothing */

/* Owned by who asks, from program_facts_want() to program_facts_forget(). */
struct program_fact {
	char *cmdline; /* arguments with a blank between them; NULL: not read */
	bool is_environment_read;
	char *service_name, *service_version;    /* by the environment; NULL: not told */
	char *variables[ENVIRONMENT_MAX_WANTED]; /* NAME=VALUE */
	size_t n_variables;
	bool is_pending;
	uint64_t tag;
	struct program_fact *prev, *next;
};

struct program_facts {
	int proc_fd; /* borrowed, as is the lane */
	struct indexer_client *lane;
	uint64_t last_tag;
	struct program_fact *pending;
	size_t n_pending;
	bool reads_cmdline, reads_environment;
	char *variables; /* names that are wanted, a comma between them */
};

void program_facts_init(struct program_facts *facts, int proc_fd, struct indexer_client *lane);
void program_facts_done(struct program_facts *facts); /* all were forgotten before */

/* A sample of this program was taken, which runs as tgid: reads what is asked for. Trouble with it is no error. */
_must_check_ int program_facts_want(struct program_facts *facts, struct program_fact *p, uint32_t tgid);
void program_facts_forget(struct program_facts *facts, struct program_fact *p);

/* An answer of the lane to a question of ours; its descriptors stay the caller's. */
_must_check_ int program_facts_on_result(struct program_facts *facts, const struct indexer_result *result);
