/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finisher unwind: one copied stack, unwound by libunwind's remote interface. What libunwind asks for comes from the
 * copy and from the CFI of the modules, from nowhere else; its guesses for code without CFI are not asked for.
 * One thread.
 */
#pragma once

#include "symbolizer/finisher-wire.h"

struct finisher_modules;
struct finisher_unwinder;

_must_check_ int finisher_unwinder_new(struct finisher_modules *modules, struct finisher_unwinder **ret);
struct finisher_unwinder *finisher_unwinder_free(struct finisher_unwinder *u); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct finisher_unwinder *, finisher_unwinder_free);

struct finisher_input {
	const struct stack_copy *copy;
	const uint8_t *bytes; /* of the copy */
	const struct finisher_mapping *mappings;
	size_t n_mappings;
};

/* Fills in stop, module, flags and pcs. Always gives at least the innermost address, but with FINISHER_NEEDS_MODULE. */
void finisher_unwind(struct finisher_unwinder *u, const struct finisher_input *input, struct finisher_reply *ret);

/* The module whose CFI is being evaluated: the one at fault, if this does not end. */
uint32_t finisher_unwind_module(const struct finisher_unwinder *u);
