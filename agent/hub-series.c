// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-series.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "pprof/profile.h"

#define HOUR_NS (3600 * (int64_t)NS_PER_S)
#define FIRST_CAPACITY 256 /* a power of two */
#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

void hub_series_done(struct hub_series *s)
{
	for (size_t i = 0; i < WEB_MAX_TOKENS; i++)
		free(s->tokens[i].hashes);
	*s = (struct hub_series){};
}

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), with the NUL. */
static uint64_t hash_text(uint64_t hash, const char *s)
{
	do
		hash = (hash ^ (unsigned char)*s) * FNV_PRIME;
	while (*s++);
	return hash;
}

/* Of the set: the order of its labels does not matter. Never 0. */
static uint64_t hash_labels(const struct profile_sample *s)
{
	uint64_t sum = 1;

	for (size_t i = 0; i < s->n_labels; i++)
		if (s->labels[i].str)
			sum += hash_text(hash_text(FNV_BASIS, s->labels[i].key), s->labels[i].str);
	return sum ? sum : 1;
}

static int compare_hashes(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Each once. */
static int list_hashes(const struct profile *p, uint64_t **ret, size_t *ret_n)
{
	uint64_t *hashes = calloc(p->n_samples + 1, sizeof(*hashes));
	size_t n = 0;

	if (!hashes)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_samples; i++)
		hashes[i] = hash_labels(&p->samples[i]);
	qsort(hashes, p->n_samples, sizeof(*hashes), compare_hashes);
	for (size_t i = 0; i < p->n_samples; i++)
		if (n == 0 || hashes[i] != hashes[n - 1])
			hashes[n++] = hashes[i];
	*ret = hashes;
	*ret_n = n;
	return 0;
}

/* Its place, or the free one where it belongs. */
static uint64_t *find(uint64_t *hashes, size_t capacity, uint64_t hash)
{
	size_t i = (size_t)(hash * FNV_PRIME >> 32) & (capacity - 1);

	while (hashes[i] != 0 && hashes[i] != hash)
		i = (i + 1) & (capacity - 1);
	return &hashes[i];
}

static size_t count_new(const struct hub_series_token *t, const uint64_t *hashes, size_t n)
{
	size_t n_new = 0;

	for (size_t i = 0; i < n; i++)
		n_new += t->capacity == 0 || *find(t->hashes, t->capacity, hashes[i]) == 0;
	return n_new;
}

/* At most half full. */
static int reserve(struct hub_series_token *t, size_t n)
{
	size_t capacity = t->capacity ? t->capacity : FIRST_CAPACITY;
	uint64_t *hashes;

	while (capacity < 2 * n)
		capacity *= 2;
	if (capacity == t->capacity)
		return 0;
	hashes = calloc(capacity, sizeof(*hashes));
	if (!hashes)
		return -ENOMEM;
	for (size_t i = 0; i < t->capacity; i++)
		if (t->hashes[i] != 0)
			*find(hashes, capacity, t->hashes[i]) = t->hashes[i];
	free(t->hashes);
	t->hashes = hashes;
	t->capacity = capacity;
	return 0;
}

/* A token that is new takes the place of the one that has been quiet for longest. */
static struct hub_series_token *get_token(struct hub_series *s, const char *name, int64_t hour)
{
	struct hub_series_token *t = &s->tokens[0];

	for (size_t i = 0; i < WEB_MAX_TOKENS; i++) {
		if (s->tokens[i].hour != 0 && strcmp(s->tokens[i].name, name) == 0) {
			t = &s->tokens[i];
			break;
		}
		if (s->tokens[i].hour < t->hour)
			t = &s->tokens[i];
	}
	if (t->hour == hour && strcmp(t->name, name) == 0)
		return t;
	free(t->hashes);
	*t = (struct hub_series_token){ .hour = hour };
	snprintf(t->name, sizeof(t->name), "%s", name);
	return t;
}

int hub_series_add(struct hub_series *s, const char *token, const struct profile *p, size_t max, int64_t now_ns,
		   uint32_t *ret_retry_s)
{
	struct hub_series_token *t = get_token(s, token, now_ns / HOUR_NS);
	_cleanup_free_ uint64_t *hashes = NULL;
	size_t n, n_new;
	int r = list_hashes(p, &hashes, &n);

	if (r < 0)
		return r;
	if (n > max)
		return HUB_SERIES_TOO_MANY;
	n_new = count_new(t, hashes, n);
	if (t->n + n_new > max) {
		*ret_retry_s = (uint32_t)((HOUR_NS - now_ns % HOUR_NS) / (int64_t)NS_PER_S) + 1;
		return HUB_SERIES_MANY;
	}
	r = reserve(t, t->n + n_new);
	for (size_t i = 0; r == 0 && i < n; i++)
		*find(t->hashes, t->capacity, hashes[i]) = hashes[i];
	t->n += r == 0 ? n_new : 0;
	return r;
}
