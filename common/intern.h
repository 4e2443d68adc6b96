/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern: one copy of every string, so that equal strings have equal pointers.
 * The table owns the strings until intern_free(); it is bounded in bytes. Not locked.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct intern;

_must_check_ int intern_new(size_t limit_bytes, struct intern **ret);
struct intern *intern_free(struct intern *in); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct intern *, intern_free);

/* -ENOSPC when the table has reached its limit. */
_must_check_ int intern_add(struct intern *in, const char *s, size_t size, const char **ret);
size_t intern_bytes(const struct intern *in);
