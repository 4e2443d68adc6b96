/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: which service and which version of it a process is, and what its samples are labelled with, from what is
 * known of it. Pure.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct cgroup_identity;
struct label_set;
struct service_rules;

/* What is known of a process. All borrowed; NULL or "": not known. */
struct workload_facts {
	const struct cgroup_identity *identity;          /* NULL: its cgroup is not known */
	const char *cgroup;                              /* the path */
	const char *container, *image, *pod, *namespace; /* as the runtime tells */
	const char *app, *app_version;                   /* labels of Kubernetes, compose and the like */
	const char *otel_service, *otel_version;         /* its environment */
	const char *const *environment;                  /* NAME=VALUE, for rules */
	size_t n_environment;
	const char *exe;             /* path; "[kernel]": no user space */
	const char *cmdline;         /* arguments with a blank between them */
	const char *comm, *build_id; /* of the thread; of the executable, hex */
	const char *host;
};

/* What a name was taken from, in order: the first that is known counts. */
enum service_source {
	SERVICE_FROM_RULE,
	SERVICE_FROM_ENVIRONMENT,
	SERVICE_FROM_APP,
	SERVICE_FROM_POD, /* what the pod was made for: its name without what was added to it */
	SERVICE_FROM_CONTAINER,
	SERVICE_FROM_UNIT,
	SERVICE_FROM_EXE,
	SERVICE_FROM_COMM,
};

#define SERVICE_TEXT_BYTES 256
#define SERVICE_SHORT_ID 12 /* characters of a container's id, or of a build id */

struct service {
	enum service_source source;
	char name[SERVICE_TEXT_BYTES], version[SERVICE_TEXT_BYTES]; /* cut; "": not known */
	char container[SERVICE_TEXT_BYTES];                         /* its name, else the first of its id; "": none */
};

/* rules NULL: none. */
void service_find(const struct workload_facts *facts, const struct service_rules *rules, struct service *ret);

/*
 * Adds what samples are labelled with to an empty set, and what only rules may ask for: __exe__, __image__,
 * __runtime__, __pod_uid__.
 */
_must_check_ int service_add_labels(const struct workload_facts *facts, const struct service *service,
				    struct label_set *ret);
