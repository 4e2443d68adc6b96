// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway-settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/fsutil.h"

static void forget(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	buf_done(b);
}

/* At most `capacity` bytes with the NUL, which is put behind. */
static int read_text(const char *path, char *ret, size_t capacity, char reason[static GATEWAY_REASON_BYTES])
{
	_cleanup_(forget) struct buf content = {};
	int r;

	if (!path)
		return 0;
	r = fs_read(AT_FDCWD, path, capacity - 1, &content);
	if (r == 0 && (content.size == 0 || strlen(content.data) != content.size))
		r = -EBADMSG;
	if (r < 0) {
		snprintf(reason, GATEWAY_REASON_BYTES, "cannot use '%s': %s", path,
			 r == -EBADMSG ? "it is empty or no text" : strerrordesc_np(-r));
		return r;
	}
	memcpy(ret, content.data, content.size + 1);
	return 0;
}

/* An editor ends the line. */
static void cut_newline(char *token)
{
	size_t n = strlen(token);

	while (n > 0 && (token[n - 1] == '\n' || token[n - 1] == '\r'))
		token[--n] = 0;
}

static int set_host_names(const struct gateway_files *files, struct web_settings *s,
			  char reason[static GATEWAY_REASON_BYTES])
{
	if (files->n_host_names > WEB_MAX_HOST_NAMES) {
		snprintf(reason, GATEWAY_REASON_BYTES, "more than %d host names", WEB_MAX_HOST_NAMES);
		return -E2BIG;
	}
	for (size_t i = 0; i < files->n_host_names; i++) {
		size_t n = strlen(files->host_names[i]);

		if (n == 0 || n >= WEB_HOST_NAME_BYTES) {
			snprintf(reason, GATEWAY_REASON_BYTES, "a host name has 1 to %d bytes",
				 WEB_HOST_NAME_BYTES - 1);
			return -EINVAL;
		}
		memcpy(s->host_names[i], files->host_names[i], n + 1);
	}
	return 0;
}

static int read_token(const struct gateway_token *token, struct web_token *ret,
		      char reason[static GATEWAY_REASON_BYTES])
{
	int r = read_text(token->file, ret->secret, sizeof(ret->secret), reason);

	if (r < 0)
		return r;
	cut_newline(ret->secret);
	if (!ret->secret[0]) {
		snprintf(reason, GATEWAY_REASON_BYTES, "the token file '%s' holds no token", token->file);
		return -EINVAL;
	}
	snprintf(ret->name, sizeof(ret->name), "%s", token->name);
	ret->may_read = token->may_read;
	ret->may_push = token->may_push;
	return 0;
}

static int read_tokens(const struct gateway_files *files, struct web_settings *s,
		       char reason[static GATEWAY_REASON_BYTES])
{
	int r = 0;

	if (files->n_tokens > WEB_MAX_TOKENS) {
		snprintf(reason, GATEWAY_REASON_BYTES, "more than %d tokens", WEB_MAX_TOKENS);
		return -E2BIG;
	}
	for (size_t i = 0; r == 0 && i < files->n_tokens; i++)
		r = read_token(&files->tokens[i], &s->tokens[i], reason);
	return r;
}

static int read_all(const struct gateway_files *files, struct web_settings *s, char reason[static GATEWAY_REASON_BYTES])
{
	const char *fault;
	int r;

	s->site = files->site;
	s->max_body_bytes = files->max_body_bytes;
	r = read_tokens(files, s, reason);
	if (r == 0)
		r = read_text(files->certificate_file, s->certificate, sizeof(s->certificate), reason);
	if (r == 0)
		r = read_text(files->private_key_file, s->private_key, sizeof(s->private_key), reason);
	if (r == 0)
		r = read_text(files->client_ca_file, s->client_ca, sizeof(s->client_ca), reason);
	if (r == 0)
		r = set_host_names(files, s, reason);
	if (r < 0)
		return r;
	fault = web_settings_fault(s, files->is_loopback);
	if (!fault)
		return 0;
	snprintf(reason, GATEWAY_REASON_BYTES, "%s", fault);
	return -EINVAL;
}

int gateway_settings_read(const struct gateway_files *files, struct web_settings *ret,
			  char ret_reason[static GATEWAY_REASON_BYTES])
{
	int r;

	memset(ret, 0, sizeof(*ret));
	r = read_all(files, ret, ret_reason);
	if (r < 0)
		explicit_bzero(ret, sizeof(*ret));
	return r;
}
