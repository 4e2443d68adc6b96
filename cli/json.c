// SPDX-License-Identifier: Apache-2.0
#include "cli/json.h"

#include <stdio.h>

#include "common/buf.h"

int json_print(struct json_object *object)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = json_add_text(object, &text);
	if (r == 0)
		fputs(text.data, stdout); /* main() looks at stdout once, at the end */
	return r;
}
