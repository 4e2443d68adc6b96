/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload filter: what the [filter] section says of a service, and how far that holds: for this process, or for all
 * that runs in its cgroup. Pure.
 */
#pragma once

#include <stdbool.h>

#include "agent/workloads.h"

struct service;

bool workload_filter_is_used(const struct config *config); /* config may be NULL, here and below */

/* is_settled: nothing more will become known; otherwise what is left out may still turn out to be kept. */
enum workload_verdict workload_filter_judge(const struct config *config, const struct service *service,
					    bool is_settled);
