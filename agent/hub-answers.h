/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub answers: what was answered to questions of the page a moment ago, given again to who asks the same: twenty people
 * who open a page after one alert ask the same. Questions of the same seconds are the same (QUESTION_SECONDS_NS), later
 * ones never are, so no answer is older than that; and an answer of a store is given while that is as it was
 * (store/stamp.h). Bounded in number and bytes; what was kept for long goes. The hub's thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/stamp.h"
#include "web/request.h"

#define HUB_ANSWERS_MAX 32
#define HUB_ANSWERS_MAX_BYTES ((uint64_t)16 << 20) /* as they are sent, mostly as gzip */

/* As long as a question takes at most, whose answer others wait for. */
#define HUB_ANSWERS_KEPT_NS (UINT64_C(60) * 1000000000)

struct hub_kept_answer {
	int fd; /* a sealed memory file; 0: free */
	uint64_t n_bytes, kept_ns;
	struct web_request request;
	struct stamp stamp; /* of the store, before it was read */
};

/* Begins with `= {}`, ends with hub_answers_done(). */
struct hub_answers {
	struct hub_kept_answer all[HUB_ANSWERS_MAX];
	uint64_t n_bytes, n_given; /* again */
};

/* Keeps a descriptor of its own. What does not fit is not kept, and what was kept first makes way. */
void hub_answers_keep(struct hub_answers *a, const struct web_request *request, const struct stamp *stamp, int fd,
		      uint64_t now_ns);

/* A descriptor for the caller, of the answer to an equal question; -1: there is none. */
_must_check_ int hub_answers_give(struct hub_answers *a, const struct web_request *request, const struct stamp *now);

void hub_answers_forget(struct hub_answers *a, uint64_t now_ns); /* those of long ago */
void hub_answers_done(struct hub_answers *a);
