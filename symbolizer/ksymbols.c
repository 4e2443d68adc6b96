// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/ksymbols.h"

#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "symbolizer/bpf-name.h"

#define MAX_SYMBOLS 65536 /* all that come in one window, and what is left of those before */
#define NAMES_BYTES ((size_t)16 << 20)
#define LOOK_BACK 4096     /* of those whose place was taken: samples are pinned within seconds */
#define LINGER_NS NS_PER_S /* programs that are being left run to their end; the kernel waits for them */

/* Its number, from 1 on, is the upper half of its pins, and its own for as long as it is kept. */
struct ksymbol {
	uint64_t start, end, born_ns, gone_ns; /* the last: UINT64_MAX: it is there */
	uint64_t pinned_ns;                    /* the youngest time of a pin; late news can end it before that */
	uint32_t name;                         /* offset into names: the kernel's */
	uint32_t display;                      /* what people call it; the same offset where that is no other */
	uint32_t number;
};

struct ksymbols {
	struct buf names;
	struct ksymbol *all; /* in order of birth */
	uint32_t *live;      /* places there from 1 on, ascending by address, without overlap */
	uint32_t *past;      /* places of those whose address others have, in that order */
	uint32_t *by_number; /* places, by number less 1; 0: free */
	size_t n, n_live, n_past;
	uint32_t next; /* less 1: the number that is tried first */
};

int ksymbols_new(struct ksymbols **ret)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	k->names.limit_bytes = NAMES_BYTES;
	k->all = calloc(MAX_SYMBOLS, sizeof(*k->all)); /* untouched pages cost nothing */
	k->live = calloc(MAX_SYMBOLS, sizeof(*k->live));
	k->past = calloc(MAX_SYMBOLS, sizeof(*k->past));
	k->by_number = calloc(MAX_SYMBOLS, sizeof(*k->by_number));
	if (!k->all || !k->live || !k->past || !k->by_number)
		return -ENOMEM;
	*ret = take_ptr(k);
	return 0;
}

struct ksymbols *ksymbols_free(struct ksymbols *k)
{
	if (!k)
		return NULL;
	buf_done(&k->names);
	free(k->all);
	free(k->live);
	free(k->past);
	free(k->by_number);
	free(k);
	return NULL;
}

static const struct ksymbol *get(const struct ksymbols *k, uint32_t place)
{
	return &k->all[place - 1];
}

static bool is_over(const struct ksymbol *s, uint64_t time_ns)
{
	return s->gone_ns < time_ns && time_ns - s->gone_ns > LINGER_NS;
}

