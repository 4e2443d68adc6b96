// SPDX-License-Identifier: Apache-2.0
#include "agent/config-rules.h"

#include <string.h>

#include "agent/config-set.h"
#include "common/parse.h"
#include "workload/label-set.h"
#include "workload/relabel.h"
#include "workload/service-rules.h"

/* What samples have from us; a profile has one value for each name. */
static bool is_own_label(const char *name)
{
	static const char *const names[] = { "service_name", "version", "container_id", "container",
					     "namespace",    "pod",     "unit",         "cgroup",
					     "comm",         "pid",     "tid",          "stack" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static int add_label(struct config_builder *b, const struct config_setting *s, size_t *n)
{
	struct label_set *labels = b->config->static_labels;

	if (is_own_label(s->name))
		return config_error(b->report, s->origin,
				    "labels.%s: samples have a label of that name: change it with a [relabel] section",
				    s->name);
	if ((*n)++ == CONFIG_MAX_LABELS)
		return config_error(b->report, s->origin, "[labels] holds more than %d labels", CONFIG_MAX_LABELS);
	return *n > CONFIG_MAX_LABELS ? 0 : label_set_put(labels, s->name, s->text);
}

static int build_labels(struct config_builder *b)
{
	const struct config_settings *settings = b->config->settings;
	size_t n = 0;
	int r = 0;

	b->config->static_labels = calloc(1, sizeof(*b->config->static_labels));
	if (!b->config->static_labels)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < settings->n; i++) {
		if (!settings->items[i].key)
			r = add_label(b, &settings->items[i], &n);
	}
	return r;
}

static int check_environment(struct config_builder *b, const struct config_service *s)
{
	const char *where = config_origin(b->config, "service", s->name, "env");

	for (size_t i = 0; i < s->environment.n; i++) {
		const char *pair = s->environment.items[i];

		if (pair[0] == '=' || !strchr(pair, '='))
			return config_error(b->report, where, "service.env: '%.100s' is no KEY=GLOB", pair);
	}
	if (s->environment.n > 0 && !b->config->workload.read_environment)
		return config_error(b->report, where,
				    "service.env: environments are not read: set workload.read_environment = yes");
	return 0;
}

static int add_service(struct config_builder *b, const struct config_service *s)
{
	const struct service_rule rule = {
		.name = s->service_name[0] ? s->service_name : s->name,
		.version = s->version,
		.container = s->container,
		.unit = s->unit,
		.exe = s->exe,
		.cmdline = s->cmdline,
		.environment = s->environment.items,
		.n_environment = s->environment.n,
	};
	int r;

	if (!s->container[0] && !s->unit[0] && !s->exe[0] && !s->cmdline[0] && s->environment.n == 0)
		return config_error(b->report, config_origin(b->config, "service", s->name, "container"),
				    "[service %s] would be every process: give container, unit, exe, cmdline or env",
				    s->name);
	r = check_environment(b, s);
	return r < 0 ? r : service_rules_add(b->config->service_rules, &rule);
}

static int build_services(struct config_builder *b)
{
	const struct config_service *services = b->config->services.items;
	int r = service_rules_new(&b->config->service_rules);

	for (size_t i = 0; r == 0 && i < b->config->services.n; i++)
		r = add_service(b, &services[i]);
	return r;
}

/* The number that a name begins with: NN-NAME. */
static bool rule_number(const char *name, uint64_t *ret)
{
	const char *p = name;

	return parse_u64_at(&p, name + strlen(name), 10, ret) == 0 && p[0] == '-' && p[1];
}

static int compare_relabels(const void *a, const void *b)
{
	const struct config_relabel *x = a, *y = b;
	uint64_t n = UINT64_MAX, m = UINT64_MAX;

	(void)rule_number(x->name, &n);
	(void)rule_number(y->name, &m);
	return n != m ? (n < m ? -1 : 1) : strcmp(x->name, y->name);
}

static int add_relabel(struct config_builder *b, const struct config_relabel *item)
{
	const struct relabel_spec spec = {
		.action = item->action,
		.source_labels = item->source_labels.items,
		.n_source_labels = item->source_labels.n,
		.separator = item->separator,
		.regex = item->regex,
		.target_label = item->target_label,
		.replacement = item->replacement,
	};
	struct relabel_fault fault;
	uint64_t number;
	int r;

	if (!rule_number(item->name, &number))
		return config_error(b->report, config_origin(b->config, "relabel", item->name, "action"),
				    "[relabel %s]: the name begins with a number, which is its turn: [relabel 10-NAME]",
				    item->name);
	r = relabel_add(b->config->relabel, &spec, &fault);
	if (r == RELABEL_BAD)
		return config_error(b->report, config_origin(b->config, "relabel", item->name, fault.key),
				    "[relabel %s] %s: %s", item->name, fault.key, fault.why);
	return r;
}

static int build_relabels(struct config_builder *b)
{
	struct config_relabel *items = b->config->relabels.items;
	size_t n = b->config->relabels.n;
	int r = relabel_new(&b->config->relabel);

	if (r == 0 && n > 0)
		qsort(items, n, sizeof(*items), compare_relabels);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_relabel(b, &items[i]);
	return r;
}

int config_build_rules(struct config_builder *b)
{
	int r = build_labels(b);

	if (r == 0)
		r = build_services(b);
	return r < 0 ? r : build_relabels(b);
}
