/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names: one copy of every path and cgroup name that a live process still needs, so that equal names have equal
 * pointers. Unlike common/intern.h it forgets: containers come and go for as long as the agent runs, and each brings
 * new paths. Every name_get and name_ref is undone by one name_unref. Bounded in bytes, not locked.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct names;

_must_check_ int names_new(size_t limit_bytes, struct names **ret);
struct names *names_free(struct names *n); /* NULL is fine; returns NULL. Frees names that are still referenced. */
DEFINE_CLEANUP(struct names *, names_free);

/* -ENOSPC when the table has reached its limit. */
_must_check_ int name_get(struct names *n, const char *s, size_t size, const char **ret);
const char *name_ref(const char *name);             /* a name from name_get, or NULL; returns it */
void name_unref(struct names *n, const char *name); /* the same */
size_t names_bytes(const struct names *n);
