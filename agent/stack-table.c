// SPDX-License-Identifier: Apache-2.0
#include "agent/stack-table.h"

#include <stdbool.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct labels_entry {
	UT_hash_handle hh;
	uint32_t number;
	struct stack_labels labels;
};

struct frame_entry {
	UT_hash_handle hh;
	uint32_t number;
	struct stack_frame frame;
};

/* What makes two samples the same: the head, and the numbers of the frames right behind it. */
struct key {
	uint32_t labels;
	uint32_t n_frames;
	uint32_t frames[];
};

struct entry {
	UT_hash_handle hh;
	uint64_t n_samples, cpu_ns;
	struct key key;
};

struct stack_table {
	struct labels_entry *labels;
	struct labels_entry **labels_by_number;
	size_t n_labels, labels_capacity;
	struct frame_entry *frames;
	struct frame_entry **frames_by_number;
	size_t n_frames, frames_capacity;
	struct entry *entries;
	struct entry **by_number;
	size_t n_entries, capacity;
	uint64_t n_samples;
	size_t bytes, limit_bytes;
	struct key *scratch; /* the key being looked for */
	size_t scratch_bytes;
};

int stack_table_new(size_t limit_bytes, struct stack_table **ret)
{
	_cleanup_(stack_table_freep) struct stack_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->limit_bytes = limit_bytes;
	*ret = take_ptr(t);
	return 0;
}

struct stack_table *stack_table_free(struct stack_table *t)
{
	if (!t)
		return NULL;
	HASH_CLEAR(hh, t->entries);
	HASH_CLEAR(hh, t->labels);
	HASH_CLEAR(hh, t->frames);
	for (size_t i = 0; i < t->n_entries; i++)
		free(t->by_number[i]);
	for (size_t i = 0; i < t->n_labels; i++)
		free(t->labels_by_number[i]);
	for (size_t i = 0; i < t->n_frames; i++)
		free(t->frames_by_number[i]);
	free(t->by_number);
	free(t->labels_by_number);
	free(t->frames_by_number);
	free(t->scratch);
	free(t);
	return NULL;
}

static bool take_bytes(struct stack_table *t, size_t bytes)
{
	if (bytes > t->limit_bytes - t->bytes)
		return false;
	t->bytes += bytes;
	return true;
}

/* Makes room for one more pointer in a growing array. */
static int grow(void ***array, size_t n, size_t *capacity)
{
	size_t wanted = *capacity ? 2 * *capacity : 64;
	void **larger;

	if (n < *capacity)
		return 0;
	larger = reallocarray(*array, wanted, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*capacity = wanted;
	return 0;
}

static int intern_labels(struct stack_table *t, const struct stack_labels *labels, uint32_t *ret)
{
	struct labels_entry *e = NULL;
	int r;

	HASH_FIND(hh, t->labels, labels, sizeof(*labels), e);
	if (e) {
		*ret = e->number;
		return 0;
	}
	if (!take_bytes(t, sizeof(*e)))
		return STACK_TABLE_FULL;
	r = grow((void ***)&t->labels_by_number, t->n_labels, &t->labels_capacity);
	if (r < 0)
		return r;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->labels = *labels;
	e->number = (uint32_t)t->n_labels;
	HASH_ADD(hh, t->labels, labels, sizeof(*labels), e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	t->labels_by_number[t->n_labels++] = e;
	*ret = e->number;
	return 0;
}

static int intern_frame(struct stack_table *t, const struct stack_frame *frame, uint32_t *ret)
{
	struct frame_entry *e = NULL;
	int r;

	HASH_FIND(hh, t->frames, frame, sizeof(*frame), e);
	if (e) {
		*ret = e->number;
		return 0;
	}
	if (!take_bytes(t, sizeof(*e) + sizeof(e)))
		return STACK_TABLE_FULL;
	r = grow((void ***)&t->frames_by_number, t->n_frames, &t->frames_capacity);
	if (r < 0)
		return r;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->frame = *frame;
	e->number = (uint32_t)t->n_frames;
	HASH_ADD(hh, t->frames, frame, sizeof(*frame), e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	t->frames_by_number[t->n_frames++] = e;
	*ret = e->number;
	return 0;
}

static int make_key(struct stack_table *t, uint32_t labels, const struct stack_frame *frames, size_t n_frames,
		    size_t *ret_bytes)
{
	size_t bytes = sizeof(struct key) + n_frames * sizeof(uint32_t);
	int r = 0;

	if (bytes > t->scratch_bytes) {
		struct key *scratch = realloc(t->scratch, bytes);

		if (!scratch)
			return -ENOMEM;
		t->scratch = scratch;
		t->scratch_bytes = bytes;
	}
	t->scratch->labels = labels;
	t->scratch->n_frames = (uint32_t)n_frames;
	for (size_t i = 0; r == 0 && i < n_frames; i++)
		r = intern_frame(t, &frames[i], &t->scratch->frames[i]);
	*ret_bytes = bytes;
	return r;
}

static int add_entry(struct stack_table *t, size_t key_bytes, struct entry **ret)
{
	struct entry *e;
	int r;

	if (!take_bytes(t, offsetof(struct entry, key) + key_bytes + sizeof(e)))
		return STACK_TABLE_FULL;
	r = grow((void ***)&t->by_number, t->n_entries, &t->capacity);
	if (r < 0)
		return r;
	e = malloc(offsetof(struct entry, key) + key_bytes);
	if (!e)
		return -ENOMEM;
	memset(e, 0, offsetof(struct entry, key));
	memcpy(&e->key, t->scratch, key_bytes);
	HASH_ADD(hh, t->entries, key, key_bytes, e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	t->by_number[t->n_entries++] = e;
	*ret = e;
	return 0;
}

int stack_table_add(struct stack_table *t, const struct stack_labels *labels, const struct stack_frame *frames,
		    size_t n_frames, uint64_t period_ns)
{
	struct entry *e = NULL;
	uint32_t number;
	size_t bytes;
	int r;

	r = intern_labels(t, labels, &number);
	if (r != 0)
		return r;
	r = make_key(t, number, frames, n_frames, &bytes);
	if (r != 0)
		return r;
	HASH_FIND(hh, t->entries, t->scratch, bytes, e);
	if (!e) {
		r = add_entry(t, bytes, &e);
		if (r != 0)
			return r;
	}
	e->n_samples++;
	e->cpu_ns += period_ns;
	t->n_samples++;
	return 0;
}

size_t stack_table_n_stacks(const struct stack_table *t)
{
	return t->n_entries;
}

uint64_t stack_table_n_samples(const struct stack_table *t)
{
	return t->n_samples;
}

size_t stack_table_bytes(const struct stack_table *t)
{
	return t->bytes;
}

void stack_table_get(const struct stack_table *t, size_t i, struct stack *ret)
{
	const struct entry *e = t->by_number[i];

	*ret = (struct stack){
		.n_frames = e->key.n_frames,
		.labels = e->key.labels,
		.n_samples = e->n_samples,
		.cpu_ns = e->cpu_ns,
		.frames = e->key.frames,
	};
}

const struct stack_labels *stack_table_labels(const struct stack_table *t, uint32_t labels)
{
	return &t->labels_by_number[labels]->labels;
}

size_t stack_table_n_labels(const struct stack_table *t)
{
	return t->n_labels;
}

const struct stack_frame *stack_table_frame(const struct stack_table *t, uint32_t frame)
{
	return &t->frames_by_number[frame]->frame;
}

size_t stack_table_n_frames(const struct stack_table *t)
{
	return t->n_frames;
}
