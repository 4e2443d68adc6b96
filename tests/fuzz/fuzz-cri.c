// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz CRI: any bytes as what a runtime answers. The first byte chooses: all that a server says, taken apart as HTTP/2
 * and then read, with its end found alike in one piece and byte by byte; or the message alone.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cri-call.h"
#include "symbolizer/container-facts.h"
#include "symbolizer/grpc-answer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/cri-server.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_message(const uint8_t *data, size_t size)
{
	struct container_facts facts;
	int r = container_facts_parse_cri(data, size, "id", &facts);

	must(r == 0 || r == -EBADMSG || r == -ENODATA);
	for (size_t i = 0; r == 0 && i < CONTAINER_FACT_N; i++)
		must(memchr(facts.texts[i], 0, CONTAINER_FACT_BYTES) != NULL);
}

static void find_end(const uint8_t *data, size_t size)
{
	struct cri_call whole = {}, bytewise = {};
	bool is_over = cri_call_is_over(&whole, data, size), is_over_bytewise = false;

	for (size_t i = 0; i < size; i++)
		is_over_bytewise = cri_call_is_over(&bytewise, data + i, 1);
	must(is_over == is_over_bytewise && memcmp(&whole, &bytewise, sizeof(whole)) == 0);
}

static void read_answer(const uint8_t *data, size_t size)
{
	struct buf message = {};
	int r = grpc_answer_read(data, size, &message);

	must(r == 0 || r == -EBADMSG || r == -ENODATA || r == -ENOMEM);
	if (r == 0)
		read_message((const uint8_t *)message.data, message.size);
	buf_done(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact; /* so that a byte beyond is seen */

	if (size == 0 || size > GRPC_ANSWER_BYTES)
		return 0;
	exact = malloc(size - 1 ?: 1);
	if (!exact)
		return 0;
	memcpy(exact, data + 1, size - 1);
	if (data[0] % 2) {
		read_message(exact, size - 1);
	} else {
		find_end(exact, size - 1);
		read_answer(exact, size - 1);
	}
	free(exact);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct buf seed;
	struct buf question = {};

	buf_clear(&seed);
	proto_bytes(&seed, &(uint8_t){ (uint8_t)i }, 1);
	must(cri_call_ask(&question, "id") == 0);
	if (i == 0)
		cri_put_answer(&seed, &question, "id");
	else if (i == 1)
		cri_put_status(&seed, "id");
	buf_done(&question);
	*ret_size = seed.size;
	return i < 2 ? seed.data : NULL;
}
