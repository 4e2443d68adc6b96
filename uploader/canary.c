// SPDX-License-Identifier: Apache-2.0
#include "uploader/canary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/clock.h"
#include "pprof/build.h"
#include "pprof/ledger.h"
#include "pprof/profile.h"
#include "store/window.h"
#include "uploader/target-s3.h"
#include "uploader/target-start.h"

#define DURATION_NS ((int64_t)(10 * NS_PER_S))
#define PERIOD_NS 10101010
#define AROUND_NS ((int64_t)(600 * NS_PER_S)) /* clocks differ */
#define NS_PER_MS_SIGNED ((int64_t)NS_PER_MS)

void canary_name(int64_t now_ns, char ret[static CANARY_NAME_BYTES])
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) < 0)
		chance = (uint32_t)now_ns;
	snprintf(ret, CANARY_NAME_BYTES, "cpuhound_canary_%" PRId64 "_%08x", now_ns / (int64_t)NS_PER_S, chance);
}

/* A hub takes no window without one. Its id may be no longer. */
static int add_ledger(struct profile_builder *b, const char *name)
{
	const struct ledger ledger = { .due = 1, .taken = 1, .in_profile = 1, .frames = { .named = 1 }, .windows = 1 };
	_cleanup_(buf_done) struct buf line = {};
	char id[WINDOW_ID_BYTES];
	int r;

	snprintf(id, sizeof(id), "%.*s", WINDOW_ID_BYTES - 1, name);
	r = ledger_format(&ledger, id, &line);
	return r == 0 ? profile_builder_add_comment(b, line.data) : r;
}

int canary_make(const char *name, int64_t now_ns, struct profile **ret)
{
	const struct profile_meta meta = { .time_ns = now_ns - DURATION_NS,
					   .duration_ns = DURATION_NS,
					   .period_ns = PERIOD_NS };
	const struct label labels[] = { { .key = "service_name", .str = CANARY_SERVICE } };
	const struct frame frame = { .function = name };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	int r = profile_builder_new(&b);

	if (r == 0)
		r = profile_builder_add(b, &frame, 1, labels, ARRAY_SIZE(labels), 1, PERIOD_NS);
	if (r == 0)
		r = add_ledger(b, name);
	if (r == 0)
		r = profile_builder_encode(b, &meta, &raw);
	return r < 0 ? r : profile_decode(raw.data, raw.size, ret);
}

static int ask_pyroscope(const struct target_config *c, int64_t now_ns, struct upload_request *ret)
{
	int r = target_start_request(c, "POST", "/querier.v1.QuerierService/SelectMergeStacktraces", ret);

	if (r == 0)
		r = target_add_header(ret, "Content-Type", "application/json");
	if (r < 0)
		return r;
	return buf_printf(&ret->body,
			  "{\"profile_typeID\":\"process_cpu:cpu:nanoseconds:cpu:nanoseconds\",\"label_selector\":"
			  "\"{service_name=\\\"" CANARY_SERVICE "\\\"}\",\"start\":%" PRId64 ",\"end\":%" PRId64 "}",
			  (now_ns - AROUND_NS) / NS_PER_MS_SIGNED, (now_ns + AROUND_NS) / NS_PER_MS_SIGNED);
}

static int add_time(struct buf *ret, const char *key, int64_t ns)
{
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_S);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return -EINVAL;
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf_printf(ret, "&%s=%s", key, text);
}

static int ask_parca(const struct target_config *c, int64_t now_ns, struct upload_request *ret)
{
	int r = target_start_request(c, "GET",
				     "/api/profiles/query?mode=MODE_MERGE&report_type=REPORT_TYPE_TOP&merge.query="
				     "process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%3Adelta%7B"
				     "service_name%3D%22" CANARY_SERVICE "%22%7D",
				     ret);

	if (r == 0)
		r = add_time(&ret->url, "merge.start", now_ns - AROUND_NS);
	return r < 0 ? r : add_time(&ret->url, "merge.end", now_ns + AROUND_NS);
}

static int ask_clickhouse(const struct target_config *c, const char *name, struct upload_request *ret)
{
	const char *database = *c->database ? c->database : "cpuhound";
	int r = target_start_request(c, "POST", "/", ret);

	if (r < 0)
		return r;
	return buf_printf(&ret->body,
			  "SELECT arrayFirst(f -> position(f, '%s') > 0, Stack) FROM %s.stacks WHERE ServiceName = "
			  "'" CANARY_SERVICE "' AND Hash IN (SELECT StackHash FROM %s.samples WHERE ServiceName = "
			  "'" CANARY_SERVICE "') AND arrayExists(f -> position(f, '%s') > 0, Stack) FORMAT TSV",
			  name, database, database, name);
}

int canary_ask(const struct target_ops *kind, const struct target_config *c, const struct canary *canary,
	       int64_t now_ns, struct upload_request *ret)
{
	if (kind == &target_pyroscope)
		return ask_pyroscope(c, now_ns, ret);
	if (kind == &target_parca)
		return ask_parca(c, now_ns, ret);
	if (kind == &target_clickhouse)
		return ask_clickhouse(c, canary->name, ret);
	if (kind == &target_s3)
		return target_s3_ask(c, canary->batch, canary->part, now_ns, ret);
	return CANARY_NO_API;
}

/* The object is what was put: the same part makes the same bytes. */
static int compare(const struct target_config *c, const struct canary *canary, const struct upload_response *response)
{
	_cleanup_(upload_request_done) struct upload_request put = {};
	int r = target_s3.request(c, canary->batch, canary->part, 0, 0, &put);

	if (r < 0)
		return r;
	return put.body.size == response->body.size && memcmp(put.body.data, response->body.data, put.body.size) == 0
		       ? 0
		       : CANARY_CHANGED;
}

int canary_look(const struct target_ops *kind, const struct target_config *c, const struct canary *canary,
		const struct upload_response *response)
{
	if (response->outcome != UPLOAD_ANSWERED)
		return CANARY_UNSEEN;
	if (response->status == 401 || response->status == 403)
		return CANARY_FORBIDDEN;
	if (response->status != 200)
		return CANARY_UNSEEN;
	if (kind == &target_s3)
		return compare(c, canary, response);
	return strstr(response->body.data, canary->name) ? 0 : CANARY_UNSEEN;
}
