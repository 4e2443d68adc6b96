/* SPDX-License-Identifier: Apache-2.0 */
/* engine server: what the kinds of report/engine.h have in common: whom they ask, what for, and why they failed. */
#pragma once

#include "common/buf.h"
#include "report/engine.h"

#define ENGINE_MAX_ANSWER_BYTES ((size_t)128 << 20)

struct engine_server {
	struct fetch *fetch;
	struct buf url;  /* "http://HOST:PORT", without a user; of what comes behind it: */
	struct buf path; /* "/DATABASE" */
	struct engine_question question;
	char reason[FETCH_REASON_BYTES];
};

/* reason, and FETCH_FAILED. */
_must_check_ _printf_(2, 3) int engine_fail(struct engine_server *s, const char *fmt, ...);

/* An error of reading an answer as a reason, and FETCH_FAILED, where it is the answer's: no_answer for -EBADMSG. */
_must_check_ int engine_bad_answer(struct engine_server *s, int error, const char *no_answer);

struct profile_builder;

/* What is added up of one host. */
struct engine_host {
	const char *name;         /* "": samples that do not tell */
	int64_t start_ns, end_ns; /* of its first profile in the time of the selection, and of the last; 0: unknown */
	int64_t wall_ns;          /* that its profiles lasted */
	uint64_t n_profiles;      /* that it pushed */
	int64_t n_samples, cpu_ns;
};

/* The builder's samples as a profile of that host, and what the window says of it. */
_must_check_ int engine_make_profile(struct profile_builder *b, const struct engine_host *host, struct profile **ret,
				     struct window_info *ret_window);
