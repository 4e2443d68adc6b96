/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what the answers of stores have in common: outcomes without one, rules in tables, and the line that people
 * read. Texts are foreign bytes. Pure.
 */
#pragma once

#include "uploader/target.h"

/* The first rule that fits counts. */
struct answer_rule {
	uint32_t first, last; /* of the code: from..to */
	const char *text;     /* must be somewhere in the answer; NULL: any */
	enum send_result result;
};

/* True: there is no answer to look at, and ret says what that means. */
bool answer_outcome(const struct upload_response *r, struct send_answer *ret);

/*
 * ret by the rules; `otherwise` where none fits. text: of the answer, NUL-terminated. The line is "KIND CODE: text"
 * ("HTTP 400: ...").
 */
void answer_by_rules(const struct answer_rule *rules, size_t n, enum send_result otherwise, const char *kind,
		     uint32_t code, const char *text, struct send_answer *ret);

/* The body as text; never NULL. */
const char *answer_body(const struct upload_response *r);
