/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub request: what clients want of a hub: to push a window of another host (the contract is in
 * uploader/target-http.c), or to read what it has. Plain bytes of fixed layout, a part of struct web_request.
 *
 *	POST /api/v1/windows                                            WEB_PUSH
 *	GET  /api/v1/windows?since_ns=&until_ns=&match=&cursor=         WEB_WINDOWS
 *	GET  /api/v1/windows/TIER/FIRST                                 WEB_WINDOW
 *	GET  /api/v1/profile?since_ns=&until_ns=&match=                 WEB_MERGED
 *
 * match may come several times; it is a matcher as commands take them (store/matcher.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define WEB_API_PATH "/api/v1/"
#define WEB_WINDOWS_PATH WEB_API_PATH "windows"
#define WEB_PROFILE_PATH WEB_API_PATH "profile"
#define WEB_PUSH_TYPE "application/vnd.google.protobuf+gzip"
#define WEB_BATCH_BYTES 40       /* 32 hex digits and NULs: no hole */
#define WEB_TOKEN_ROOM_BYTES 136 /* of its name, likewise */
#define WEB_HOST_BYTES 256
#define WEB_MATCH_BYTES 1024

struct web_hub_request {
	int64_t since_ns, until_ns; /* CLOCK_REALTIME; [since, until); of a push its interval */
	int64_t cursor_ns;          /* of a list: what begins earlier was listed already */
	uint64_t first;             /* of a window: see store/window.h */
	uint32_t tier;              /* likewise: enum window_tier */
	uint32_t part;              /* of a push */
	char batch[WEB_BATCH_BYTES];
	char token[WEB_TOKEN_ROOM_BYTES]; /* the name of the one that was shown; "": none was asked for */
	char host[WEB_HOST_BYTES];        /* of a push */
	char match[WEB_MATCH_BYTES];      /* matchers, a newline behind each */
};
_Static_assert(sizeof(struct web_hub_request) ==
		       4 * 8 + 2 * 4 + WEB_BATCH_BYTES + WEB_TOKEN_ROOM_BYTES + WEB_HOST_BYTES + WEB_MATCH_BYTES,
	       "no holes");

enum web_kind;

/* As it travels between processes. */
bool web_hub_request_is_valid(const struct web_hub_request *r, enum web_kind kind);

/* All: 0, or -EINVAL with the reason, which is static. */

/* A push's headers; NULL: the client did not send it. */
struct web_push_headers {
	const char *batch, *part, *host, *start, *end;
};
_must_check_ int web_hub_request_set_push(struct web_hub_request *r, const struct web_push_headers *headers,
					  const char **ret_reason);

/* One argument of the query; the value ends with a NUL behind its size, and may have others. */
_must_check_ int web_hub_request_set(struct web_hub_request *r, const char *key, const char *value, size_t value_size,
				     const char **ret_reason);

/* What stands behind "/api/v1/windows/". */
_must_check_ int web_hub_request_set_window(struct web_hub_request *r, const char *rest, const char **ret_reason);
