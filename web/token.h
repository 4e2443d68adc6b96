/* SPDX-License-Identifier: Apache-2.0 */
/* token: the secret that a client shows in `Authorization: Bearer TOKEN`. */
#pragma once

#include <stdbool.h>

#include "web/settings.h"

/*
 * The one that is shown, or NULL; takes the same time whichever it is. authorization: NULL where the client sent none.
 */
const struct web_token *web_token_find(const char *authorization, const struct web_settings *settings);

/* Takes the same time wherever the first difference lies. authorization: NULL where the client sent none. */
bool web_token_is_right(const char *authorization, const char token[static WEB_TOKEN_BYTES]);
