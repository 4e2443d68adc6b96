// SPDX-License-Identifier: Apache-2.0
/* cgroup: paths as the runtimes write them, and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workload/cgroup.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "8f2b6f2c-9c3d-4b1a-a5f0-0d3c5e7a9b1c"
#define UID_ "8f2b6f2c_9c3d_4b1a_a5f0_0d3c5e7a9b1c"
#define STATIC_UID "a3e7be694ef66bf541deadbeef012345"
#define TASK "55091c13b8cf4801b527f4601742204d"
#define BUILDKIT "q5k6eoh9w9w0cs5l1y6sw2ux6"

static const struct {
	const char *path;
	enum container_runtime runtime;
	const char *container_id, *pod_uid, *unit;
} cases[] = {
	/* docker */
	{ "/docker/" A, CONTAINER_DOCKER, A, "", "" },
	{ "/docker/" A "/init.scope", CONTAINER_DOCKER, A, "", "init.scope" },
	{ "/system.slice/docker-" A ".scope", CONTAINER_DOCKER, A, "", "" },
	{ "/system.slice/docker-" A ".scope/system.slice/nginx.service", CONTAINER_DOCKER, A, "", "nginx.service" },
	{ "/system.slice/docker.service", CONTAINER_NONE, "", "", "docker.service" },
	{ "/system.slice/docker.service/docker/" A, CONTAINER_DOCKER, A, "", "docker.service" },
	{ "/actions_job/" A, CONTAINER_OCI, A, "", "" },
	{ "/moby/" A, CONTAINER_DOCKER, A, "", "" },
	{ "/docker/buildkit/" BUILDKIT, CONTAINER_DOCKER, BUILDKIT, "", "" },
	{ "/system.slice/docker-" BUILDKIT ".scope", CONTAINER_DOCKER, BUILDKIT, "", "" },
	{ "/docker/" A "/docker/" B, CONTAINER_DOCKER, B, "", "" },
	{ "/docker/" A "/docker/buildkit/" BUILDKIT, CONTAINER_DOCKER, BUILDKIT, "", "" },
	{ "/system.slice/docker-" A ".scope/docker/" B, CONTAINER_DOCKER, B, "", "" },
	{ "/docker", CONTAINER_NONE, "", "", "" },
	{ "/docker/short", CONTAINER_NONE, "", "", "" },
	{ "/system.slice:docker:" A, CONTAINER_DOCKER, A, "", "" },

	/* Kubernetes, systemd driver */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" A ".scope",
	  CONTAINER_CONTAINERD, A, UID, "" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" A ".scope",
	  CONTAINER_CRIO, A, UID, "" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" A ".scope/container",
	  CONTAINER_CRIO, A, UID, "" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-conmon-" A ".scope",
	  CONTAINER_NONE, "", UID, "crio-conmon-" A ".scope" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" A ".scope", CONTAINER_DOCKER, A, UID, "" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice", CONTAINER_NONE, "", UID, "" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" STATIC_UID ".slice/cri-containerd-" A
	  ".scope",
	  CONTAINER_CONTAINERD, A, STATIC_UID, "" },
	{ "/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" A,
	  CONTAINER_CONTAINERD, A, UID, "containerd.service" },
	{ "/kubepods-besteffort-pod" UID_ ".slice:crio:" A, CONTAINER_CRIO, A, UID, "" },
	{ "/system.slice/kubelet.service", CONTAINER_NONE, "", "", "kubelet.service" },

	/* Kubernetes, cgroupfs driver */
	{ "/kubepods/burstable/pod" UID "/" A, CONTAINER_CONTAINERD, A, UID, "" },
	{ "/kubepods/besteffort/pod" UID "/" A, CONTAINER_CONTAINERD, A, UID, "" },
	{ "/kubepods/pod" UID "/" A, CONTAINER_CONTAINERD, A, UID, "" },
	{ "/kubepods/burstable/pod" UID "/crio-" A, CONTAINER_CRIO, A, UID, "" },
	{ "/kubepods/burstable/pod" UID, CONTAINER_NONE, "", UID, "" },
	{ "/kubepods/burstable/pod" STATIC_UID "/" A, CONTAINER_CONTAINERD, A, STATIC_UID, "" },
	{ "/kubepods/burstable/podnot-a-uid/" A, CONTAINER_OCI, A, "", "" },
	{ "/kubepods.slice", CONTAINER_NONE, "", "", "" },
	{ "/k8s.io/" A, CONTAINER_CONTAINERD, A, "", "" },
	{ "/default/" A, CONTAINER_OCI, A, "", "" },
	{ "/system.slice/nerdctl-" A ".scope", CONTAINER_CONTAINERD, A, "", "" },

	/* kind: Kubernetes in docker; docker in a pod */
	{ "/docker/" A "/kubelet/kubepods/burstable/pod" UID "/" B, CONTAINER_CONTAINERD, B, UID, "" },
	{ "/system.slice/docker-" A ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	  "kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" B ".scope",
	  CONTAINER_CONTAINERD, B, UID, "" },
	{ "/kubepods/burstable/pod" UID "/" A "/docker/" B, CONTAINER_DOCKER, B, UID, "" },

	/* as people met them: github.com/elastic/beats/issues/32961, grafana/beyla/issues/588,
	   falcosecurity/libs/issues/63, sustainable-computing-io/kepler/issues/153 */
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0d137909_8596_495c_92b3_048a901457b2.slice/"
	  "cri-containerd-b203a127cd4bfe477ca1a85311fa00113e2edaca3cd12a28cab03b4136c6bfef.scope",
	  CONTAINER_CONTAINERD, "b203a127cd4bfe477ca1a85311fa00113e2edaca3cd12a28cab03b4136c6bfef",
	  "0d137909-8596-495c-92b3-048a901457b2", "" },
	{ "/kubepods/burstable/podb53dfa9e2dc9b890f7fadb2770857b03/"
	  "bb959773d06ad1a07d469bced637bbc49b6f8573c493fd0548d7f5810eb3e5a8",
	  CONTAINER_CONTAINERD, "bb959773d06ad1a07d469bced637bbc49b6f8573c493fd0548d7f5810eb3e5a8",
	  "b53dfa9e2dc9b890f7fadb2770857b03", "" },
	{ "/system.slice/containerd.service/kubepods-burstable-podb4f3dfaf_f987_499d_a04c_2c60eb01958c.slice:"
	  "cri-containerd:f659de946112140fd722cddfd24015a8c9fce51b7ab7f007ac30612b6f9acfc9",
	  CONTAINER_CONTAINERD, "f659de946112140fd722cddfd24015a8c9fce51b7ab7f007ac30612b6f9acfc9",
	  "b4f3dfaf-f987-499d-a04c-2c60eb01958c", "containerd.service" },
	{ "/system.slice/docker-c27755f0fa91e81ababc85ef05cb227227a4228da2e5cb2f4999299c89d4ac69.scope/kubelet.slice/"
	  "kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	  "kubelet-kubepods-burstable-podd8992f589d8dd12c4342376ccb459375.slice/"
	  "cri-containerd-ecbcea5cd29afb25ba519715e827cda9e66cd0a914207f49ce0a292a6aa84d66.scope",
	  CONTAINER_CONTAINERD, "ecbcea5cd29afb25ba519715e827cda9e66cd0a914207f49ce0a292a6aa84d66",
	  "d8992f589d8dd12c4342376ccb459375", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/"
	  "libpod-conmon-ee059a097566fdc5ac9141bfcdfbed0c972163da891de076e0849d7b53597aac.scope",
	  CONTAINER_NONE, "", "",
	  "libpod-conmon-ee059a097566fdc5ac9141bfcdfbed0c972163da891de076e0849d7b53597aac.scope" },
	{ "/systemd/system.slice/docker.service", CONTAINER_NONE, "", "", "docker.service" },

	/* podman */
	{ "/machine.slice/libpod-" A ".scope", CONTAINER_PODMAN, A, "", "" },
	{ "/machine.slice/libpod-" A ".scope/container", CONTAINER_PODMAN, A, "", "" },
	{ "/machine.slice/libpod-conmon-" A ".scope", CONTAINER_NONE, "", "", "libpod-conmon-" A ".scope" },
	{ "/libpod_parent/libpod-" A, CONTAINER_PODMAN, A, "", "" },
	{ "/libpod_parent/conmon", CONTAINER_NONE, "", "", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container", CONTAINER_PODMAN, A,
	  "", "user@1000.service" },
	{ "/system.slice/web.service/libpod-payload-" A, CONTAINER_PODMAN, A, "", "web.service" },

	/* ECS */
	{ "/ecs/" TASK "/" A, CONTAINER_ECS, A, "", "" },
	{ "/ecs/55091c13-b8cf-4801-b527-f4601742204d/" A, CONTAINER_ECS, A, "", "" },
	{ "/ecs/cluster-1/" TASK "/" A, CONTAINER_ECS, A, "", "" },
	{ "/ecs/" TASK "/" TASK "-2532581157", CONTAINER_ECS, TASK "-2532581157", "", "" },
	{ "/ecs/cluster/" TASK "/" TASK "-7", CONTAINER_ECS, TASK "-7", "", "" },
	{ "/ecs/" TASK "/" A "/" B, CONTAINER_OCI, B, "", "" }, /* made by the container itself */
	{ "/ecs/" TASK, CONTAINER_NONE, "", "", "" },
	{ "/ecstasks.slice/ecstasks-" TASK ".slice/docker-" A ".scope", CONTAINER_DOCKER, A, "", "" },

	/* LXC, LXD, Proxmox, libvirt-lxc */
	{ "/lxc/web-1", CONTAINER_LXC, "web-1", "", "" },
	{ "/lxc/101/ns/system.slice/ssh.service", CONTAINER_LXC, "101", "", "ssh.service" },
	{ "/lxc.payload.web-1", CONTAINER_LXC, "web-1", "", "" },
	{ "/lxc.payload.web-1/init.scope", CONTAINER_LXC, "web-1", "", "init.scope" },
	{ "/lxc.payload/web-1/init.scope", CONTAINER_LXC, "web-1", "", "init.scope" },
	{ "/lxc.monitor.web-1", CONTAINER_NONE, "", "", "" },
	{ "/lxc.monitor/101", CONTAINER_NONE, "", "", "" },
	{ "/lxc/101/docker/" A, CONTAINER_DOCKER, A, "", "" },
	{ "/machine.slice/machine-lxc\\x2d4711\\x2dbox.scope", CONTAINER_LXC, "4711-box", "", "" },

	/* nspawn and virtual machines */
	{ "/machine.slice/systemd-nspawn@deb\\x2d12.service/payload/system.slice/cron.service", CONTAINER_NSPAWN,
	  "deb-12", "", "cron.service" },
	{ "/machine.slice/systemd-nspawn@box.service/payload", CONTAINER_NSPAWN, "box", "",
	  "systemd-nspawn@box.service" },
	{ "/machine.slice/systemd-nspawn@box.service/supervisor", CONTAINER_NONE, "", "",
	  "systemd-nspawn@box.service" },
	{ "/machine.slice/machine-deb\\x2d12.scope/payload", CONTAINER_NSPAWN, "deb-12", "", "" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dwin.scope", CONTAINER_NONE, "", "", "machine-qemu-1-win.scope" },

	/* systemd */
	{ "/system.slice/nginx.service", CONTAINER_NONE, "", "", "nginx.service" },
	{ "/system.slice/system-getty.slice/getty@tty1.service", CONTAINER_NONE, "", "", "getty@tty1.service" },
	{ "/system.slice/system-postgresql.slice/postgresql@15-main.service", CONTAINER_NONE, "", "",
	  "postgresql@15-main.service" },
	{ "/system.slice/dev\\x2dhugepages.service", CONTAINER_NONE, "", "", "dev-hugepages.service" },
	{ "/system.slice/nul\\x00.service", CONTAINER_NONE, "", "", "nul\\x00.service" },
	{ "/system.slice/_memory.service", CONTAINER_NONE, "", "", "memory.service" },
	{ "/user.slice/user-1000.slice/session-3.scope", CONTAINER_NONE, "", "", "session-3.scope" },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox.service", CONTAINER_NONE, "", "",
	  "app-firefox.service" },
	{ "/user.slice/user-1000.slice/user@1000.service/init.scope", CONTAINER_NONE, "", "", "init.scope" },
	{ "/system.slice/x.service/sub/group", CONTAINER_NONE, "", "", "x.service" },
	{ "/init.scope", CONTAINER_NONE, "", "", "init.scope" },
	{ "/.service/.scope", CONTAINER_NONE, "", "", "" },

	/* runc by hand, and nothing at all */
	{ "/process_api/4d90cb9b1272e749729ad57a2318ecec", CONTAINER_NONE, "", "", "" },
	{ "/user/box/" A, CONTAINER_OCI, A, "", "" },
	{ "/../../" A, CONTAINER_OCI, A, "", "" },
	{ "/" A "0", CONTAINER_NONE, "", "", "" },
	{ "/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF", CONTAINER_NONE, "", "", "" },
	{ "/", CONTAINER_NONE, "", "", "" },
	{ "", CONTAINER_NONE, "", "", "" },
	{ "//docker//" A "//", CONTAINER_DOCKER, A, "", "" },
};

