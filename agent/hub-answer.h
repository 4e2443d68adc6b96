/* SPDX-License-Identifier: Apache-2.0 */
/* hub answer: what a child of a hub says to one request. */
#pragma once

#include <stdint.h>

#include "agent/hub-packet.h"
#include "common/clean.h"

struct hub_answer {
	enum hub_outcome outcome;
	uint32_t retry_after_s; /* 0: not said */
	uint64_t n_samples;     /* that were taken */
	int body_fd;            /* of HUB_READ: a sealed memory file, the caller's; else -1 */
	char text[WEB_TEXT_BYTES];
};

/* An answer that is final: its functions' positive result, which their callers hand on to the client. */
enum hub_answered {
	HUB_ANSWERED = 1,
};

/* Always HUB_ANSWERED. */
_must_check_ int hub_answer_set(struct hub_answer *a, enum hub_outcome outcome, const char *fmt, ...) _printf_(3, 4);
