// SPDX-License-Identifier: Apache-2.0
#include "uploader/answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

/* Without the newline that texts end in. */
static size_t line_bytes(const char *text, size_t max)
{
	size_t n = strnlen(text, max);

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	return n;
}

/* Without memory it stays as it is: the kind and the code say most. */
static void add_text(struct send_answer *ret, const char *text)
{
	size_t used = strlen(ret->reason), room = sizeof(ret->reason) - 1 - used, n = line_bytes(text, room);
	_cleanup_(buf_done) struct buf line = {};

	if (n == 0 || utf8_add_valid(&line, text, n, room) < 0)
		return;
	memcpy(ret->reason + used, line.data, line.size + 1);
}

bool answer_outcome(const struct upload_response *r, struct send_answer *ret)
{
	static const enum send_result results[] = {
		[UPLOAD_NOT_SENT] = SEND_RETRY,
		[UPLOAD_NO_ANSWER] = SEND_RETRY,
		[UPLOAD_BAD_PROTOCOL] = SEND_CONFIG,
		[UPLOAD_BAD_PEER] = SEND_CONFIG,
	};

	*ret = (struct send_answer){ .retry_after_s = r->retry_after_s };
	if (r->outcome == UPLOAD_ANSWERED)
		return false;
	ret->result = results[r->outcome];
	add_text(ret, r->fault);
	return true;
}

static bool fits(const struct answer_rule *rule, uint32_t code, const char *text)
{
	return code >= rule->first && code <= rule->last && (!rule->text || strstr(text, rule->text));
}

void answer_by_rules(const struct answer_rule *rules, size_t n, enum send_result otherwise, const char *kind,
		     uint32_t code, const char *text, struct send_answer *ret)
{
	size_t i = 0;

	while (i < n && !fits(&rules[i], code, text))
		i++;
	ret->result = i < n ? rules[i].result : otherwise;
	ret->reason[0] = 0;
	if (ret->result == SEND_DONE)
		return;
	snprintf(ret->reason, sizeof(ret->reason), "%s %u%s", kind, code,
		 line_bytes(text, sizeof(ret->reason)) > 0 ? ": " : "");
	add_text(ret, text);
}

const char *answer_body(const struct upload_response *r)
{
	return r->body.data ? r->body.data : "";
}
