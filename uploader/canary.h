/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canary: a profile of one sample that is pushed to see whether a store takes it, and what asks that store for it
 * again. Its only function has a name that nothing else has.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "uploader/target.h"

#define CANARY_NAME_BYTES 48
#define CANARY_SERVICE "cpuhound-canary"

struct profile;

/* A new name: the time, and chance. */
void canary_name(int64_t now_ns, char ret[static CANARY_NAME_BYTES]);

/* Ten seconds that end now_ns; CLOCK_REALTIME. */
_must_check_ int canary_make(const char *name, int64_t now_ns, struct profile **ret);

/*
 * The request whose answer has the name in it once the store shows the canary: of Pyroscope querier.v1's
 * SelectMergeStacktraces (Connect, JSON), of Parca its gateway's GET /api/profiles/query, of ClickHouse a SELECT.
 */
enum canary_answer {
	CANARY_NO_API = 1, /* this kind only takes */
};
_must_check_ int canary_ask(const struct target_ops *kind, const struct target_config *c, const char *name,
			    int64_t now_ns, struct upload_request *ret);
