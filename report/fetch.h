/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: GET, or POST, of what another program serves over HTTP (libcurl's easy interface), which waits. Answers are
 * foreign, and bounded in size and time; TLS is verified; a redirect is not followed, for it could lead a token
 * elsewhere. One connection is used again. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

#define FETCH_REASON_BYTES 200

struct fetch;

struct fetch_settings {
	const char *token_file; /* NULL: no `Authorization: Bearer TOKEN` is sent */
	const char *ca_file;    /* NULL: whom this machine trusts */
	const char *tenant;     /* NULL: none; else `X-Scope-OrgID: TENANT`: whose data of a server of several */
	const char *user;       /* NULL: none; else HTTP basic, with what is in token_file as the password */
};

enum fetch_answer {
	FETCH_FAILED = 1, /* ret_reason: one printable line */
	FETCH_GONE,       /* 404 */
};

/* Whether it is an URL, by what it begins with: http:// or https://. */
bool fetch_is_url(const char *text);

/* Reads the token. FETCH_FAILED. */
_must_check_ int fetch_new(const struct fetch_settings *settings, struct fetch **ret,
			   char ret_reason[static FETCH_REASON_BYTES]);
struct fetch *fetch_free(struct fetch *f); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct fetch *, fetch_free);

/* Into an empty buffer: at most limit_bytes. FETCH_FAILED, FETCH_GONE. */
_must_check_ int fetch_get(struct fetch *f, const char *url, size_t limit_bytes, struct buf *ret,
			   char ret_reason[static FETCH_REASON_BYTES]);

/* The same by POST, with a body of this type. */
_must_check_ int fetch_post(struct fetch *f, const char *url, const char *content_type, const struct buf *body,
			    size_t limit_bytes, struct buf *ret, char ret_reason[static FETCH_REASON_BYTES]);

/* Appends text as it may stand in a query. */
_must_check_ int fetch_add_escaped(const char *text, struct buf *ret);
