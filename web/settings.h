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
#define WEB_TOKEN_MIN 16
#define WEB_MAX_HOST_NAMES 16
#define WEB_HOST_NAME_BYTES 254

struct web_settings {
	char token[WEB_TOKEN_BYTES]; /* "": none is asked for */
	/* PEM; "": none. A certificate has a key; a client CA has both, and then each client needs a certificate. */
	char certificate[WEB_PEM_BYTES];
	char private_key[WEB_PEM_BYTES];
	char client_ca[WEB_PEM_BYTES];
	/* Beside localhost and the addresses that clients connect to; the first "" is behind the last. */
	char host_names[WEB_MAX_HOST_NAMES][WEB_HOST_NAME_BYTES];
};

/* NULL, or why nobody should be served like this. is_loopback: nobody but this host can connect. */
const char *web_settings_fault(const struct web_settings *s, bool is_loopback);
