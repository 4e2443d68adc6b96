/* SPDX-License-Identifier: Apache-2.0 */
/* token: the secret that a client shows in `Authorization: Bearer TOKEN`. */
#pragma once

#include <stdbool.h>

#include "web/settings.h"

/* Takes the same time wherever the first difference lies. authorization: NULL where the client sent none. */
bool web_token_is_right(const char *authorization, const char token[static WEB_TOKEN_BYTES]);
