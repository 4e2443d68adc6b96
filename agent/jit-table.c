// SPDX-License-Identifier: Apache-2.0
#include "agent/jit-table.h"

#include <string.h>

#include "agent/modules.h"

#define MAX_SERIAL (MODULE_OWN_CODE / JIT_MAX_PROCESSES - 1)

_Static_assert(MODULE_OWN_CODE % JIT_MAX_PROCESSES == 0, "a number leaves that bit free");

void jit_table_init(struct jit_table *t)
{
	*t = (struct jit_table){ .window = 1 };
}

static void forget(struct jit_table *t, uint32_t place)
{
	struct jit_program *p = t->programs[place];

	for (size_t k = 0; k < JIT_N_KINDS; k++) {
		if (p->sources[k].index)
			t->index_bytes -= index_mapped_bytes(p->sources[k].index);
	}
	if (p->parent)
		p->parent->n_children--;
	t->programs[place] = jit_program_free(p);
}

void jit_table_done(struct jit_table *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		jit_program_free(t->programs[i]);
	*t = (struct jit_table){};
}

struct jit_program *jit_table_find(const struct jit_table *t, uint32_t number)
{
	struct jit_program *p = t->programs[number % JIT_MAX_PROCESSES];

	return p && p->number == number ? p : NULL;
}

bool jit_table_is_used(const struct jit_table *t, const struct jit_program *p)
{
	return p->window > t->written;
}

static bool may_go(const struct jit_table *t, const struct jit_program *p)
{
	return !jit_table_is_used(t, p) && p->n_children == 0 && !p->is_in_flight;
}

static bool has_index(const struct jit_program *p)
{
	for (size_t k = 0; k < JIT_N_KINDS; k++) {
		if (p->sources[k].index)
			return true;
	}
	return false;
}

/* The one that was used longest ago makes way. It comes back when it is sampled again. */
static bool evict(struct jit_table *t, bool for_index)
{
	uint32_t oldest = t->n;

	for (uint32_t i = 0; i < t->n; i++) {
		const struct jit_program *p = t->programs[i];

		if (!p || !may_go(t, p) || (for_index && !has_index(p)))
			continue;
		if (oldest == t->n || p->used_ns < t->programs[oldest]->used_ns)
			oldest = i;
	}
	if (oldest == t->n)
		return false;
	forget(t, oldest);
	return true;
}

static uint32_t find_place(const struct jit_table *t)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (!t->programs[i])
			return i;
	}
	return t->n;
}

bool jit_table_make_place(struct jit_table *t)
{
	return find_place(t) < JIT_MAX_PROCESSES || evict(t, false);
}

void jit_table_put(struct jit_table *t, struct jit_program *p, struct jit_program *parent)
{
	uint32_t place = find_place(t);

	t->last_serial = t->last_serial % MAX_SERIAL + 1;
	p->number = t->last_serial * JIT_MAX_PROCESSES + place;
	p->parent = parent;
	if (parent)
		parent->n_children++;
	t->programs[place] = p;
	if (place == t->n)
		t->n++;
}

void jit_table_use(struct jit_table *t, struct jit_program *p, uint64_t time_ns)
{
	for (; p; p = p->parent) {
		p->is_sampled = true;
		p->window = t->window;
		p->used_ns = time_ns;
	}
}

bool jit_table_take_index(struct jit_table *t, struct jit_source *s, struct index *index)
{
	uint64_t n_bytes = index_mapped_bytes(index), n_old = s->index ? index_mapped_bytes(s->index) : 0;

	while (t->index_bytes - n_old + n_bytes > JIT_MAX_BYTES) {
		if (!evict(t, true)) {
			index_free(index);
			return false;
		}
	}
	index_free(s->index);
	s->index = index;
	t->index_bytes += n_bytes - n_old;
	return true;
}

static void mark_known(const struct jit_table *t, const uint32_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct jit_program *p = jit_table_find(t, numbers[i]);

		for (; p && !p->is_known; p = p->parent)
			p->is_known = true;
	}
}

/* How many; their parents may be free to go then. */
static size_t forget_unknown(struct jit_table *t)
{
	size_t n = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		if (!t->programs[i] || t->programs[i]->is_known || !may_go(t, t->programs[i]))
			continue;
		forget(t, i);
		n++;
	}
	return n;
}

void jit_table_expire(struct jit_table *t, const uint32_t *numbers, size_t n)
{
	mark_known(t, numbers, n);
	while (forget_unknown(t))
		;
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->programs[i])
			t->programs[i]->is_known = false;
	}
}
