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

static bool has_ends(const struct web_settings *s)
{
	for (size_t i = 0; i < WEB_MAX_HOST_NAMES; i++) {
		if (!memchr(s->host_names[i], 0, sizeof(s->host_names[i])))
			return false;
	}
	return memchr(s->token, 0, sizeof(s->token)) && memchr(s->certificate, 0, sizeof(s->certificate)) &&
	       memchr(s->private_key, 0, sizeof(s->private_key)) && memchr(s->client_ca, 0, sizeof(s->client_ca));
}

const char *web_settings_fault(const struct web_settings *s, bool is_loopback)
{
	bool has_certificate, has_key, has_client_ca;

	if (!has_ends(s))
		return "a field of the settings has no end";
	has_certificate = s->certificate[0] != 0;
	has_key = s->private_key[0] != 0;
	has_client_ca = s->client_ca[0] != 0;
	if (s->token[0] && (strlen(s->token) < WEB_TOKEN_MIN || !is_token(s->token)))
		return "a token has 16 to 255 printable characters and no spaces";
	if (has_certificate != has_key)
		return has_key ? "there is a private key, but no certificate"
			       : "there is a certificate, but no private key";
	if (has_client_ca && !has_certificate)
		return "client certificates need TLS: there is no certificate of our own";
	if (is_loopback)
		return NULL;
	if (!has_certificate)
		return "other hosts can connect: a certificate and its key are needed";
	if (!has_client_ca && !s->token[0])
		return "other hosts can connect: a token or client certificates are needed";
	return NULL;
}
