// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-strings.h"

#include <string.h>

#include "symbolizer/demangle.h"
#include "symbolizer/index-format.h"
#include "symbolizer/symbols.h"

#define MIN_SLOTS 1024
#define MAX_DEMANGLED 4000000              /* a few microseconds each: later ones stay as they are */
#define MAX_APART_BYTES ((size_t)64 << 20) /* a file may give one long name to all of its functions */
#define APART ((uint32_t)1 << 31) /* an offset counts from the end of the pool, which has half as much at most */
#define AHEAD 8

/* Open addressing over offsets into the pool: 12 bytes a string, where a uthash entry would take 64 and a malloc. */
struct index_string_slot {
	uint32_t hash;
	uint32_t offset; /* 0: free; the empty string is never looked up */
	uint32_t name;   /* what it is called, as a linkage name; 0: nobody has asked */
};

/* Borrowed, not NUL-terminated. */
struct index_apart_name {
	const char *data;
	size_t size;
};

int index_strings_init(struct index_strings *s)
{
	*s = (struct index_strings){ .pool.limit_bytes = INDEX_LIMIT_BYTES / 2 };
	return buf_add_char(&s->pool, 0);
}

void index_strings_done(struct index_strings *s)
{
	buf_done(&s->pool);
	free(s->slots);
	free(s->apart);
	*s = (struct index_strings){};
}

static uint32_t hash_string(const char *s, size_t size)
{
	uint64_t h = size * 0x9e3779b97f4a7c15, other = h, word;

	for (; size >= 16; s += 16, size -= 16) { /* one multiplication need not wait for the other */
		memcpy(&word, s, 8);
		h = (h ^ word) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
		memcpy(&word, s + 8, 8);
		other = (other ^ word) * 0x9fb21c651e98df25;
		other ^= other >> 32;
	}
	h ^= other << 1;
	for (; size >= 8; s += 8, size -= 8) {
		memcpy(&word, s, 8);
		h = (h ^ word) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, s, size);
	h = (h ^ word) * 0xff51afd7ed558ccd;
	return (uint32_t)(h >> 32);
}

static int resize_slots(struct index_strings *s, size_t n_slots)
{
	struct index_string_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_slots; i++) {
		size_t at = s->slots[i].hash & (n_slots - 1);

		if (s->slots[i].offset == 0)
			continue;
		while (slots[at].offset != 0)
			at = (at + 1) & (n_slots - 1);
		slots[at] = s->slots[i];
	}
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	return 0;
}

int index_strings_reserve(struct index_strings *s, size_t n)
{
	size_t n_slots = MIN_SLOTS;

	while (n_slots / 4 * 3 < s->n + n)
		n_slots *= 2;
	return n_slots > s->n_slots ? resize_slots(s, n_slots) : 0;
}

/* The slot of a string: the one that holds it, or the free one where it belongs. */
static struct index_string_slot *find_slot(struct index_strings *s, const char *data, size_t size, uint32_t hash)
{
	for (size_t at = hash & (s->n_slots - 1);; at = (at + 1) & (s->n_slots - 1)) {
		struct index_string_slot *slot = &s->slots[at];
		const char *other = s->pool.data + slot->offset;

		if (slot->offset == 0)
			return slot;
		if (slot->hash == hash && s->pool.size - slot->offset > size && other[size] == 0 &&
		    memcmp(other, data, size) == 0)
			return slot;
	}
}

static int append(struct index_strings *s, const char *data, size_t size)
{
	int r = buf_add(&s->pool, data, size);

	return r < 0 ? r : buf_add_char(&s->pool, 0);
}

static int add_hashed(struct index_strings *s, const char *data, size_t size, uint32_t hash,
		      struct index_string_slot **ret)
{
	uint32_t offset = (uint32_t)s->pool.size;
	struct index_string_slot *slot;
	int r;

	r = index_strings_reserve(s, 1);
	if (r < 0)
		return r;
	slot = find_slot(s, data, size, hash);
	if (slot->offset == 0) {
		r = append(s, data, size);
		if (r < 0)
			return r;
		*slot = (struct index_string_slot){ .hash = hash, .offset = offset };
		s->n++;
	}
	*ret = slot;
	return 0;
}

/* Not for the empty string. What is returned holds until the next one is added. */
static int add_slot(struct index_strings *s, const char *data, size_t size, struct index_string_slot **ret)
{
	return add_hashed(s, data, size, hash_string(data, size), ret);
}

int index_strings_add(struct index_strings *s, const char *data, size_t n_bytes, uint32_t *ret)
{
	size_t size = strnlen(data, n_bytes);
	struct index_string_slot *slot;
	int r;

	if (size == 0) {
		*ret = 0;
		return 0;
	}
	r = add_slot(s, data, size, &slot);
	if (r < 0)
		return r;
	*ret = slot->offset;
	return 0;
}

void index_strings_prepare_name(const struct index_strings *s, const char *data, size_t n_bytes,
				struct index_prepared_name *ret)
{
	char linkage_name[SYMBOL_NAME_BYTES];
	size_t size = strnlen(data, n_bytes);

