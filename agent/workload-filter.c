// SPDX-License-Identifier: Apache-2.0
#include "agent/workload-filter.h"

#include "agent/config.h"
#include "common/glob.h"
#include "workload/service.h"

bool workload_filter_is_used(const struct config *config)
{
	return config && (config->filter.include_services.n || config->filter.exclude_services.n ||
			  config->filter.include_containers.n || config->filter.exclude_containers.n);
}

static bool is_in(const struct config_list *globs, const char *name)
{
	for (size_t i = 0; i < globs->n; i++)
		if (glob_matches(globs->items[i], name))
			return true;
	return false;
}

static bool is_out(const struct config_list *include, const struct config_list *exclude, const char *name)
{
	return (include->n && !is_in(include, name)) || is_in(exclude, name);
}

/* Then all processes of the cgroup have the same name. */
static bool is_named_by_cgroup(const struct config *config, const struct service *service)
{
	return service->source >= SERVICE_FROM_APP && service->source <= SERVICE_FROM_UNIT && config->services.n == 0 &&
	       !config->workload.read_environment;
}

enum workload_verdict workload_filter_judge(const struct config *config, const struct service *service, bool is_settled)
{
	if (!workload_filter_is_used(config))
		return WORKLOAD_KEPT;
	if (is_out(&config->filter.include_containers, &config->filter.exclude_containers, service->container))
		return is_settled ? WORKLOAD_OUT_BY_CGROUP : WORKLOAD_OUT;
	if (!is_out(&config->filter.include_services, &config->filter.exclude_services, service->name))
		return WORKLOAD_KEPT;
	if (!is_settled || service->source == SERVICE_FROM_COMM)
		return WORKLOAD_OUT;
	return is_named_by_cgroup(config, service) ? WORKLOAD_OUT_BY_CGROUP : WORKLOAD_OUT_BY_PROCESS;
}
