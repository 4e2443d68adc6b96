// SPDX-License-Identifier: Apache-2.0
#include "agent/live-profiles.h"

#include <string.h>

#include "agent/gateway-keeper.h"
#include "agent/recorder.h"
#include "agent/sealed-file.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/compress.h"

static int make_body(struct recorder *r, struct tap *tap, int *ret)
{
	_cleanup_(buf_done) struct buf raw = {}, packed = {};
	int e;

	e = recorder_tap_encode(r, tap, &raw);
	if (e == 0)
		e = compress_add(COMPRESSION_GZIP, raw.data, raw.size, &packed);
	return e == 0 ? sealed_file_new("profile", packed.data, packed.size, ret) : e;
}

void live_profiles_begin(struct live_profiles *p, struct recorder *r, struct gateway_keeper *g, uint64_t id,
			 const struct web_request *request, uint64_t now_ns)
{
	const struct tap_config config = {
		.service = request->service,
		.container = request->container,
		.pid = (pid_t)request->pid,
	};
	struct tap *tap;
	size_t i = 0;
	int e;

	while (i < LIVE_PROFILES_MAX && p->open[i].tap)
		i++;
	e = i < LIVE_PROFILES_MAX ? recorder_tap_open(r, &config, &tap) : -EBUSY;
	if (e == -EBUSY) {
		gateway_keeper_answer(g, id, 429, -1, "two profiles are being taken already: try again later");
	} else if (e == -ENODATA) {
		gateway_keeper_answer(g, id, 503, -1, "nothing is sampled now: /readyz says why");
	} else if (e < 0) {
		gateway_keeper_answer(g, id, 500, -1, strerrordesc_np(-e));
	} else {
		p->open[i].tap = tap;
		p->open[i].id = id;
		p->open[i].end_ns = now_ns + request->seconds * NS_PER_S;
	}
}

void live_profiles_cancel(struct live_profiles *p, struct recorder *r, uint64_t id)
{
	for (size_t i = 0; i < LIVE_PROFILES_MAX; i++)
		if (p->open[i].tap && p->open[i].id == id)
			recorder_tap_free(r, take_ptr(p->open[i].tap));
}

void live_profiles_dispatch(struct live_profiles *p, struct recorder *r, struct gateway_keeper *g, uint64_t now_ns)
{
	for (size_t i = 0; i < LIVE_PROFILES_MAX; i++) {
		int fd = -1, e;

		if (!p->open[i].tap || p->open[i].end_ns > now_ns)
			continue;
		e = make_body(r, p->open[i].tap, &fd);
		gateway_keeper_answer(g, p->open[i].id, e < 0 ? 500 : 200, fd, e < 0 ? strerrordesc_np(-e) : "");
		recorder_tap_free(r, take_ptr(p->open[i].tap));
	}
}

uint64_t live_profiles_due_ns(const struct live_profiles *p)
{
	uint64_t due_ns = UINT64_MAX;

	for (size_t i = 0; i < LIVE_PROFILES_MAX; i++)
		if (p->open[i].tap && p->open[i].end_ns < due_ns)
			due_ns = p->open[i].end_ns;
	return due_ns;
}

void live_profiles_end(struct live_profiles *p, struct recorder *r, struct gateway_keeper *g, const char *why)
{
	for (size_t i = 0; i < LIVE_PROFILES_MAX; i++) {
		if (!p->open[i].tap)
			continue;
		gateway_keeper_answer(g, p->open[i].id, 503, -1, why);
		recorder_tap_free(r, take_ptr(p->open[i].tap));
	}
}
