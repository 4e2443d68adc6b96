// SPDX-License-Identifier: Apache-2.0
#include "workload/container-files.h"

#include <stdio.h>
#include <string.h>

#include "common/suffix.h"
#include "workload/cgroup.h"

#define TASKS "io.containerd.runtime.v2.task/"
#define OVERLAY "overlay-containers/"

/* A new place is a row here and a line in the test. A path ends in its id or goes on behind it. */
static const struct file_rule {
	enum container_runtime runtime; /* that keeps it; CONTAINER_OCI, of which nothing is known, may be any */
	const char *before, *after;     /* the id; after NULL: the file tells of several containers */
} file_rules[] = {
	{ CONTAINER_DOCKER, "/var/lib/docker/containers/", "/config.v2.json" },
	{ CONTAINER_DOCKER, "/var/snap/docker/common/var-lib-docker/containers/", "/config.v2.json" },
	{ CONTAINER_ECS, "/var/lib/docker/containers/", "/config.v2.json" },
	{ CONTAINER_CONTAINERD, "/run/containerd/" TASKS "k8s.io/", "/config.json" },
	{ CONTAINER_CONTAINERD, "/run/containerd/" TASKS "default/", "/config.json" },
	{ CONTAINER_CONTAINERD, "/run/k3s/containerd/" TASKS "k8s.io/", "/config.json" },
	{ CONTAINER_CONTAINERD, "/run/k0s/containerd/" TASKS "k8s.io/", "/config.json" },
	{ CONTAINER_CONTAINERD, "/var/snap/microk8s/common/run/containerd/" TASKS "k8s.io/", "/config.json" },
	{ CONTAINER_CRIO, "/run/containers/storage/" OVERLAY, "/userdata/config.json" },
	{ CONTAINER_CRIO, "/var/lib/containers/storage/" OVERLAY, "/userdata/config.json" },
	{ CONTAINER_PODMAN, "/var/lib/containers/storage/" OVERLAY "containers.json", NULL },
	{ CONTAINER_PODMAN, "/var/lib/containers/storage/" OVERLAY "volatile-containers.json", NULL },
	{ CONTAINER_PODMAN, "/run/containers/storage/" OVERLAY, "/userdata/config.json" },
	{ CONTAINER_PODMAN, "/var/lib/containers/storage/" OVERLAY, "/userdata/config.json" },
	{ CONTAINER_OCI, "/run/runc/", "/state.json" },
	{ CONTAINER_OCI, "/run/crun/", "/config.json" },
};

static bool applies(const struct file_rule *rule, enum container_runtime runtime)
{
	return rule->runtime == runtime || runtime == CONTAINER_OCI;
}

bool container_files_path(const struct cgroup_identity *who, size_t i, char ret[static CONTAINER_FILE_PATH_BYTES])
{
	for (size_t k = 0; k < ARRAY_SIZE(file_rules); k++) {
		const struct file_rule *rule = &file_rules[k];

		if (!who->container_id[0] || !applies(rule, who->runtime) || i-- > 0)
			continue;
		snprintf(ret, CONTAINER_FILE_PATH_BYTES, "%s%s%s", rule->before, rule->after ? who->container_id : "",
			 rule->after ?: "");
		return true;
	}
	return false;
}

bool container_log_name_parse(const char *name, const char *id, struct container_log_name *ret)
{
	const char *namespace, *container, *end;
	char ending[256];

	snprintf(ending, sizeof(ending), "-%s.log", id);
	namespace = strchr(name, '_');
	container = namespace ? strchr(namespace + 1, '_') : NULL;
	if (!container || !has_suffix(container + 1, ending))
		return false;
	end = container + strlen(container) - strlen(ending);
	*ret = (struct container_log_name){
		.pod = name,
		.pod_size = (size_t)(namespace - name),
		.namespace = namespace + 1,
		.namespace_size = (size_t)(container - namespace) - 1,
		.container = container + 1,
		.container_size = (size_t)(end - container) - 1,
	};
	return true;
}
