/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http answer: what a server said, gathered as it comes, and what became of the request in the end. Bytes are foreign:
 * what is kept of them is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"
#include "uploader/request.h"

struct http_answer {
	struct upload_response response;
	bool is_final; /* the status line was no 1xx */
	bool is_full;  /* of the body, no more is kept */
};

void http_answer_init(struct http_answer *a);

/* One line, with its line end; a status line begins anew. Trailers are headers, too. */
_must_check_ int http_answer_add_header(struct http_answer *a, const char *line, size_t size);

/* HTTP_ANSWER_ENOUGH: the rest may stay where it is. */
enum http_answer_answer {
	HTTP_ANSWER_ENOUGH = 1,
};
_must_check_ int http_answer_add_body(struct http_answer *a, const void *bytes, size_t size);

struct http_end {
	int code;          /* CURLcode */
	const char *error; /* "": none */
	bool is_body_sent; /* all of it left us, and there was one */
	bool is_grpc;
	uint64_t retry_after_s;
};

/* Sets the outcome, and where there is no answer the fault. */
void http_answer_end(struct http_answer *a, const struct http_end *end);
