// SPDX-License-Identifier: Apache-2.0
/* Any text as a target's file: what is accepted is within its bounds, and reads the same after it was written. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "uploader/queue.h"

static void check_accepted(const struct queue *q)
{
	_cleanup_(buf_done) struct buf text = {};
	struct queue again;

	if (q->n_passed > QUEUE_MAX_RANGES || q->n_open > QUEUE_MAX_OPEN || !queue_is_name(q->name))
		abort();
	for (size_t i = 0; i < q->n_open; i++) {
		if (q->open[i].part > q->open[i].n_parts || q->open[i].n_halved > QUEUE_MAX_HALVED)
			abort();
	}
	if (queue_format(q, &text) < 0 || queue_parse(text.data, text.size, &again) != 0 ||
	    memcmp(q, &again, sizeof(again)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue q;

	if (queue_parse((const char *)data, size, &q) == 0)
		check_accepted(&q);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"{\"version\":1,\"target\":\"central\",\"enabled\":true,\"passed\":[[0,41],[44,50]],\"open\":[{\"id\":"
		"\"0123456789abcdef0123456789abcdef\",\"start_ns\":1764000000000000000,\"end_ns\":1764000015000000000,"
		"\"first\":42,\"last\":43,\"windows\":2,\"parts\":3,\"halved\":[1],\"part\":1,\"sending\":true,"
		"\"tries\":0,\"strikes\":0,\"refused\":0}],\"counters\":{\"sent_windows\":40,\"splits\":1}}",
		"{\"version\":1,\"target\":\"a\",\"enabled\":false,\"passed\":[],\"open\":[],\"counters\":{}}",
		"{\"version\":2}",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
