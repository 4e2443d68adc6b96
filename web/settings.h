/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings: who may ask a server, and how. Plain bytes of fixed layout, for they travel between processes; they hold
 * secrets: who is done with them clears them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

#define WEB_PEM_BYTES 65536 /* with the NUL */
#define WEB_TOKEN_BYTES 257
#define WEB_TOKEN_NAME_BYTES 129
#define WEB_MAX_TOKENS 64
#define WEB_TOKEN_MIN 16
#define WEB_MAX_HOST_NAMES 16
#define WEB_HOST_NAME_BYTES 254
#define WEB_MAX_BODY_BYTES ((uint32_t)64 << 20)

/* What a listener serves. */
enum web_site {
	WEB_SITE_AGENT,
	WEB_SITE_HUB,
	WEB_SITE_VIEW,   /* the page of a hub, over a store that others write */
	WEB_SITE_STATUS, /* metrics and health, of any of them */
};

/* Who shows the secret may do this. */
struct web_token {
	char name[WEB_TOKEN_NAME_BYTES]; /* of a hub's; it is no secret */
	char secret[WEB_TOKEN_BYTES];
	bool may_read, may_push;
};

struct web_settings {
	enum web_site site;
	uint32_t max_body_bytes;                 /* of a window that is pushed; at most WEB_MAX_BODY_BYTES */
	struct web_token tokens[WEB_MAX_TOKENS]; /* the first "" is behind the last; none: none is asked for */
	/* PEM; "": none. A certificate has a key; a client CA has both, and then each client needs a certificate. */
	char certificate[WEB_PEM_BYTES];
	char private_key[WEB_PEM_BYTES];
	char client_ca[WEB_PEM_BYTES];
	/* Beside localhost and the addresses that clients connect to; the first "" is behind the last. */
	char host_names[WEB_MAX_HOST_NAMES][WEB_HOST_NAME_BYTES];
};

/* NULL, or why nobody should be served like this. is_loopback: nobody but this host can connect. */
const char *web_settings_fault(const struct web_settings *s, bool is_loopback);
