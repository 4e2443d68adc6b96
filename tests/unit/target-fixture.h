/* SPDX-License-Identifier: Apache-2.0 */
/* target fixture: a batch, its parts by a target's own limits, and the requests that the target makes of them. */
#pragma once

#include "pprof/split.h"
#include "tests/unit/made-profile.h"
#include "uploader/target.h"

#define FIXTURE_ID "0123456789abcdef0123456789abcdef"
#define FIXTURE_NOW_NS (MADE_START_NS + MADE_DURATION_NS)

struct target_fixture {
	struct profile *profile;
	struct batch batch;
	struct profile_split split;
	struct target_config config;
};

static inline void fixture_init(struct target_fixture *f, const struct target_ops *t, const struct made *made)
{
	const struct profile_split_limits limits = {
		.max_bytes = t->limits.max_bytes,
		.max_samples = t->limits.max_samples,
		.max_frames = t->limits.max_frames,
		.series_keys = t->limits.series_keys,
	};

	f->profile = made_profile(made);
	f->batch = (struct batch){ .id = FIXTURE_ID,
				   .host = "h1",
				   .start_ns = MADE_START_NS,
				   .end_ns = MADE_START_NS + 600 * (int64_t)1000000000,
				   .profile = f->profile };
	f->config = (struct target_config){
		.name = "t",
		.url = "http://store:1234/",
		.bucket = "b",
		.prefix = "",
		.region = "",
		.cluster = "",
		.access_key = "AKID",
		.secret_key = "secret",
		.session_token = "",
		.database = "",
	};
	assert_int_equal(profile_split_init(f->profile, &limits, &f->split), 0);
}

static inline void fixture_done(struct target_fixture *f)
{
	profile_split_done(&f->split);
	profile_free(f->profile);
}

static inline void fixture_request(const struct target_fixture *f, const struct target_ops *t, size_t part,
				   unsigned int step, struct upload_request *ret)
{
	assert_int_equal(t->request(&f->config, &f->batch, &f->split.parts[part], step, FIXTURE_NOW_NS, ret), 0);
	assert_non_null(ret->method);
	assert_true(ret->url.size > 0);
}

static inline bool fixture_has_header(const struct upload_request *r, const char *line)
{
	const char *found = strstr(r->headers.data, line);

	return found && (found == r->headers.data || found[-1] == '\n') && found[strlen(line)] == '\n';
}
