// SPDX-License-Identifier: Apache-2.0
#include "workload/service.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/suffix.h"
#include "workload/cgroup.h"
#include "workload/label-set.h"
#include "workload/service-rules.h"

#define REPLICA_SET_HASH_MOST 10 /* characters that Kubernetes adds for a replica set, and at least this many */
#define REPLICA_SET_HASH_LEAST 6
#define POD_SUFFIX 5 /* and that it adds for a pod */

static bool is_known(const char *text)
{
	return text && text[0];
}

static void set_text(char ret[static SERVICE_TEXT_BYTES], const char *text, size_t size)
{
	snprintf(ret, SERVICE_TEXT_BYTES, "%.*s", size < SERVICE_TEXT_BYTES ? (int)size : SERVICE_TEXT_BYTES - 1, text);
}

static const char *basename_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Kubernetes' random names have no vowels, and no digit that looks like one. */
static bool is_random(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!strchr("bcdfghjklmnpqrstvwxz2456789", s[i]))
			return false;
	return true;
}

static bool is_number(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* How much of name stands before its last "-..."; *ret is what stands behind it. 0: there is no such part. */
static size_t before_last_part(const char *name, size_t size, const char **ret, size_t *ret_size)
{
	const char *dash = memrchr(name, '-', size);

	if (!dash || dash == name)
		return 0;
	*ret = dash + 1;
	*ret_size = size - (size_t)(dash - name) - 1;
	return (size_t)(dash - name);
}

/*
 * The size of the name of what made a pod: a deployment's has "-HASH-XXXXX" added, a daemon set's and a job's "-XXXXX",
 * a cron job's job "-NUMBER" before that, a stateful set's "-NUMBER", and a static pod's the name of the host.
 */
static size_t owner_size(const char *pod, const char *host)
{
	size_t size = strlen(pod), host_size = host ? strlen(host) : 0, left, part_size;
	const char *part;

	if (host_size && size > host_size + 1 && pod[size - host_size - 1] == '-' && has_suffix(pod, host))
		return size - host_size - 1;
	left = before_last_part(pod, size, &part, &part_size);
	if (left && part_size && is_number(part, part_size) && part_size < POD_SUFFIX)
		return left;
	if (!left || part_size != POD_SUFFIX || !is_random(part, part_size))
		return size;
	size = left;
	left = before_last_part(pod, size, &part, &part_size);
	if (left && part_size >= REPLICA_SET_HASH_LEAST && part_size <= REPLICA_SET_HASH_MOST &&
	    (is_random(part, part_size) || is_number(part, part_size)))
		return left;
	return size;
}

/* registry:5000/name:tag@digest; "latest" tells no version. */
static void set_image_tag(char ret[static SERVICE_TEXT_BYTES], const char *image)
{
	size_t size = strcspn(image, "@");
	const char *slash = memrchr(image, '/', size), *name = slash ? slash + 1 : image;
	const char *colon = memchr(name, ':', size - (size_t)(name - image));

	if (colon && strncmp(colon, ":latest", size - (size_t)(colon - image)) != 0)
		set_text(ret, colon + 1, size - (size_t)(colon - image) - 1);
}

/* Where people chose the id it is the name; the others are told by the runtime. */
static void set_container(const struct workload_facts *facts, char ret[static SERVICE_TEXT_BYTES])
{
	const struct cgroup_identity *who = facts->identity;

	if (is_known(facts->container))
		set_text(ret, facts->container, SERVICE_TEXT_BYTES);
	else if (who && (who->runtime == CONTAINER_LXC || who->runtime == CONTAINER_NSPAWN))
		set_text(ret, who->container_id, SERVICE_TEXT_BYTES);
	else if (who)
		set_text(ret, who->container_id, SERVICE_SHORT_ID);
}

static void set_name(struct service *s, enum service_source source, const char *name, size_t size)
{
	s->source = source;
	set_text(s->name, name, size);
}

static void find_name(const struct workload_facts *facts, const struct service_rule *rule, struct service *s)
{
	if (rule)
		set_name(s, SERVICE_FROM_RULE, rule->name, SERVICE_TEXT_BYTES);
	else if (is_known(facts->otel_service))
		set_name(s, SERVICE_FROM_ENVIRONMENT, facts->otel_service, SERVICE_TEXT_BYTES);
	else if (is_known(facts->app))
		set_name(s, SERVICE_FROM_APP, facts->app, SERVICE_TEXT_BYTES);
	else if (is_known(facts->pod))
		set_name(s, SERVICE_FROM_POD, facts->pod, owner_size(facts->pod, facts->host));
	else if (s->container[0])
		set_name(s, SERVICE_FROM_CONTAINER, s->container, SERVICE_TEXT_BYTES);
	else if (facts->identity && has_suffix(facts->identity->unit, ".service"))
		set_name(s, SERVICE_FROM_UNIT, facts->identity->unit, SERVICE_TEXT_BYTES);
	else if (is_known(facts->exe))
		set_name(s, SERVICE_FROM_EXE, basename_of(facts->exe), SERVICE_TEXT_BYTES);
	else
		set_name(s, SERVICE_FROM_COMM, facts->comm ?: "", SERVICE_TEXT_BYTES);
}

static void find_version(const struct workload_facts *facts, const struct service_rule *rule, struct service *s)
{
	if (rule && rule->version[0])
		set_text(s->version, rule->version, SERVICE_TEXT_BYTES);
	else if (is_known(facts->otel_version))
		set_text(s->version, facts->otel_version, SERVICE_TEXT_BYTES);
	else if (is_known(facts->app_version))
		set_text(s->version, facts->app_version, SERVICE_TEXT_BYTES);
	else if (is_known(facts->image))
		set_image_tag(s->version, facts->image);
	if (!s->version[0] && is_known(facts->build_id))
		set_text(s->version, facts->build_id, SERVICE_SHORT_ID);
}

void service_find(const struct workload_facts *facts, const struct service_rules *rules, struct service *ret)
{
	const struct service_rule *rule = NULL;

	*ret = (struct service){};
	set_container(facts, ret->container);
	if (rules) {
		const struct service_facts for_rules = {
			.container = ret->container[0] ? ret->container : NULL,
			.unit = facts->identity && facts->identity->unit[0] ? facts->identity->unit : NULL,
			.exe = facts->exe,
			.cmdline = facts->cmdline,
			.environment = facts->environment,
			.n_environment = facts->n_environment,
		};

		rule = service_rules_find(rules, &for_rules);
	}
	find_name(facts, rule, ret);
	find_version(facts, rule, ret);
}

int service_add_labels(const struct workload_facts *facts, const struct service *service, struct label_set *ret)
{
	const struct cgroup_identity *who = facts->identity;
	const struct {
		const char *name, *value;
	} labels[] = {
		{ "service_name", service->name },
		{ "version", service->version },
		{ "container_id", who ? who->container_id : NULL },
		{ "container", service->container },
		{ "namespace", facts->namespace },
		{ "pod", facts->pod },
		{ "unit", who ? who->unit : NULL },
		{ "cgroup", facts->cgroup },
		{ "comm", facts->comm },
		{ "host", facts->host },
		{ "__exe__", facts->exe },
		{ "__image__", facts->image },
		{ "__runtime__", who && who->runtime ? container_runtime_to_string(who->runtime) : NULL },
		{ "__pod_uid__", who ? who->pod_uid : NULL },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(labels); i++)
		if (is_known(labels[i].value))
			r = label_set_put(ret, labels[i].name, labels[i].value);
	return r;
}
