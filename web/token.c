// SPDX-License-Identifier: Apache-2.0
#include "web/token.h"

#include <nettle/memops.h>
#include <string.h>
#include <strings.h>

bool web_token_is_right(const char *authorization, const char token[static WEB_TOKEN_BYTES])
{
	static const char scheme[] = "Bearer ";
	char given[WEB_TOKEN_BYTES] = {}, ours[WEB_TOKEN_BYTES] = {};
	size_t n;

	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	authorization += sizeof(scheme) - 1;
	n = strlen(authorization);
	if (n == 0 || n >= sizeof(given))
		return false;
	/* Both are compared with what is behind their ends: what a length tells is not told either. */
	memcpy(given, authorization, n);
	strncpy(ours, token, sizeof(ours) - 1);
	return memeql_sec(given, ours, sizeof(given));
}

const struct web_token *web_token_find(const char *authorization, const struct web_settings *settings)
{
	const struct web_token *found = NULL;

	for (size_t i = 0; i < WEB_MAX_TOKENS && settings->tokens[i].secret[0]; i++) {
		if (web_token_is_right(authorization, settings->tokens[i].secret))
			found = &settings->tokens[i];
	}
	return found;
}
