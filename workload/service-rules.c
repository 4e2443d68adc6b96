// SPDX-License-Identifier: Apache-2.0
#include "workload/service-rules.h"

#include <string.h>

#include "common/glob.h"

struct service_rules {
	struct service_rule *rules; /* all that they point to is owned */
	size_t n;
};

static void environment_free(const char *const *environment, size_t n)
{
	for (size_t i = 0; environment && i < n; i++)
		free((char *)environment[i]);
	free((void *)environment);
}

static void rule_done(struct service_rule *rule)
{
	free((char *)rule->name);
	free((char *)rule->version);
	free((char *)rule->container);
	free((char *)rule->unit);
	free((char *)rule->exe);
	free((char *)rule->cmdline);
	environment_free(rule->environment, rule->n_environment);
	*rule = (struct service_rule){};
}

int service_rules_new(struct service_rules **ret)
{
	struct service_rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return -ENOMEM;
	*ret = rules;
	return 0;
}

struct service_rules *service_rules_free(struct service_rules *rules)
{
	if (!rules)
		return NULL;
	for (size_t i = 0; i < rules->n; i++)
		rule_done(&rules->rules[i]);
	free(rules->rules);
	free(rules);
	return NULL;
}

static int copy_environment(const struct service_rule *from, struct service_rule *to)
{
	const char **environment = calloc(from->n_environment + 1, sizeof(*environment));

	if (!environment)
		return -ENOMEM;
	to->environment = environment;
	to->n_environment = from->n_environment;
	for (size_t i = 0; i < from->n_environment; i++) {
		environment[i] = strdup(from->environment[i]);
		if (!environment[i])
			return -ENOMEM;
	}
	return 0;
}

static int copy_rule(const struct service_rule *from, struct service_rule *to)
{
	to->name = strdup(from->name);
	to->version = strdup(from->version);
	to->container = strdup(from->container);
	to->unit = strdup(from->unit);
	to->exe = strdup(from->exe);
	to->cmdline = strdup(from->cmdline);
	if (!to->name || !to->version || !to->container || !to->unit || !to->exe || !to->cmdline)
		return -ENOMEM;
	return copy_environment(from, to);
}

int service_rules_add(struct service_rules *rules, const struct service_rule *rule)
{
	_cleanup_(rule_done) struct service_rule copy = {};
	struct service_rule *grown;
	int r;

	if (rules->n == SERVICE_RULES_MAX)
		return -ENOSPC;
	r = copy_rule(rule, &copy);
	if (r < 0)
		return r;
	grown = reallocarray(rules->rules, rules->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rules->rules = grown;
	grown[rules->n++] = copy;
	copy = (struct service_rule){};
	return 0;
}

static bool matches(const char *glob, const char *fact)
{
	return !glob[0] || (fact && glob_matches(glob, fact));
}

/* pair is KEY=GLOB: a glob over KEY=VALUE would let a `*` in the key eat the '='. */
static bool has_variable(const struct service_facts *facts, const char *pair)
{
	size_t key_size = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < facts->n_environment; i++) {
		if (strncmp(facts->environment[i], pair, key_size) == 0 &&
		    glob_matches(pair + key_size, facts->environment[i] + key_size))
			return true;
	}
	return false;
}

static bool rule_matches(const struct service_rule *rule, const struct service_facts *facts)
{
	for (size_t i = 0; i < rule->n_environment; i++) {
		if (!has_variable(facts, rule->environment[i]))
			return false;
	}
	return matches(rule->container, facts->container) && matches(rule->unit, facts->unit) &&
	       matches(rule->exe, facts->exe) && matches(rule->cmdline, facts->cmdline);
}

const struct service_rule *service_rules_find(const struct service_rules *rules, const struct service_facts *facts)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rule_matches(&rules->rules[i], facts))
			return &rules->rules[i];
	}
	return NULL;
}

bool service_rules_ask_for_cmdline(const struct service_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->rules[i].cmdline[0])
			return true;
	return false;
}

static bool has_name(const char *names, const char *name, size_t size)
{
	for (const char *p = names; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ','))
		if (strcspn(p, ",") == size && memcmp(p, name, size) == 0)
			return true;
	return false;
}

static int add_variable(const char *pair, struct buf *names)
{
	size_t size = strcspn(pair, "=");
	int r = 0;

	if (has_name(names->data, pair, size))
		return 0;
	if (names->size)
		r = buf_add_char(names, ',');
	return r == 0 ? buf_add(names, pair, size) : r;
}

int service_rules_add_variables(const struct service_rules *rules, struct buf *ret)
{
	int r = buf_add_str(ret, "");

	for (size_t i = 0; i < rules->n; i++)
		for (size_t k = 0; r == 0 && k < rules->rules[i].n_environment; k++)
			r = add_variable(rules->rules[i].environment[k], ret);
	return r;
}
