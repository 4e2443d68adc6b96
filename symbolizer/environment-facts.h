/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment facts: the few variables of a process's environment that say which service it is, and those that are
 * asked for by name. Everything else may be secret and is not told. Foreign bytes: parsed by the indexer. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define ENVIRONMENT_FACT_BYTES 256
#define ENVIRONMENT_MAX_WANTED 16

/* What leaves the sandbox. Each text ends with a NUL; "": not told. What is longer is not told either. */
struct environment_facts {
	char service_name[ENVIRONMENT_FACT_BYTES]; /* OTEL_SERVICE_NAME, else service.name of OTEL_RESOURCE_ATTRIBUTES
						    */
	char service_version[ENVIRONMENT_FACT_BYTES]; /* service.version of OTEL_RESOURCE_ATTRIBUTES */
	char wanted[ENVIRONMENT_MAX_WANTED][2 * ENVIRONMENT_FACT_BYTES]; /* NAME=VALUE, as many as there are */
};

/* text: NAME=VALUE and a NUL, again and again. wanted: names with commas between them; "": none. */
void environment_facts_parse(const char *text, size_t size, const char *wanted, struct environment_facts *ret);
