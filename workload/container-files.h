/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container files: where runtimes write down what they know of a container, as paths of the host. What lies there is
 * foreign, and not for this room to read. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

struct cgroup_identity;

#define CONTAINER_FILE_PATH_BYTES 320
#define CONTAINER_LOGS_DIR "/var/log/containers"

/* The i-th place to look at for this container, the likeliest first; false: there are no more. */
bool container_files_path(const struct cgroup_identity *who, size_t i, char ret[static CONTAINER_FILE_PATH_BYTES]);

/* The parts of POD_NAMESPACE_CONTAINER-ID.log, as kubelet names its links in CONTAINER_LOGS_DIR; not terminated. */
struct container_log_name {
	const char *pod, *namespace, *container;
	size_t pod_size, namespace_size, container_size;
};
/* False: not the log of this container. */
bool container_log_name_parse(const char *name, const char *id, struct container_log_name *ret);
