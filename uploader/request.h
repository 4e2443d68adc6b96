/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: an HTTP request that a target wants sent, and what came back. Plain data: targets make the one and read the
 * other, and never see a socket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define REQUEST_MAX_HEADERS 24
#define RESPONSE_MAX_BYTES ((size_t)64 << 10)

struct upload_request {
	const char *method; /* static */
	struct buf url;
	struct buf
		headers; /* "Name: value\n" each, without those that the transport adds: Host, Content-Length, auth */
	struct buf body;
	bool is_grpc; /* HTTP/2 with prior knowledge or ALPN, trailers; the body has its five-byte prefix already */
	unsigned int n_cut_labels; /* that the store's limits left out or shortened: to be counted once it is sent */
};

void upload_request_clear(struct upload_request *r);
void upload_request_done(struct upload_request *r);

enum upload_outcome {
	UPLOAD_ANSWERED,     /* status, headers and body are there */
	UPLOAD_NOT_SENT,     /* no connection, or it ended before the whole body was sent: nothing was taken */
	UPLOAD_NO_ANSWER,    /* the body was sent, and then: silence, a reset, a deadline. It may have been taken */
	UPLOAD_BAD_PROTOCOL, /* what answers there does not speak this protocol */
	UPLOAD_BAD_PEER,     /* TLS: not the server that was meant, or it refuses our certificate */
};

struct upload_response {
	enum upload_outcome outcome;
	uint64_t sent_bytes; /* of the body */
	unsigned int status;
	uint32_t retry_after_s; /* 0: not said; a date was turned into seconds; at most a day */
	int64_t date_s;         /* of the Date header; 0: none */
	int grpc_status;        /* -1: none came */
	struct buf grpc_message;
	uint32_t exception_code; /* X-ClickHouse-Exception-Code; 0: none */
	struct buf body;         /* the first RESPONSE_MAX_BYTES; NUL behind it */
	char fault[160];         /* of what was not answered: one line */
};

void upload_response_done(struct upload_response *r);
