/* SPDX-License-Identifier: Apache-2.0 */
/* counts: what a server did, and whom it turned away; they only grow. */
#pragma once

#include <stdint.h>

enum web_count {
	WEB_CONNECTIONS,     /* accepted */
	WEB_EVICTED,         /* closed to make room for another, while no request of theirs was under way */
	WEB_OVERDUE,         /* closed because their request, or their reading, took too long */
	WEB_CLIENT_GONE,     /* went away before their answer was there */
	WEB_ANSWERED,        /* 2xx */
	WEB_REFUSED_HOST,    /* 421: a name that is not ours */
	WEB_REFUSED_TOKEN,   /* 401 */
	WEB_REFUSED_CLIENT,  /* no valid client certificate, or no TLS handshake at all */
	WEB_REFUSED_BUSY,    /* 429: two profiles are under way */
	WEB_REFUSED_REQUEST, /* other 4xx */
	WEB_FAILED,          /* 5xx */
	WEB_COUNT_N,
};

struct web_counts {
	uint64_t n[WEB_COUNT_N];
};

const char *web_count_name(enum web_count c); /* as in a label of a metric: "refused_host" */
