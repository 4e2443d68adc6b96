// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool debug_wanted(void)
{
	const char *value = getenv("CPUHOUND_DEBUG");

	return value && strcmp(value, "1") == 0;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static const char *const prefixes[] = { "cpuhound: ", "cpuhound: warning: ", "cpuhound: debug: " };
	int saved = errno;
	va_list ap;

	if (level == LOG_LEVEL_DEBUG && !debug_wanted())
		return;

	flockfile(stderr);
	fputs(prefixes[level], stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	funlockfile(stderr);
	errno = saved;
}
