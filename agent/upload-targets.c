// SPDX-License-Identifier: Apache-2.0
#include "agent/upload-targets.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/config.h"
#include "uploader/queue.h"

#define KIB 1024

static int _printf_(2, 3) bad(char ret_reason[static TARGET_REASON_BYTES], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret_reason, TARGET_REASON_BYTES, fmt, ap);
	va_end(ap);
	return UPLOAD_TARGET_BAD;
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static int check_keys(const struct config_target *t, char ret_reason[static TARGET_REASON_BYTES])
{
	if (!queue_is_name(t->name))
		return bad(ret_reason, "a target's name is up to %d letters, digits, '-' and '_'",
			   QUEUE_NAME_BYTES - 1);
	if (!t->kind[0])
		return bad(ret_reason, "kind is missing: pyroscope, parca, otlp, s3, clickhouse, http or hub");
	if (!target_find(t->kind))
		return bad(ret_reason,
			   "kind: there is no '%.40s'; there are pyroscope, parca, otlp, s3, clickhouse, "
			   "http and hub",
			   t->kind);
	if (strcmp(t->on_ambiguous, "retry") != 0 && strcmp(t->on_ambiguous, "drop") != 0)
		return bad(ret_reason, "on_ambiguous: '%.40s' is neither retry nor drop", t->on_ambiguous);
	if (t->username[0] && t->token_file)
		return bad(ret_reason, "username and token_file: a request has one of them");
	if (t->password_file && !t->username[0])
		return bad(ret_reason, "password_file needs username");
	if (!t->tls_cert_file != !t->tls_key_file)
		return bad(ret_reason, "tls_cert_file and tls_key_file need one another");
	return 0;
}

static struct target_config target_config(const struct config_target *t)
{
	return (struct target_config){
		.name = t->name,
		.url = t->url,
		.labels = t->labels.items,
		.n_labels = t->labels.n,
		.headers = t->headers.items,
		.n_headers = t->headers.n,
		.bucket = t->bucket,
		.prefix = t->prefix,
		.region = t->region,
		.cluster = t->cluster,
		.virtual_host_style = t->virtual_host_style,
		.access_key = t->access_key,
		.secret_key = t->secret_key_file ? "(in its file)" : "",
		.session_token = "",
		.database = t->database,
	};
}

/* The list ends in NULL there. */
static int copy_split_by(const struct config_list *list, const char ***ret)
{
	const char **keys;

	*ret = NULL;
	if (list->n == 0)
		return 0;
	keys = calloc(list->n + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	memcpy(keys, list->items, list->n * sizeof(*keys));
	*ret = keys;
	return 0;
}

int upload_target_init(const struct config_target *t, struct upload_settings *ret,
		       char ret_reason[static TARGET_REASON_BYTES])
{
	struct upload_settings s = { .config = target_config(t) };
	int r = check_keys(t, ret_reason);

	if (r != 0)
		return r;
	s.kind = target_find(t->kind);
	r = s.kind->check(&s.config, ret_reason);
	if (r != 0)
		return r < 0 ? r : UPLOAD_TARGET_BAD;
	s.drops_ambiguous = strcmp(t->on_ambiguous, "drop") == 0;
	s.interval_ns = t->interval_ns;
	s.max_age_ns = t->max_age_ns;
	s.timeout_ns = t->timeout_ns;
	s.bandwidth_bytes_per_s = t->bandwidth_kb * KIB;
	s.skips_verification = !t->tls_verify;
	s.username = or_null(t->username);
	s.proxy = or_null(t->proxy);
	s.token_file = t->token_file;
	s.password_file = t->password_file;
	s.tls_ca_file = t->tls_ca_file;
	s.tls_cert_file = t->tls_cert_file;
	s.tls_key_file = t->tls_key_file;
	s.secret_key_file = t->secret_key_file;
	s.session_token_file = t->session_token_file;
	r = copy_split_by(&t->split_by, &s.split_by);
	if (r == 0)
		*ret = s;
	return r;
}

void upload_target_done(struct upload_settings *s)
{
	free(s->split_by);
	s->split_by = NULL;
}
