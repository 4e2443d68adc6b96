/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: what the program says, on stderr. Only agent/ and cli/ speak, once per fault, at the place that decides
 * what happens next; the other rooms may use log_debug() outside of inner loops.
 */
#pragma once

#include "common/clean.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_DEBUG, /* shown when the environment has CPUHOUND_DEBUG=1 */
};

void log_write(enum log_level level, const char *fmt, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)
