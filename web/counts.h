/* SPDX-License-Identifier: Apache-2.0 */
/* counts: what a server did, and whom it turned away; they only grow. */
#pragma once

#include <stdint.h>

enum web_count {
	WEB_N_CONNECTIONS,     /* accepted */
	WEB_N_EVICTED,         /* closed to make room for another, while no request of theirs was under way */
	WEB_N_OVERDUE,         /* closed because their request, or their reading, took too long */
	WEB_N_CLIENT_GONE,     /* went away before their answer was there */
	WEB_N_ANSWERED,        /* 2xx */
	WEB_N_REFUSED_HOST,    /* 421: a name that is not ours */
	WEB_N_REFUSED_TOKEN,   /* 401 */
	WEB_N_REFUSED_CLIENT,  /* a TLS connection that ended before a request: no handshake, or no valid certificate */
	WEB_N_REFUSED_BUSY,    /* 429: two profiles are under way, or too many windows come */
	WEB_N_REFUSED_RIGHT,   /* 403: the token is not for that, or not for that host */
	WEB_N_REFUSED_BODY,    /* 413, 415: too large, or of another type */
	WEB_N_REFUSED_REQUEST, /* other 4xx */
	WEB_N_FAILED,          /* 5xx */
	WEB_N_COUNTS,
};

struct web_counts {
	uint64_t n[WEB_N_COUNTS];
};

const char *web_count_name(enum web_count c);            /* as in a label of a metric: "refused_host" */
enum web_count web_count_of_status(unsigned int status); /* where an answer with this status counts */
