// SPDX-License-Identifier: Apache-2.0
#include "web/settings.h"

#include <string.h>

static bool is_token(const char *s)
{
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

static bool has_token_ends(const struct web_settings *s)
{
	for (size_t i = 0; i < WEB_MAX_TOKENS; i++) {
		if (!memchr(s->tokens[i].name, 0, sizeof(s->tokens[i].name)) ||
		    !memchr(s->tokens[i].secret, 0, sizeof(s->tokens[i].secret)))
			return false;
	}
	return true;
}

static bool has_ends(const struct web_settings *s)
{
	for (size_t i = 0; i < WEB_MAX_HOST_NAMES; i++) {
		if (!memchr(s->host_names[i], 0, sizeof(s->host_names[i])))
			return false;
	}
	return has_token_ends(s) && memchr(s->certificate, 0, sizeof(s->certificate)) &&
	       memchr(s->private_key, 0, sizeof(s->private_key)) && memchr(s->client_ca, 0, sizeof(s->client_ca));
}

/* A hub that many push to cannot tell one from another by a token that two have. */
static const char *find_token_fault(const struct web_settings *s)
{
	for (size_t i = 0; i < WEB_MAX_TOKENS && s->tokens[i].secret[0]; i++) {
		const char *secret = s->tokens[i].secret;

		if (strlen(secret) < WEB_TOKEN_MIN || !is_token(secret))
			return "a token has 16 to 255 printable characters and no spaces";
		for (size_t j = 0; j < i; j++) {
			if (strcmp(s->tokens[j].secret, secret) == 0)
				return "two tokens are the same: each needs its own secret";
		}
	}
	return NULL;
}

const char *web_settings_fault(const struct web_settings *s, bool is_loopback)
{
	bool has_certificate, has_key, has_client_ca;
	const char *fault;

	if (!has_ends(s))
		return "a field of the settings has no end";
	has_certificate = s->certificate[0] != 0;
	has_key = s->private_key[0] != 0;
	has_client_ca = s->client_ca[0] != 0;
	if (s->site > WEB_SITE_VIEW)
		return "there is no such site";
	if (s->max_body_bytes > WEB_MAX_BODY_BYTES)
		return "a body would be larger than there is room for";
	fault = find_token_fault(s);
	if (fault)
		return fault;
	if (has_certificate != has_key)
		return has_key ? "there is a private key, but no certificate"
			       : "there is a certificate, but no private key";
	if (has_client_ca && !has_certificate)
		return "client certificates need TLS: there is no certificate of our own";
	if (is_loopback)
		return NULL;
	if (!has_certificate)
		return "other hosts can connect: a certificate and its key are needed";
	if (!s->tokens[0].secret[0] && (s->site == WEB_SITE_HUB || !has_client_ca))
		return s->site == WEB_SITE_HUB ? "other hosts can connect: a token is needed"
					       : "other hosts can connect: a token or client certificates are needed";
	return NULL;
}
