/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: the name by which a client asks. A page of a foreign site can make its name lead to our address (DNS rebinding)
 * and would then read our answers; the browser still tells that name.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>

#include "web/settings.h"

/* text: the Host header, with or without a port. local: the address that the client is connected to. */
bool web_host_is_ours(const char *text, const struct in6_addr *local, const struct web_settings *settings);
