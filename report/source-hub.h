/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source hub: the windows of another cpuhound's store, one after another, over its read API (web/hub-request.h): a page
 * of the list at a time, and each window as it lies there. All of it is foreign, and decoded as such. For
 * report/source.c; used by one thread.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"
#include "report/fetch.h"
#include "store/window.h"

struct hub_windows;
struct profile;
struct selection;

/* url: "http://HOST:PORT"; it and the selection are borrowed. FETCH_FAILED. */
_must_check_ int hub_windows_new(const char *url, const struct fetch_settings *settings,
				 const struct selection *selection, struct hub_windows **ret,
				 char ret_reason[static FETCH_REASON_BYTES]);
struct hub_windows *hub_windows_free(struct hub_windows *h); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct hub_windows *, hub_windows_free);

/*
 * The next of the list, and a window of it with all of its samples. Answers as of a store: STORE_END; STORE_GONE,
 * STORE_BAD. -EIO: the hub does not give it, and hub_windows_reason() says why.
 */
_must_check_ int hub_windows_next(struct hub_windows *h, struct window_info *ret);
_must_check_ int hub_windows_load(struct hub_windows *h, const struct window_info *info, struct profile **ret);

const char *hub_windows_reason(const struct hub_windows *h);
size_t hub_windows_n(const struct hub_windows *h); /* how many were listed so far */
