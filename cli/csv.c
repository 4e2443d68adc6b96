// SPDX-License-Identifier: Apache-2.0
#include "cli/csv.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "common/utf8.h"

static int add_quoted(struct buf *b, const char *text)
{
	int r = buf_add_char(b, '"');

	for (; r == 0 && *text; text++) {
		if (*text == '"')
			r = buf_add_char(b, '"');
		if (r == 0)
			r = buf_add_char(b, *text);
	}
	return r == 0 ? buf_add_char(b, '"') : r;
}

int csv_add(struct buf *b, const char *text)
{
	_cleanup_(buf_done) struct buf valid = {};
	int r = utf8_add_valid(&valid, text, strlen(text), JSON_STRING_LIMIT_BYTES);

	if (r < 0 || valid.size == 0)
		return r;
	return strpbrk(valid.data, ",\"") ? add_quoted(b, valid.data) : buf_add(b, valid.data, valid.size);
}
