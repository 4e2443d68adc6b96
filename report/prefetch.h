/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefetch: the windows of a cursor, read and decoded by two threads while the caller is busy with one before: decoding
 * is the greater half of what an answer by labels costs. One is ready, two are in the making.
 *
 * From prefetch_new() until the end was told, or prefetch_free(), the store, the cursor and the selection's matchers
 * are the threads', one at a time: nobody else may use them.
 */
#pragma once

#include <stdbool.h>

#include "common/clean.h"
#include "store/window.h"

struct prefetch;
struct profile;
struct selection;
struct store;
struct window_cursor;

/* All borrowed. */
_must_check_ int prefetch_new(struct store *s, struct window_cursor *c, const struct selection *selection,
			      bool wants_facts, struct prefetch **ret);
struct prefetch *prefetch_free(struct prefetch *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct prefetch *, prefetch_free);

/*
 * The next window, and its profile with the samples that the selection takes, and its stacks' facts, if they were
 * wanted; both are the caller's then. Answers as of window_cursor_next() and store_load() (STORE_GONE, STORE_BAD: the
 * next call goes on). Behind STORE_END and behind a fault is the end.
 */
struct stack_facts;
_must_check_ int prefetch_next(struct prefetch *p, struct window_info *ret, struct profile **ret_profile,
			       struct stack_facts **ret_facts);
