// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/finisher-modules.h"

#include <stdlib.h>
#include <uthash.h>

#include "symbolizer/finisher-module.h"

#define ENTRY_BYTES 128 /* what one costs beside its module; so their number is bounded too */

/* uthash keeps the order of insertion: the first of the table is the one whose last use lies furthest back. */
struct held {
	uint32_t number;
	struct finisher_module *module; /* NULL: there is none to be had */
	size_t n_bytes;
	UT_hash_handle hh;
};

struct finisher_modules {
	struct held *all;
	size_t n_bytes, limit_bytes;
};

int finisher_modules_new(size_t limit_bytes, struct finisher_modules **ret)
{
	struct finisher_modules *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->limit_bytes = limit_bytes;
	*ret = s;
	return 0;
}

static void drop(struct finisher_modules *s, struct held *h)
{
	HASH_DEL(s->all, h);
	s->n_bytes -= h->n_bytes;
	finisher_module_free(h->module);
	free(h);
}

struct finisher_modules *finisher_modules_free(struct finisher_modules *s)
{
	if (!s)
		return NULL;
	while (s->all)
		drop(s, s->all);
	free(s);
	return NULL;
}

static struct held *find(const struct finisher_modules *s, uint32_t number)
{
	struct held *h;

	HASH_FIND(hh, s->all, &number, sizeof(number), h);
	return h;
}

int finisher_modules_put(struct finisher_modules *s, uint32_t number, struct finisher_module *module)
{
	struct held *h = find(s, number);

	if (h)
		drop(s, h);
	h = malloc(sizeof(*h));
	if (!h) {
		finisher_module_free(module);
		return -ENOMEM;
	}
	*h = (struct held){
		.number = number,
		.module = module,
		.n_bytes = ENTRY_BYTES + (module ? finisher_module_bytes(module) : 0),
	};
	while (s->all && s->n_bytes + h->n_bytes > s->limit_bytes)
		drop(s, s->all);
	HASH_ADD(hh, s->all, number, sizeof(h->number), h);
	s->n_bytes += h->n_bytes;
	return 0;
}

int finisher_modules_get(struct finisher_modules *s, uint32_t number, const struct finisher_module **ret)
{
	struct held *h = find(s, number);

	if (!h)
		return FINISHER_MODULES_MISSING;
	HASH_DEL(s->all, h);
	HASH_ADD(hh, s->all, number, sizeof(h->number), h);
	if (!h->module)
		return FINISHER_MODULES_NONE;
	*ret = h->module;
	return 0;
}
