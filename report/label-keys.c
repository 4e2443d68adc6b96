// SPDX-License-Identifier: Apache-2.0
#include "report/label-keys.h"

#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "pprof/profile.h"

struct entry {
	UT_hash_handle hh;
	struct label_key key;
	size_t last_sample; /* the sample that was counted last, plus one: a key may have several values in one */
};

static void entries_free(struct entry **entries)
{
	struct entry *e, *next;

	HASH_ITER (hh, *entries, e, next) {
		HASH_DEL(*entries, e);
		free(e);
	}
}

static int add_entry(struct entry **entries, const char *name, struct entry **ret)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->key.name = name;
	HASH_ADD_KEYPTR(hh, *entries, e->key.name, strlen(name), e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	*ret = e;
	return 0;
}

static int count_key(struct entry **entries, const char *name, size_t sample)
{
	struct entry *e = NULL;
	int r;

	HASH_FIND_STR(*entries, name, e);
	if (!e) {
		r = add_entry(entries, name, &e);
		if (r < 0)
			return r;
	}
	e->key.n_samples += e->last_sample != sample + 1;
	e->last_sample = sample + 1;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct label_key *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int copy_keys(struct entry *entries, struct label_keys *ret)
{
	struct label_keys k = { .keys = calloc(HASH_COUNT(entries) + 1, sizeof(*k.keys)) };
	struct entry *e, *next;

	if (!k.keys)
		return -ENOMEM;
	HASH_ITER (hh, entries, e, next)
		k.keys[k.n++] = e->key;
	qsort(k.keys, k.n, sizeof(*k.keys), by_name);
	*ret = k;
	return 0;
}

int label_keys_of(const struct profile *p, struct label_keys *ret)
{
	_cleanup_(entries_free) struct entry *entries = NULL;

	for (size_t i = 0; i < p->n_samples; i++) {
		for (size_t l = 0; l < p->samples[i].n_labels; l++) {
			int r = count_key(&entries, p->samples[i].labels[l].key, i);

			if (r < 0)
				return r;
		}
	}
	return copy_keys(entries, ret);
}

void label_keys_done(struct label_keys *k)
{
	free(k->keys);
	*k = (struct label_keys){};
}
