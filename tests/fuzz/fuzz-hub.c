// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz hub: what others push, and ask: five lines are the headers of a push, the next one argument of a query, and the
 * path of a window; the rest is the body, uncompressed. What is taken is valid, and what is made of it a window.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "agent/hub-window.h"
#include "common/clock.h"
#include "common/compress.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "web/request.h"

#define MAX_BYTES ((size_t)64 << 10)
#define N_LINES 8

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_query(const char *key, const char *value, const char *path)
{
	struct web_request list = { .kind = WEB_WINDOWS, .hub.until_ns = INT64_MAX }, one = { .kind = WEB_WINDOW };
	const char *reason = NULL;

	if (web_hub_request_set(&list.hub, key, value, strlen(value), &reason) == 0)
		must(web_request_is_valid(&list) || list.hub.since_ns > list.hub.until_ns);
	else
		must(reason);
	if (web_hub_request_set_window(&one.hub, path, &reason) == 0)
		must(web_request_is_valid(&one));
}

static void make(struct profile *p, const struct web_hub_request *request, struct hub_answer *answer)
{
	_cleanup_(hub_window_done) struct hub_window w = {};
	_cleanup_(profile_freep) struct profile *made = NULL;
	int r = hub_window_make(p, request, request->part == 0, &w, answer);

	must(r != -EBADMSG);
	if (r != 0)
		return;
	must(profile_decode(w.raw.data, w.raw.size, &made) == 0 && w.info.id[0]);
	must(request->part == 0 || w.info.duration_ns == 0);
}

static void check_body(const char *body, size_t size, const struct web_hub_request *request)
{
	static const struct hub_rules rules = {
		.max_raw_bytes = 1 << 20, .max_age_ns = INT64_MAX / 4, .max_labels = 8, .max_series = 100
	};
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf packed = {};
	struct hub_answer answer = { .body_fd = -1 };

	if (compress_add(COMPRESSION_GZIP, body, size, &packed) < 0)
		return;
	if (hub_window_decode(packed.data, packed.size, &rules, &p, &answer) != 0)
		return;
	if (hub_window_check(p, &rules, NULL, (int64_t)(2000000000 * NS_PER_S), &answer) == 0)
		make(p, request, &answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	struct web_request r = { .kind = WEB_PUSH };
	struct web_push_headers headers;
	char *lines[N_LINES], *rest;
	const char *reason;

	if (size > MAX_BYTES)
		return 0;
	text = rest = calloc(1, size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	for (size_t i = 0; i < N_LINES; i++) {
		lines[i] = rest;
		rest = rest ? memchr(rest, '\n', size - (size_t)(rest - text)) : NULL;
		if (!rest)
			return 0;
		*rest++ = 0;
	}
	headers = (struct web_push_headers){ lines[0], lines[1], lines[2], lines[3], lines[4] };
	check_query(lines[5], lines[6], lines[7]);
	if (web_hub_request_set_push(&r.hub, &headers, &reason) < 0)
		return 0;
	must(web_request_is_valid(&r));
	check_body(rest, size - (size_t)(rest - text), &r.hub);
	return 0;
}

static int add_window(struct buf *ret)
{
	const struct profile_meta meta = { .time_ns = (int64_t)(1795916400 * NS_PER_S),
					   .duration_ns = (int64_t)(10 * NS_PER_S),
					   .period_ns = 10 };
	const struct profile_mapping app = { .start = 0x1000, .limit = 0x9000, .filename = "/app", .build_id = "aa" };
	const struct frame frames[] = { { .addr = 0x1010, .mapping = &app, .function = "work" },
					{ .addr = 0x1020, .mapping = &app } };
	const struct label labels[] = { { .key = "service_name", .str = "api" }, { .key = "pid", .num = 7 } };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	int r = profile_builder_new(&b);

	if (r == 0)
		r = profile_builder_add(b, frames, ARRAY_SIZE(frames), labels, ARRAY_SIZE(labels), 3, 30);
	if (r == 0)
		r = profile_builder_add_comment(b, "ledger 17 due=3 taken=3 idle=0 filtered=0 in_profile=3 idle_cpu=0 "
						   "throttled=0 other=0");
	return r == 0 ? profile_builder_encode(b, &meta, ret) : r;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const heads[] = {
		"0123456789abcdef0123456789abcdef\n0\nweb%2D1\n1795916400000000000\n1795916410000000000\nmatch\nhost=~"
		"w.*\nraw/7\n",
		"0123456789abcdef0123456789abcdef\n3\ndb\n1\n2\nsince_ns\n17\nminute/0\n",
	};
	static struct buf seeds[ARRAY_SIZE(heads)];

	if (i >= ARRAY_SIZE(heads))
		return NULL;
	if (seeds[i].size == 0 && (buf_add_str(&seeds[i], heads[i]) < 0 || add_window(&seeds[i]) < 0))
		abort();
	*ret_size = seeds[i].size;
	return seeds[i].data;
}
