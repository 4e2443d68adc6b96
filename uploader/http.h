/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: requests over libcurl, many at a time, none of which waits. Connections are kept and used again. HTTP/1.1;
 * HTTP/2 for gRPC. What came of a request is told such that nobody need guess whether its body was taken: a request
 * whose body went out once is never sent again by itself.
 * One thread: call http_dispatch() when the descriptor is readable or the timeout has passed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "uploader/request.h"

struct http;
struct http_transfer;

/* How one server is talked to. Borrowed until the transfer ends; NULL: none, or as usual. */
struct http_peer {
	const char *ca_pem;              /* who may have signed the server's certificate; NULL: the system's */
	const char *cert_pem, *key_pem;  /* our own */
	bool skips_verification;         /* of the server's certificate and name */
	const char *username, *password; /* basic */
	const char *bearer;
	const char *proxy;              /* NULL: none, whatever the environment says */
	uint64_t timeout_ns;            /* of the whole request; what a long body needs at the least speed is added */
	uint64_t bandwidth_bytes_per_s; /* of what is sent; 0: no limit */
};

_must_check_ int http_new(struct http **ret);
struct http *http_free(struct http *h); /* NULL is fine; no transfer is left; returns NULL */
DEFINE_CLEANUP(struct http *, http_free);

/* Begins a request. It stays the caller's, and unchanged, as does peer, until the transfer is freed. */
_must_check_ int http_send(struct http *h, const struct http_peer *peer, const struct upload_request *request,
			   struct http_transfer **ret);

bool http_transfer_is_done(const struct http_transfer *t);

/* Of one that is done. Moves the answer's buffers into ret, which must be empty. */
void http_transfer_take(struct http_transfer *t, struct upload_response *ret);

/* Ends it where it stands. NULL is fine; returns NULL. */
struct http_transfer *http_transfer_free(struct http_transfer *t);

int http_fd(const struct http *h);
int http_timeout_ms(const struct http *h); /* -1: never */
void http_dispatch(struct http *h);
