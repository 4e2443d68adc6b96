// SPDX-License-Identifier: Apache-2.0
#include "report/engine.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pprof/build.h"
#include "pprof/profile.h"
#include "report/engine-clickhouse.h"
#include "report/engine-pyroscope.h"
#include "report/engine-server.h"
#include "store/name.h"

#define CLICKHOUSE_PREFIX "clickhouse+"
#define PYROSCOPE_PREFIX "pyroscope+"

struct engine {
	struct engine_server server;
	struct clickhouse *clickhouse; /* one of the two */
	struct pyroscope *pyroscope;
};

/* The URL behind the kind; NULL: it is of another one. */
static const char *url_behind(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 && fetch_is_url(text + n) ? text + n : NULL;
}

bool engine_is_url(const char *text)
{
	return url_behind(text, CLICKHOUSE_PREFIX) || url_behind(text, PYROSCOPE_PREFIX);
}

int engine_fail(struct engine_server *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->reason, sizeof(s->reason), fmt, args);
	va_end(args);
	return FETCH_FAILED;
}

int engine_bad_answer(struct engine_server *s, int error, const char *no_answer)
{
	switch (error) {
	case -EBADMSG:
		return engine_fail(s, "%s", no_answer);
	case -EFBIG:
	case -ENOSPC:
	case -ERANGE:
		return engine_fail(s, "this is more than one answer can hold: select a shorter time, or a service");
	default:
		return error;
	}
}

/* -- the URL -- */

static int take_part(CURLU *u, CURLUPart part, unsigned int flags, struct buf *ret)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(u, part, &text, flags);
	int r = code == CURLUE_OK ? buf_add_str(ret, text) : code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : 0;

	curl_free(text);
	return r;
}

/* What is left of the URL without its user and its path; a '/' at the end is none. */
static int split_url(CURLU *u, struct engine_server *s, struct buf *ret_user)
{
	int r = take_part(u, CURLUPART_USER, CURLU_URLDECODE, ret_user);

	if (r == 0)
		r = take_part(u, CURLUPART_PATH, 0, &s->path);
	if (r < 0)
		return r;
	if (curl_url_set(u, CURLUPART_USER, NULL, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_PATH, NULL, 0) != CURLUE_OK)
		return -ENOMEM;
	r = take_part(u, CURLUPART_URL, 0, &s->url);
	while (s->url.size > 0 && s->url.data[s->url.size - 1] == '/')
		s->url.data[--s->url.size] = 0;
	while (s->path.size > 0 && s->path.data[s->path.size - 1] == '/')
		s->path.data[--s->path.size] = 0;
	return r;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

static int parse_url(struct engine_server *s, const char *url, struct buf *ret_user)
{
	CURLU *u = curl_url();
	int r;

	if (!u)
		return -ENOMEM;
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		r = engine_fail(s, "this is no URL");
	else if (has_part(u, CURLUPART_PASSWORD))
		r = engine_fail(s, "a password belongs in a file: --token-file FILE");
	else if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
		r = engine_fail(s, "nothing follows the path: no '?', no '#'");
	else
		r = split_url(u, s, ret_user);
	curl_url_cleanup(u);
	return r;
}

/* -- engines -- */

static int connect_to(struct engine *e, const char *url, const struct fetch_settings *settings)
{
	_cleanup_(buf_done) struct buf user = {};
	struct fetch_settings own = *settings;
	int r = parse_url(&e->server, url, &user);

	if (r != 0)
		return r;
	own.user = user.size > 0 ? user.data : NULL;
	return fetch_new(&own, &e->server.fetch, e->server.reason);
}

int engine_open(const char *url, const struct fetch_settings *settings, const struct engine_question *question,
		struct engine **ret, char ret_reason[static FETCH_REASON_BYTES])
{
	_cleanup_(engine_freep) struct engine *e = calloc(1, sizeof(*e));
	const char *clickhouse = url_behind(url, CLICKHOUSE_PREFIX);
	int r;

	if (!e)
		return -ENOMEM;
	e->server.question = *question;
	r = connect_to(e, clickhouse ?: url_behind(url, PYROSCOPE_PREFIX), settings);
	if (r == 0)
		r = clickhouse ? clickhouse_new(&e->server, &e->clickhouse) : pyroscope_new(&e->server, &e->pyroscope);
	if (r > 0)
		memcpy(ret_reason, e->server.reason, FETCH_REASON_BYTES);
	if (r == 0)
		*ret = take_ptr(e);
	return r;
}

struct engine *engine_free(struct engine *e)
{
	if (!e)
		return NULL;
	clickhouse_free(e->clickhouse);
	pyroscope_free(e->pyroscope);
	fetch_free(e->server.fetch);
	buf_done(&e->server.url);
	buf_done(&e->server.path);
	free(e);
	return NULL;
}

int engine_next(struct engine *e, struct profile **ret, struct window_info *ret_window)
{
	return e->clickhouse ? clickhouse_next(e->clickhouse, ret, ret_window)
			     : pyroscope_next(e->pyroscope, ret, ret_window);
}

const char *engine_reason(const struct engine *e)
{
	return e->server.reason;
}

size_t engine_n(const struct engine *e)
{
	return e->clickhouse ? clickhouse_n_hosts(e->clickhouse) : pyroscope_n_hosts(e->pyroscope);
}

uint64_t engine_recorded(const struct engine *e, size_t i, struct coverage_host *ret)
{
	struct engine_host host = {};

	if (e->clickhouse)
		clickhouse_host(e->clickhouse, i, &host);
	else
		pyroscope_host(e->pyroscope, i, &host);
	*ret = (struct coverage_host){
		.name = host.name, .wall_ns = (uint64_t)host.wall_ns, .start_ns = host.start_ns, .end_ns = host.end_ns
	};
	return host.n_profiles;
}

/* -- profiles -- */

/* As the agent tells it in its windows. */
static int add_host_comment(struct profile_builder *b, const char *host)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = host[0] ? buf_printf(&text, "host %s", host) : 0;

	return r == 0 && host[0] ? profile_builder_add_comment(b, text.data) : r;
}

int engine_make_profile(struct profile_builder *b, const struct engine_host *host, struct profile **ret,
			struct window_info *ret_window)
{
	const struct profile_meta meta = {
		.time_ns = host->start_ns,
		.duration_ns = host->wall_ns,
		.period_ns = host->n_samples > 0 ? host->cpu_ns / host->n_samples : 0,
	};
	_cleanup_(buf_done) struct buf raw = {};
	int r = add_host_comment(b, host->name);

	if (r == 0)
		r = profile_builder_encode(b, &meta, &raw);
	if (r == 0)
		r = profile_decode(raw.data, raw.size, ret);
	if (r < 0)
		return r;
	*ret_window = (struct window_info){
		.start_ns = meta.time_ns,
		.duration_ns = (uint64_t)meta.duration_ns,
		.period_ns = (uint64_t)meta.period_ns,
	};
	if (host->name[0])
		name_spell_host(host->name, ret_window->host);
	return 0;
}
