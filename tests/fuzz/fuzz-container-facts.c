// SPDX-License-Identifier: Apache-2.0
/* fuzz container facts: any text as what a runtime has written; whatever is told of it ends. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/container-facts.h"
#include "tests/fuzz/fuzz.h"

static const char *const seeds[] = {
	"{\"annotations\":{\"io.kubernetes.cri.container-name\":\"a\",\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":"
	"\\\"\\\\u00e9\\\"}\"},\"process\":{\"env\":[\"A=b\"],\"user\":{\"uid\":0}},\"x\":[1,-2.5e3,true,null,{}]}",
	"{\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx:1\",\"Labels\":{\"com.docker.compose.service\":\"web\"}}}",
	"HTTP/1.0 200 OK\r\nServer: d\r\n\r\n{\"Name\":\"\\ud83d\\ude00\"}",
	"[{\"id\":\"aa\",\"names\":[\"x\"]},{\"id\":\"id\",\"names\":[\"y\"],\"metadata\":\"{\\\"image-name\\\":"
	"\\\"i\\\"}\"}]",
	"{\"id\":\"id\",\"config\":{\"labels\":[\"bundle=/b\",\"nerdctl/name=web\"]}}",
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* so that a byte beyond is seen */
	struct container_facts facts;
	int r;

	if (!text || size > 1 << 20) {
		free(text);
		return 0;
	}
	memcpy(text, data, size);
	r = container_facts_parse(text, size, "id", &facts);
	must(r == 0 || r == -EBADMSG || r == -ENODATA || r == -ENOMEM);
	for (size_t i = 0; r == 0 && i < CONTAINER_FACT_N; i++)
		must(memchr(facts.texts[i], 0, CONTAINER_FACT_BYTES) != NULL);
	free(text);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