static void test_table(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cgroup_identity who;

		cgroup_identify(cases[i].path, &who);
		if (who.runtime != cases[i].runtime || strcmp(who.container_id, cases[i].container_id) != 0 ||
		    strcmp(who.pod_uid, cases[i].pod_uid) != 0 || strcmp(who.unit, cases[i].unit) != 0)
			fail_msg("%s: %s, container '%s', pod '%s', unit '%s'", cases[i].path,
				 container_runtime_to_string(who.runtime), who.container_id, who.pod_uid, who.unit);
	}
}

static void test_every_byte(void **state)
{
	for (int byte = 1; byte < 256; byte++) {
		char path[80] = "/lxc/a_b";
		struct cgroup_identity who;

		path[6] = (char)byte;
		cgroup_identify(path, &who);
		assert_int_equal(who.runtime, CONTAINER_LXC);
		assert_string_equal(who.container_id, byte == '/' ? "a" : path + 5);

		strcpy(path, "/docker/" A);
		path[20] = (char)byte;
		cgroup_identify(path, &who);
		if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'))
			assert_string_equal(who.container_id, path + 8);
		else
			assert_string_equal(who.container_id, "");
	}
}

static void test_what_does_not_fit(void **state)
{
	char path[65536 + 32], name[300] = { 0 };
	struct cgroup_identity who;

	memset(path, 'a', 65536);
	memcpy(path, "/lxc/", 5);
	strcpy(path + 65536, ".service");
	cgroup_identify(path, &who);
	assert_int_equal(who.runtime, CONTAINER_NONE);
	assert_string_equal(who.container_id, "");
	assert_string_equal(who.unit, "");

	memset(name, 'n', CONTAINER_ID_SIZE - 1);
	snprintf(path, sizeof(path), "/lxc/%s", name);
	cgroup_identify(path, &who);
	assert_string_equal(who.container_id, name);
	snprintf(path, sizeof(path), "/lxc/%sn", name);
	cgroup_identify(path, &who);
	assert_string_equal(who.container_id, "");

	memset(name, 'u', CGROUP_UNIT_SIZE - 1 - strlen(".service"));
	strcpy(name + CGROUP_UNIT_SIZE - 1 - strlen(".service"), ".service");
	snprintf(path, sizeof(path), "/outer.service/%s", name);
	cgroup_identify(path, &who);
	assert_string_equal(who.unit, name);
	snprintf(path, sizeof(path), "/outer.service/u%s", name);
	cgroup_identify(path, &who);
	assert_string_equal(who.unit, ""); /* the outer one would be a lie */
}

static void test_deep_path(void **state)
{
	char *path = calloc(1, 65536 + 1);
	struct cgroup_identity who;

	for (size_t i = 0; i < 65536; i += 2)
		memcpy(path + i, "/a", 2);
	cgroup_identify(path, &who);
	assert_int_equal(who.runtime, CONTAINER_NONE);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_what_does_not_fit),
		cmocka_unit_test(test_deep_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
