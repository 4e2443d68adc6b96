/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what an HTTP client wants that only the agent can give. Plain bytes of fixed layout: it travels between
 * processes as it is, and who takes it from one that is not trusted checks it again (web_request_is_valid()).
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/question.h"
#include "web/hub-request.h"

#define WEB_MAX_SECONDS 60
#define WEB_DEFAULT_SECONDS 30 /* as Go's net/http/pprof has it */
#define WEB_NAME_BYTES 256     /* with the NUL */
#define WEB_TEXT_BYTES 200     /* of an answer's line of text, with the NUL */

enum web_kind {
	WEB_METRICS = 1, /* the text of /metrics */
	WEB_HEALTH,      /* any answer will do: the agent's main loop turns */
	WEB_READY,       /* 200, or 503 with the reason as text */
	WEB_PROFILE,     /* a gzip pprof of the next `seconds` */
	/* of a hub: web/hub-request.h */
	WEB_PUSH,
	WEB_WINDOWS,
	WEB_WINDOW,
	WEB_MERGED,
	/* of the page */
	WEB_ABOUT, /* what serves it, as JSON */
	WEB_QUESTION,
};

struct web_request {
	uint32_t kind;                  /* enum web_kind; what follows is of WEB_PROFILE only, else 0 */
	uint32_t seconds;               /* 1 to WEB_MAX_SECONDS */
	uint32_t pid;                   /* 0: any */
	uint32_t accepts_gzip;          /* 0 or 1, of WEB_QUESTION: the answer may be packed, where that helps */
	char service[WEB_NAME_BYTES];   /* "": any; NUL-terminated UTF-8 without control characters */
	char container[WEB_NAME_BYTES]; /* the same; an id or a name */
	struct web_hub_request hub;     /* of a hub's requests only */
	struct in6_addr client;         /* of WEB_QUESTION, likewise question */
	struct question question;
};
_Static_assert(sizeof(struct web_request) ==
		       16 + 2 * WEB_NAME_BYTES + sizeof(struct web_hub_request) + 16 + sizeof(struct question),
	       "no holes");

bool web_request_is_valid(const struct web_request *r);

/* Of a question, whether its answer comes as gzip: who makes it and who sends it have to agree. */
bool web_request_is_packed(const struct web_request *r);

/* Whether both are questions that one answer does for, byte by byte: equal ones of the same QUESTION_SECONDS_NS. */
bool web_request_asks_same(const struct web_request *a, const struct web_request *b);

/*
 * Sets what one argument of the query says; the value ends with a NUL behind its size, and may have others. 0, or
 * -EINVAL with the reason, which is static: an argument that is unknown, or given twice, or no such number or name.
 */
_must_check_ int web_request_set(struct web_request *r, const char *key, const char *value, size_t value_size,
				 const char **ret_reason);