/* The number of live ones that start at or below addr. */
static size_t count_live(const struct ksymbols *k, uint64_t addr)
{
	size_t low = 0, high = k->n_live;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (get(k, k->live[mid])->start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int add_name(struct ksymbols *k, const char *name, uint32_t *ret)
{
	uint32_t offset = (uint32_t)k->names.size;
	int r = buf_add(&k->names, name, strlen(name) + 1);

	if (r < 0)
		return r == -EFBIG ? -ENOSPC : r;
	*ret = offset;
	return 0;
}

static int add_names(struct ksymbols *k, const char *name, struct ksymbol *s)
{
	char display[BPF_NAME_BYTES];
	int r = add_name(k, name, &s->name);

	if (r < 0)
		return r;
	s->display = s->name;
	return bpf_name_shorten(name, strlen(name), display) ? add_name(k, display, &s->display) : 0;
}

static void end(struct ksymbol *s, uint64_t gone_ns)
{
	if (gone_ns < s->gone_ns)
		s->gone_ns = gone_ns;
}

/* Takes the place of all that it overlaps. */
static void insert_live(struct ksymbols *k, uint32_t place)
{
	const struct ksymbol *s = get(k, place);
	size_t from = count_live(k, s->start), to = count_live(k, s->end - 1);

	if (from > 0 && get(k, k->live[from - 1])->end > s->start)
		from--;
	for (size_t i = from; i < to; i++)
		end(&k->all[k->live[i] - 1], s->born_ns);
	memcpy(&k->past[k->n_past], &k->live[from], (to - from) * sizeof(*k->past));
	k->n_past += to - from;
	memmove(&k->live[from + 1], &k->live[to], (k->n_live - to) * sizeof(*k->live));
	k->live[from] = place;
	k->n_live += 1 - (to - from);
}

/* There is one. Those that were given back last wait longest. */
static uint32_t take_number(struct ksymbols *k)
{
	while (k->by_number[k->next])
		k->next = (k->next + 1) % MAX_SYMBOLS;
	k->by_number[k->next] = (uint32_t)k->n + 1;
	return k->next + 1;
}

int ksymbols_add(struct ksymbols *k, uint64_t start, uint64_t size, const char *name, uint64_t born_ns)
{
	struct ksymbol s = { .start = start, .born_ns = born_ns, .gone_ns = UINT64_MAX };
	int r;

	if (size == 0 || size > UINT32_MAX || __builtin_add_overflow(start, size, &s.end))
		return -EINVAL;
	if (k->n >= MAX_SYMBOLS)
		return -ENOSPC;
	r = add_names(k, name, &s);
	if (r < 0)
		return r;
	s.number = take_number(k);
	k->all[k->n++] = s;
	insert_live(k, (uint32_t)k->n);
	return 0;
}

void ksymbols_end(struct ksymbols *k, uint64_t start, uint64_t gone_ns)
{
	size_t i = count_live(k, start);

	if (i > 0 && get(k, k->live[i - 1])->start == start)
		end(&k->all[k->live[i - 1] - 1], gone_ns);
}

static bool covers(const struct ksymbol *s, uint64_t addr, uint64_t time_ns)
{
	return addr >= s->start && addr < s->end && s->born_ns <= time_ns && !is_over(s, time_ns);
}

/* The place of what lay there at that time; 0: nothing that we know. */
static uint32_t find(const struct ksymbols *k, uint64_t addr, uint64_t time_ns)
{
	size_t i = count_live(k, addr);
	size_t oldest = k->n_past > LOOK_BACK ? k->n_past - LOOK_BACK : 0;

	if (i > 0 && covers(get(k, k->live[i - 1]), addr, time_ns))
		return k->live[i - 1];
	for (size_t past = k->n_past; past > oldest; past--) {
		if (covers(get(k, k->past[past - 1]), addr, time_ns))
			return k->past[past - 1];
	}
	return 0;
}

bool ksymbols_pin(struct ksymbols *k, uint64_t addr, uint64_t time_ns, uint64_t *ret_pin)
{
	uint32_t place = find(k, addr, time_ns);
	struct ksymbol *s;

	if (place == 0)
		return false;
	s = &k->all[place - 1];
	if (s->pinned_ns < time_ns)
		s->pinned_ns = time_ns;
	*ret_pin = (uint64_t)s->number << 32 | (addr - s->start);
	return true;
}

/* As /proc/kallsyms calls the places of such code. */
static const char *module_of(const char *name)
{
	if (bpf_name_is_bpf(name, strlen(name)))
		return KALLSYMS_BPF_MODULE;
	return strncmp(name, "kprobe_", strlen("kprobe_")) == 0 ? "__builtin__kprobes" : "__builtin__ftrace";
}

bool ksymbols_get(const struct ksymbols *k, uint64_t pin, struct kallsyms_symbol *ret)
{
	uint64_t number = pin >> 32;
	const struct ksymbol *s;
	const char *name;

	if (number == 0 || number > MAX_SYMBOLS || k->by_number[number - 1] == 0)
		return false;
	s = get(k, k->by_number[number - 1]);
	name = k->names.data + s->name;
	*ret = (struct kallsyms_symbol){
		.name = k->names.data + s->display,
		.linkage_name = name,
		.module = module_of(name),
		.start = pin >> 32 << 32,
		.module_start = pin >> 32 << 32,
		.is_apart = true,
	};
	return true;
}

/* Moves a name down to *size; names lie in the order of their symbols. */
static uint32_t move_name(struct ksymbols *k, uint32_t name, size_t *size)
{
	uint32_t offset = (uint32_t)*size;
	size_t n = strlen(k->names.data + name) + 1;

	memmove(k->names.data + offset, k->names.data + name, n);
	*size += n;
	return offset;
}

static struct ksymbol move_names(struct ksymbols *k, const struct ksymbol *from, size_t *size)
{
	struct ksymbol s = *from;

	s.name = move_name(k, from->name, size);
	s.display = from->display == from->name ? s.name : move_name(k, from->display, size);
	return s;
}

/* new_places: 0 for what has gone. */
static size_t move_places(uint32_t *list, size_t n, const uint32_t *new_places)
{
	size_t n_left = 0;

	for (size_t i = 0; i < n; i++) {
		if (new_places[list[i] - 1])
			list[n_left++] = new_places[list[i] - 1];
	}
	return n_left;
}

int ksymbols_expire(struct ksymbols *k, uint64_t before_ns)
{
	_cleanup_free_ uint32_t *new_places = calloc(k->n + 1, sizeof(*new_places));
	size_t n = 0, names_bytes = 0;

	if (!new_places)
		return -ENOMEM;
	for (size_t i = 0; i < k->n; i++) {
		if (is_over(&k->all[i], before_ns) && k->all[i].pinned_ns < before_ns) {
			k->by_number[k->all[i].number - 1] = 0;
			continue;
		}
		k->all[n] = move_names(k, &k->all[i], &names_bytes);
		new_places[i] = (uint32_t)++n;
		k->by_number[k->all[n - 1].number - 1] = (uint32_t)n;
	}
	k->n = n;
	k->n_live = move_places(k->live, k->n_live, new_places);
	k->n_past = move_places(k->past, k->n_past, new_places);
	k->names.size = names_bytes;
	return 0;
}
