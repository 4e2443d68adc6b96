/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finisher modules: the binaries that the finisher holds, by the number that the agent has given them, and those of
 * which it knows that there is nothing to hold. Bounded: the least recently used make way.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct finisher_module;
struct finisher_modules;

_must_check_ int finisher_modules_new(size_t limit_bytes, struct finisher_modules **ret);
struct finisher_modules *finisher_modules_free(struct finisher_modules *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct finisher_modules *, finisher_modules_free);

/* Takes a module in place of any with its number; NULL: there is none to be had. */
_must_check_ int finisher_modules_put(struct finisher_modules *s, uint32_t number, struct finisher_module *module);

enum finisher_modules_answer {
	FINISHER_MODULES_MISSING = 1, /* ask for it */
	FINISHER_MODULES_NONE,        /* there is none */
};
/* *ret is valid until the next put. */
_must_check_ int finisher_modules_get(struct finisher_modules *s, uint32_t number, const struct finisher_module **ret);
