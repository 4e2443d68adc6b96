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

/* One that was pushed. */
struct canary {
	char name[CANARY_NAME_BYTES];
	const struct batch *batch;
	const struct profile_part *part; /* its only one */
};

enum canary_answer {
	CANARY_NO_API = 1, /* this kind only takes */
	CANARY_UNSEEN,     /* it is not shown yet */
	CANARY_FORBIDDEN,  /* who may push may not read */
	CANARY_CHANGED,    /* something else lies in its place */
};

/*
 * The request that asks the store for it: of Pyroscope querier.v1's SelectMergeStacktraces (Connect, JSON), of Parca
 * its gateway's GET /api/profiles/query, of ClickHouse a SELECT: their answers have its name in them; of S3 a GET of
 * its object, which is what was put. now_ns: CLOCK_REALTIME, as of target_ops. CANARY_NO_API.
 */
_must_check_ int canary_ask(const struct target_ops *kind, const struct target_config *c, const struct canary *canary,
			    int64_t now_ns, struct upload_request *ret);

/* 0: the answer shows it. CANARY_UNSEEN, CANARY_FORBIDDEN, CANARY_CHANGED. */
_must_check_ int canary_look(const struct target_ops *kind, const struct target_config *c, const struct canary *canary,
			     const struct upload_response *response);
