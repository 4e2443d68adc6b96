// SPDX-License-Identifier: Apache-2.0
/* fuzz environment facts: any bytes as an environment; what is told ends, and only what was asked for is told. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/environment-facts.h"
#include "tests/fuzz/fuzz.h"

static const struct {
	const char *text;
	size_t size;
} seeds[] = {
	{ "PATH=/bin\0OTEL_SERVICE_NAME=api\0TEAM=a", 39 },
	{ "OTEL_RESOURCE_ATTRIBUTES=service.version=1%2e2,service.name=a%zz,x=%\0TEAM", 73 },
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* so that a byte beyond is seen */
	struct environment_facts facts;

	if (!text)
		return 0;
	memcpy(text, data, size);
	environment_facts_parse(text, size, "TEAM,X", &facts);
	must(memchr(facts.service_name, 0, sizeof(facts.service_name)) != NULL);
	must(memchr(facts.service_version, 0, sizeof(facts.service_version)) != NULL);
	for (size_t i = 0; i < ENVIRONMENT_MAX_WANTED; i++) {
		must(memchr(facts.wanted[i], 0, sizeof(facts.wanted[i])) != NULL);
		must(!facts.wanted[i][0] || strncmp(facts.wanted[i], "TEAM=", 5) == 0 ||
		     strncmp(facts.wanted[i], "X=", 2) == 0);
	}
	free(text);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = seeds[i].size;
	return seeds[i].text;
}