	ret->n_bytes = 0;
	if (size >= sizeof(linkage_name) || s->n_demangled == MAX_DEMANGLED)
		return; /* the first: it is cut */
	memcpy(linkage_name, data, size);
	linkage_name[size] = 0;
	ret->n_bytes = (uint16_t)demangle(linkage_name, ret->text);
	if (ret->n_bytes == 0)
		return;
	ret->hash = hash_string(ret->text, ret->n_bytes);
	if (s->n_slots)
		__builtin_prefetch(&s->slots[ret->hash & (s->n_slots - 1)]);
}

/* What a linkage name is called; itself where it is not mangled. */
static int add_demangled(struct index_strings *s, uint32_t linkage_name, const struct index_prepared_name *prepared,
			 uint32_t *ret)
{
	struct index_string_slot *slot;
	int r;

	if (prepared->n_bytes == 0) {
		*ret = linkage_name;
		return 0;
	}
	s->n_demangled++;
	r = add_hashed(s, prepared->text, prepared->n_bytes, prepared->hash, &slot);
	if (r < 0)
		return r;
	*ret = slot->offset;
	return 0;
}

/* Not copied: half of what an index of C++ holds. */
static int append_apart(struct index_strings *s, const char *data, size_t size)
{
	if (s->n_apart == s->apart_capacity) {
		size_t capacity = s->apart_capacity * 2 + 1024;
		struct index_apart_name *apart = reallocarray(s->apart, capacity, sizeof(*apart));

		if (!apart)
			return -ENOMEM;
		s->apart = apart;
		s->apart_capacity = capacity;
	}
	s->apart[s->n_apart++] = (struct index_apart_name){ .data = data, .size = size };
	s->n_apart_bytes += size + 1;
	return 0;
}

static int add_name_apart(struct index_strings *s, const char *data, size_t size,
			  const struct index_prepared_name *prepared, struct index_name *ret)
{
	struct index_name both = { .linkage_name = APART | (uint32_t)s->n_apart_bytes };
	int r;

	r = append_apart(s, data, size);
	if (r == 0)
		r = add_demangled(s, both.linkage_name, prepared, &both.name);
	if (r == 0)
		*ret = both;
	return r;
}

static int add_name_once(struct index_strings *s, const char *data, size_t size,
			 const struct index_prepared_name *prepared, struct index_name *ret)
{
	struct index_prepared_name now;
	struct index_string_slot *slot;
	struct index_name both;
	int r;

	r = add_slot(s, data, size, &slot);
	if (r < 0)
		return r;
	both = (struct index_name){ .name = slot->name, .linkage_name = slot->offset };
	if (both.name == 0) {
		if (!prepared)
			index_strings_prepare_name(s, data, size, &now);
		r = add_demangled(s, both.linkage_name, prepared ? prepared : &now, &both.name);
		if (r == 0)
			r = add_slot(s, data, size, &slot); /* it may have moved */
		if (r < 0)
			return r;
		if (slot->name == 0)
			slot->name = both.name;
	}
	*ret = both;
	return 0;
}

int index_strings_add_name(struct index_strings *s, const char *data, size_t n_bytes,
			   const struct index_prepared_name *prepared, struct index_name *ret)
{
	size_t size = strnlen(data, n_bytes < SYMBOL_NAME_BYTES ? n_bytes : SYMBOL_NAME_BYTES);
	struct index_prepared_name now;

	if (size == 0) {
		*ret = (struct index_name){};
		return 0;
	}
	if (!s->are_names_apart || s->n_apart_bytes >= MAX_APART_BYTES)
		return add_name_once(s, data, size, prepared, ret);
	if (!prepared)
		index_strings_prepare_name(s, data, size, &now);
	return add_name_apart(s, data, size, prepared ? prepared : &now, ret);
}

int index_strings_add_known_name(struct index_strings *s, const char *name, const char *linkage_name,
				 struct index_name *ret)
{
	struct index_string_slot *slot;
	struct index_name both = {};
	int r;

	r = index_strings_add(s, name, strlen(name), &both.name);
	if (r < 0)
		return r;
	if (linkage_name[0]) {
		r = add_slot(s, linkage_name, strlen(linkage_name), &slot);
		if (r < 0)
			return r;
		both.linkage_name = slot->offset;
		if (slot->name == 0)
			slot->name = both.name;
	}
	*ret = both;
	return 0;
}

uint32_t index_strings_place(const struct index_strings *s, uint32_t offset)
{
	return offset & APART ? (uint32_t)s->pool.size + (offset & ~APART) : offset;
}

int index_strings_write(const struct index_strings *s, struct index_sink *sink)
{
	int r;

	r = index_sink_add(sink, s->pool.data, s->pool.size);
	for (size_t i = 0; i < s->n_apart && r == 0; i++) {
		if (i + AHEAD < s->n_apart) /* they lie anywhere */
			__builtin_prefetch(s->apart[i + AHEAD].data);
		r = index_sink_add_string(sink, s->apart[i].data, s->apart[i].size);
	}
	return r;
}
