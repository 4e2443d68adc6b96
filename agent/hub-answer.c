// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-answer.h"

#include <stdarg.h>
#include <stdio.h>

int hub_answer_set(struct hub_answer *a, enum hub_outcome outcome, const char *fmt, ...)
{
	char text[WEB_TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->outcome = outcome;
	packet_set_text(a->text, sizeof(a->text), text);
	return HUB_ANSWERED;
}
