// SPDX-License-Identifier: Apache-2.0
#include "agent/config-check.h"

#include <inttypes.h>

#include "agent/config-set.h"
#include "agent/upload-targets.h"
#include "uploader/uploader.h"

static int check_listen(const struct config_builder *b)
{
	const struct config *c = b->config;
	const char *where = config_origin(c, "http", NULL, "listen");

	if (!c->http.listen.given || c->http.listen.loopback)
		return 0;
	if (!c->http.token_file && !c->http.tls_client_ca_file)
		return config_error(b->report, where,
				    "http.listen: whoever reaches %s would read this machine's profiles: give "
				    "http.token_file or http.tls_client_ca_file, or listen on 127.0.0.1",
				    c->http.listen.text);
	if (!c->http.tls_cert_file)
		return config_error(b->report, where,
				    "http.listen: on the way from %s token and profiles could be read: give "
				    "http.tls_cert_file and http.tls_key_file, or listen on 127.0.0.1",
				    c->http.listen.text);
	return 0;
}

static int check_tls(const struct config_builder *b)
{
	const struct config *c = b->config;

	if (c->http.tls_cert_file && !c->http.tls_key_file)
		return config_error(b->report, config_origin(b->config, "http", NULL, "tls_cert_file"),
				    "http.tls_cert_file needs its key: give http.tls_key_file");
	if (c->http.tls_key_file && !c->http.tls_cert_file)
		return config_error(b->report, config_origin(b->config, "http", NULL, "tls_key_file"),
				    "http.tls_key_file needs its certificate: give http.tls_cert_file");
	if (c->http.tls_client_ca_file && !c->http.tls_cert_file)
		return config_error(b->report, config_origin(b->config, "http", NULL, "tls_client_ca_file"),
				    "http.tls_client_ca_file needs TLS: give http.tls_cert_file and http.tls_key_file");
	return 0;
}

static int check_frequency(const struct config_builder *b)
{
	uint64_t hz = b->config->agent.frequency_hz;

	if (hz % 10 != 0)
		return 0;
	return config_warning(b->report, config_origin(b->config, "agent", NULL, "frequency_hz"),
			      "agent.frequency_hz: %" PRIu64
			      " Hz runs in step with timers of 10 ms, and may see a task "
			      "always or never: %" PRIu64 " does not",
			      hz, hz - 1);
}

static int check_limits(const struct config_builder *b)
{
	const struct config *c = b->config;

	if (c->limits.unwind_table_mb < c->limits.map_mb)
		return 0;
	return config_error(b->report, config_origin(b->config, "limits", NULL, "unwind_table_mb"),
			    "limits.unwind_table_mb: %" PRIu64 " MiB are part of limits.map_mb, which is %" PRIu64
			    " MiB: raise that, or lower this",
			    c->limits.unwind_table_mb, c->limits.map_mb);
}

static int check_target(const struct config_builder *b, const struct config_target *t)
{
	char reason[TARGET_REASON_BYTES];
	struct upload_settings settings = {};
	int r = upload_target_init(t, &settings, reason);

	upload_target_done(&settings);
	if (r == UPLOAD_TARGET_BAD)
		return config_error(b->report, config_origin(b->config, "target", t->name, "kind"), "[target %s] %s",
				    t->name, reason);
	if (r == 0 && !t->tls_verify)
		return config_warning(b->report, config_origin(b->config, "target", t->name, "tls_verify"),
				      "[target %s] tls_verify: anybody on the way may read and forge", t->name);
	return r;
}

static int check_targets(const struct config_builder *b)
{
	const struct config_target *targets = b->config->targets.items;
	size_t n = b->config->targets.n;
	int r = 0;

	if (n > UPLOADER_MAX_TARGETS)
		return config_error(b->report, config_origin(b->config, "target", targets[n - 1].name, "kind"),
				    "more than %d [target] sections", UPLOADER_MAX_TARGETS);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_target(b, &targets[i]);
	return r;
}

int config_check(const struct config_builder *b)
{
	static int (*const checks[])(const struct config_builder *b) = {
		check_listen, check_tls, check_frequency, check_limits, check_targets,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](b);
	return r;
}
