/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup parse: which cgroup hierarchies exist, from the text of /proc/self/mountinfo and /proc/cgroups. Pure. */
#pragma once

#include "workload/cgroup.h"

/* 0, or CGROUP_NONE. */
_must_check_ int cgroup_choose_from_text(const char *mountinfo, const char *cgroups, struct cgroup_hierarchy *ret);
