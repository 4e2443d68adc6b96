// SPDX-License-Identifier: Apache-2.0
/* container files: where runtimes keep what they know. */
#include "tests/unit/cmocka-all.h"

#include <stdbool.h>
#include <string.h>

#include "workload/cgroup.h"
#include "workload/container-files.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TASK "io.containerd.runtime.v2.task/"

static struct cgroup_identity identity_of(enum container_runtime runtime)
{
	struct cgroup_identity who = { .runtime = runtime };

	strcpy(who.container_id, ID);
	return who;
}

static bool is_a_place(enum container_runtime runtime, const char *path)
{
	const struct cgroup_identity who = identity_of(runtime);
	char found[CONTAINER_FILE_PATH_BYTES];

	for (size_t i = 0; container_files_path(&who, i, found); i++)
		if (strcmp(found, path) == 0)
			return true;
	return false;
}

static void test_places(void **state)
{
	static const struct {
		enum container_runtime runtime;
		const char *path;
	} places[] = {
		{ CONTAINER_DOCKER, "/var/lib/docker/containers/" ID "/config.v2.json" },
		{ CONTAINER_DOCKER, "/var/snap/docker/common/var-lib-docker/containers/" ID "/config.v2.json" },
		{ CONTAINER_ECS, "/var/lib/docker/containers/" ID "/config.v2.json" },
		{ CONTAINER_CONTAINERD, "/run/containerd/" TASK "k8s.io/" ID "/config.json" },
		{ CONTAINER_CONTAINERD, "/run/containerd/" TASK "default/" ID "/config.json" },
		{ CONTAINER_CONTAINERD, "/run/k3s/containerd/" TASK "k8s.io/" ID "/config.json" },
		{ CONTAINER_CONTAINERD, "/run/k0s/containerd/" TASK "k8s.io/" ID "/config.json" },
		{ CONTAINER_CONTAINERD, "/var/snap/microk8s/common/run/containerd/" TASK "k8s.io/" ID "/config.json" },
		{ CONTAINER_CRIO, "/run/containers/storage/overlay-containers/" ID "/userdata/config.json" },
		{ CONTAINER_CRIO, "/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json" },
		{ CONTAINER_PODMAN, "/var/lib/containers/storage/overlay-containers/containers.json" },
		{ CONTAINER_PODMAN, "/var/lib/containers/storage/overlay-containers/volatile-containers.json" },
		{ CONTAINER_PODMAN, "/var/lib/containers/storage/overlay-containers/" ID "/userdata/config.json" },
		{ CONTAINER_OCI, "/run/runc/" ID "/state.json" },
		{ CONTAINER_OCI, "/run/crun/" ID "/config.json" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!is_a_place(places[i].runtime, places[i].path) || !is_a_place(CONTAINER_OCI, places[i].path))
			fail_msg("%s is not looked at", places[i].path);
	}
	assert_false(is_a_place(CONTAINER_CRIO, "/run/runc/" ID "/state.json"));
}

static void test_no_places(void **state)
{
	struct cgroup_identity who = identity_of(CONTAINER_LXC);
	char path[CONTAINER_FILE_PATH_BYTES];

	assert_false(container_files_path(&who, 0, path));
	who = (struct cgroup_identity){};
	assert_false(container_files_path(&who, 0, path));
}

static void test_log_names(void **state)
{
	static const char *const bad[] = {
		"web-1_shop_nginx-" ID "0.log",
		"web-1_shop_nginx-" ID,
		"web-1_shop-" ID ".log",
		"__-" ID ".log",
		"",
		"a_b_" ID ".log",
	};
	struct container_log_name name;

	assert_true(container_log_name_parse("web-1_shop_nginx-x-" ID ".log", ID, &name));
	assert_memory_equal(name.pod, "web-1_", name.pod_size + 1);
	assert_memory_equal(name.namespace, "shop_", name.namespace_size + 1);
	assert_memory_equal(name.container, "nginx-x-0", name.container_size + 2);
	assert_int_equal(name.container_size, 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (container_log_name_parse(bad[i], ID, &name))
			fail_msg("'%s' is taken for a log", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_places),
		cmocka_unit_test(test_log_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
