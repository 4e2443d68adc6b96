// SPDX-License-Identifier: Apache-2.0
#include "agent/recent-errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

void recent_errors_add(struct recent_errors *r, const char *fmt, ...)
{
	struct status_error error = { .realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME), .n = 1 };
	struct status_error *last = r->n ? &r->errors[r->n - 1] : NULL;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error.text, sizeof(error.text), fmt, ap);
	va_end(ap);
	if (last && strcmp(last->text, error.text) == 0) {
		last->realtime_ns = error.realtime_ns;
		last->n++;
		return;
	}
	log_error("%s", error.text);
	if (r->n == STATUS_MAX_ERRORS)
		memmove(r->errors, r->errors + 1, --r->n * sizeof(*r->errors));
	r->errors[r->n++] = error;
}
