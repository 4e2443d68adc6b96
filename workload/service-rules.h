/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service rules: which service a process belongs to, where the user says so: globs over what is known of it, the
 * first rule whose globs all match wins. Pure: facts in, rule out. Owns its strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

#define SERVICE_RULES_MAX 1024

struct service_rules;

struct service_rule {
	const char *name;                             /* of the service */
	const char *version;                          /* empty: as for other processes */
	const char *container, *unit, *exe, *cmdline; /* globs; empty: anything */
	const char *const *environment;               /* KEY=GLOB, all of them */
	size_t n_environment;
};

/* NULL: not known, and no glob matches that. */
struct service_facts {
	const char *container;
	const char *unit;
	const char *exe;                /* the path */
	const char *cmdline;            /* arguments with a blank between them */
	const char *const *environment; /* KEY=VALUE */
	size_t n_environment;
};

_must_check_ int service_rules_new(struct service_rules **ret);
struct service_rules *service_rules_free(struct service_rules *rules); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct service_rules *, service_rules_free);

/* Copies the rule behind the others. -ENOSPC: too many. */
_must_check_ int service_rules_add(struct service_rules *rules, const struct service_rule *rule);

/* What must be read of processes for the rules: their arguments; these variables, each name once, a comma between. */
bool service_rules_ask_for_cmdline(const struct service_rules *rules);
_must_check_ int service_rules_add_variables(const struct service_rules *rules, struct buf *ret);

const struct service_rule *service_rules_find(const struct service_rules *rules, const struct service_facts *facts);
