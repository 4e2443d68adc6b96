/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigv4: AWS Signature Version 4 for S3, without a query. Source: the S3 API reference, "Signature Calculations for the
 * Authorization Header". Our own, because libcurl's is wrong for paths with '=' (curl#13754). Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

struct sigv4_key {
	const char *access_key, *secret_key;
	const char *session_token; /* "": none */
	const char *region;
};

struct sigv4_header {
	const char *name; /* lower case */
	const char *value;
};

#define SIGV4_MAX_HEADERS 8

struct sigv4_request {
	const char *method;
	const char *host;                   /* as it will be sent: with the port where that is not the scheme's */
	const char *path;                   /* as it will be sent: sigv4_add_path() */
	const struct sigv4_header *headers; /* those that are signed beside Host and x-amz-* of here */
	size_t n_headers;                   /* at most SIGV4_MAX_HEADERS */
	const void *body;
	size_t body_size;
};

/* Appends "Name: value\n" of all headers but Host, signed for the time now_ns (CLOCK_REALTIME). */
_must_check_ int sigv4_add_headers(const struct sigv4_key *key, const struct sigv4_request *request, int64_t now_ns,
				   struct buf *ret);

/* Percent-encodes what is neither unreserved nor '/', once. */
_must_check_ int sigv4_add_path(const char *path, struct buf *ret);
