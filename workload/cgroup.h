/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup: from a cgroup's path to whose it is, and from the id in a sample to the path.
 * A cgroup's key is its id within one hierarchy: that hierarchy is chosen once, at start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

enum container_runtime {
	CONTAINER_NONE,
	CONTAINER_DOCKER,
	CONTAINER_CONTAINERD,
	CONTAINER_CRIO,
	CONTAINER_PODMAN,
	CONTAINER_ECS,
	CONTAINER_LXC,
	CONTAINER_NSPAWN,
	CONTAINER_OCI, /* an id, but nothing that tells the runtime */
};

#define CONTAINER_ID_SIZE 129
#define CGROUP_UNIT_SIZE 257
#define POD_UID_SIZE 37

struct cgroup_identity {
	enum container_runtime runtime;
	char container_id[CONTAINER_ID_SIZE]; /* 64 hex digits, or the name for LXC and nspawn; "": none */
	char pod_uid[POD_UID_SIZE];           /* with dashes; "": none */
	char unit[CGROUP_UNIT_SIZE];          /* nginx.service, session-3.scope, unescaped; "": none */
};

const char *container_runtime_to_string(enum container_runtime runtime);

/* Pure: any bytes are legal. What does not fit the fields is not an identity. */
void cgroup_identify(const char *path, struct cgroup_identity *ret);

/* Which hierarchy tells containers apart on this machine. */
#define CGROUP_V2 0
struct cgroup_hierarchy {
	int id;                /* as in /proc/PID/cgroup and /proc/cgroups; CGROUP_V2: the unified one */
	char mount_point[256]; /* where it is mounted, in our own mount namespace */
	const char *name;      /* "v2", "v1 memory", ... for people */
};
enum cgroup_answer {
	CGROUP_NONE = 1, /* no hierarchy is mounted: samples carry no cgroup */
};
/* v2 where it has the memory controller or is alone, else memory on v1. proc_fd: an open /proc. */
_must_check_ int cgroup_choose_hierarchy(int proc_fd, struct cgroup_hierarchy *ret);

/* The path of the chosen hierarchy in the text of /proc/PID/cgroup: 0, or CGROUP_NONE. *ret points into text. */
_must_check_ int cgroup_path_in(const char *text, int hierarchy, const char **ret, size_t *ret_size);

/* Table of ids to paths. Filled by a scan of the mounted hierarchy and by mkdir events; bounded. */
struct cgroups;
struct cgroup {
	uint64_t id;
	const char *path; /* raw bytes as the kernel has them, from the hierarchy's root: "/..." */
	struct cgroup_identity identity;
};

_must_check_ int cgroups_new(size_t max_cgroups, struct cgroups **ret);
struct cgroups *cgroups_free(struct cgroups *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct cgroups *, cgroups_free);

/* -ENOSPC: there are more than max_cgroups; the table is full of them. */
_must_check_ int cgroups_scan(struct cgroups *c, const struct cgroup_hierarchy *h);
/* A known id with another path: the newest wins. When the table is full, the one confirmed longest ago makes way. */
_must_check_ int cgroups_add(struct cgroups *c, uint64_t id, const char *path);
const struct cgroup *cgroups_find(const struct cgroups *c, uint64_t id); /* NULL: unknown */
size_t cgroups_n(const struct cgroups *c);
size_t cgroups_n_containers(const struct cgroups *c); /* cgroups below a container's are no containers */

/*
 * Scans, and forgets all that no scan or mkdir event has told of since the last call, but for those named by
 * cgroups_keep() since then. As cgroups_scan(): where that fails, nothing is forgotten.
 */
void cgroups_keep(struct cgroups *c, uint64_t id);
_must_check_ int cgroups_expire(struct cgroups *c, const struct cgroup_hierarchy *h);

/* The cgroup of a container by a prefix of its id (at least 4 characters): 0, CGROUP_NONE, or CGROUP_AMBIGUOUS. */
enum {
	CGROUP_AMBIGUOUS = 2
};
_must_check_ int cgroups_find_container(const struct cgroups *c, const char *id_prefix, const struct cgroup **ret);
/* The cgroup with this path, given from the hierarchy's root or with its mount point before it: 0 or CGROUP_NONE. */
_must_check_ int cgroups_find_path(const struct cgroups *c, const struct cgroup_hierarchy *h, const char *path,
				   const struct cgroup **ret);
