// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/indexer-ask.h"

#include <string.h>

#include "symbolizer/indexer-wire.h"

static int ask(void *context, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	struct indexer_asker *a = context;
	struct indexer_given given;
	int r, fd;

	if (a->n_asked >= INDEXER_MAX_NEEDS)
		return DEBUG_NEED_NONE;
	a->n_asked++;
	r = indexer_wire_send_need(a->socket, a->tag, need);
	if (r == 0)
		r = indexer_wire_receive_given(a->socket, &given, &fd);
	if (r != 0)
		return r < 0 ? r : -EPIPE;
	if (given.status != 0)
		return given.status;
	memcpy(ret_path, given.path, sizeof(given.path));
	*ret_fd = fd;
	return 0;
}

struct debug_source indexer_ask_source(struct indexer_asker *a)
{
	return (struct debug_source){ .open = ask, .context = a };
}
