/* SPDX-License-Identifier: Apache-2.0 */
/* tls: certificates, ours and the clients'. */
#pragma once

#include <gnutls/gnutls.h>

#include "common/clean.h"
#include "web/settings.h"

#define WEB_TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* NULL, or why these certificates cannot be used; static. */
const char *web_tls_fault(const struct web_settings *s);

/* The handshake fails unless the client has a certificate of our client CA that is valid now, and for clients. */
void web_tls_require_client(gnutls_session_t session);
