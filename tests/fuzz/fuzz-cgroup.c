// SPDX-License-Identifier: Apache-2.0
/* fuzz cgroup: any path gives an identity whose fields hold together. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "workload/cgroup.h"
#include "workload/container-files.h"
#include "workload/service.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What is said of a path stands in it, but for what was unescaped. */
static void check(const char *path, const struct cgroup_identity *who)
{
	must(strnlen(who->container_id, CONTAINER_ID_SIZE) < CONTAINER_ID_SIZE);
	must(strnlen(who->pod_uid, POD_UID_SIZE) < POD_UID_SIZE);
	must(strnlen(who->unit, CGROUP_UNIT_SIZE) < CGROUP_UNIT_SIZE);
	must((who->runtime == CONTAINER_NONE) == (who->container_id[0] == 0));
	must(strchr(path, '\\') || strstr(path, who->container_id));
	must(strchr(path, '\\') || strstr(path, who->unit));
	must(strcmp(container_runtime_to_string(who->runtime), "none") != 0 || who->runtime == CONTAINER_NONE);
}

/* A name and a version can be made of anything. */
static void check_service(const char *text, const struct cgroup_identity *who)
{
	const struct workload_facts facts = { .identity = who, .pod = text, .image = text, .exe = text, .host = "h" };
	struct service s;

	service_find(&facts, NULL, &s);
	must(strnlen(s.name, SERVICE_TEXT_BYTES) < SERVICE_TEXT_BYTES);
	must(strnlen(s.version, SERVICE_TEXT_BYTES) < SERVICE_TEXT_BYTES);
	must(s.name[0] || !text[0]);
}

static void check_log_name(const char *name)
{
	struct container_log_name parts;

	if (!container_log_name_parse(name, A, &parts))
		return;
	must(parts.pod == name && parts.pod_size + 1 + parts.namespace_size + 1 + parts.container_size < strlen(name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_identity who;
	char *path;

	if (size > 65536)
		return 0;
	path = strndup((const char *)data, size);
	if (!path)
		abort();
	cgroup_identify(path, &who);
	check(path, &who);
	check_service(path, &who);
	check_log_name(path);
	free(path);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"/system.slice/docker-" A ".scope/docker/" A "/init.scope",
		"/kubepods.slice/kubepods-burstable.slice/"
		"kubepods-burstable-pod8f2b6f2c_9c3d_4b1a_a5f0_0d3c5e7a9b1c.slice/"
		"cri-containerd-" A ".scope",
		"/system.slice/containerd.service/kubepods-pod8f2b6f2c_9c3d_4b1a_a5f0_0d3c5e7a9b1c.slice:crio:" A,
		"/kubepods/burstable/pod8f2b6f2c-9c3d-4b1a-a5f0-0d3c5e7a9b1c/" A,
		"/machine.slice/systemd-nspawn@deb\\x2d12.service/payload/system.slice/cron.service",
		"/machine.slice/machine-lxc\\x2d4711\\x2dbox.scope",
		"/ecs/55091c13b8cf4801b527f4601742204d/55091c13b8cf4801b527f4601742204d-2532581157",
		"/lxc.payload.web/lxc/101/ns",
		"/docker/buildkit/q5k6eoh9w9w0cs5l1y6sw2ux6",
		"web-7d9c5b6f8-x2x9k_shop_nginx-" A ".log",
		"registry:5000/shop/web:v1@sha256:" A,
		"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
