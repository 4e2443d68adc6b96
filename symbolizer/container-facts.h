/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container facts: what a runtime tells of a container. In its JSON: an OCI bundle's config.json (its annotations),
 * runc's state.json, docker's config.v2.json or its answer to GET /containers/ID/json, the containers.json of
 * containers/storage (podman, CRI-O). Or when it is asked by CRI. Foreign bytes: parsed by the indexer. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define CONTAINER_FACT_BYTES 256 /* Kubernetes' names have 253 at most; of what is longer nothing is told */

enum container_fact {
	CONTAINER_FACT_NAME,
	CONTAINER_FACT_IMAGE, /* as it was asked for: registry/name:tag@digest */
	CONTAINER_FACT_POD,
	CONTAINER_FACT_NAMESPACE,
	CONTAINER_FACT_APP,     /* app.kubernetes.io/name and the like */
	CONTAINER_FACT_VERSION, /* app.kubernetes.io/version */
	CONTAINER_FACT_SANDBOX, /* id of the pod's own container, where that one has the pod's labels */
	CONTAINER_FACT_N,
};

/* What leaves the sandbox. Each text ends with a NUL; "": not told. Any other bytes. */
struct container_facts {
	char texts[CONTAINER_FACT_N][CONTAINER_FACT_BYTES];
};

/* id: of the container, where the text tells of several. -EBADMSG: no JSON; -ENODATA: nothing in it; -ENOMEM. */
_must_check_ int container_facts_parse(const char *text, size_t size, const char *id, struct container_facts *ret);

/* CRI's ContainerStatusResponse (symbolizer/cri.proto). -EBADMSG: it is none, or memory ran out; -ENODATA, as above. */
_must_check_ int container_facts_parse_cri(const uint8_t *message, size_t size, const char *id,
					   struct container_facts *ret);
