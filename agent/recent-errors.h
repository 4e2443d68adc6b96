/* SPDX-License-Identifier: Apache-2.0 */
/* recent errors: the last few things that went wrong while the agent ran, for `cpuhound status`. Repeats count up. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/status.h"
#include "common/clean.h"

struct recent_errors {
	struct status_error errors[STATUS_MAX_ERRORS]; /* the latest last */
	size_t n;
};

/* Says it on stderr, too, unless it is the last one again. */
void recent_errors_add(struct recent_errors *r, const char *fmt, ...) _printf_(2, 3);
