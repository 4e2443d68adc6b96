// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kernel-modules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/kernel-files.h"

#define MAX_MODULES 4096 /* a host has some 200; the rest came and went in this window */
#define MODULES_BYTES ((size_t)4 << 20)
#define KALLSYMS_BYTES ((size_t)64 << 20)
#define MODULE_BYTES ((uint64_t)256 << 20) /* the largest we know of have 100 MiB */
#define LOOK_NS NS_PER_S                   /* a look takes 1 us for each module */
#define EARLY_LOOK_NS (100 * NS_PER_MS)
#define COST_FACTOR 20 /* reading /proc/kallsyms takes a tenth of a second */
#define PIN_BIT (1ULL << 62)

struct kernel_modules {
	int proc_fd;
	struct kernel_module *all[MAX_MODULES];       /* ascending by start */
	struct kernel_module *by_number[MAX_MODULES]; /* NULL: free */
	size_t n;
	uint32_t next;                 /* number that is tried first */
	uint64_t looked_ns;            /* when the last look began */
	uint64_t due_ns, early_due_ns; /* for the next one */
	uint32_t n_looks;
	bool are_told;
	uint64_t n_refused;
};

static void free_module(struct kernel_module *m)
{
	kallsyms_free(m->own_names);
	free(m);
}

struct kernel_modules *kernel_modules_free(struct kernel_modules *k)
{
	if (!k)
		return NULL;
	for (size_t i = 0; i < k->n; i++)
		free_module(k->all[i]);
	free(k);
	return NULL;
}

/* How many start at or below an address. */
static size_t count(const struct kernel_modules *k, uint64_t addr)
{
	size_t low = 0, high = k->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->all[mid]->start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct kernel_module *find_live(const struct kernel_modules *k, const struct kallsyms_module *told)
{
	for (size_t i = count(k, told->start); i > 0 && k->all[i - 1]->start == told->start; i--) {
		struct kernel_module *m = k->all[i - 1];

		if (m->gone_ns == UINT64_MAX && m->end == told->end && strlen(m->name) == told->name_bytes &&
		    memcmp(m->name, told->name, told->name_bytes) == 0)
			return m;
	}
	return NULL;
}

static bool is_sane(const struct kallsyms_module *told)
{
	return told->name_bytes < sizeof(((struct kernel_module *)0)->name) && told->end > told->start &&
	       told->end - told->start <= MODULE_BYTES;
}

/* There is one. Those that were given back last wait longest. */
static uint32_t find_free(struct kernel_modules *k)
{
	while (k->by_number[k->next])
		k->next = (k->next + 1) % MAX_MODULES;
	return k->next;
}

/* *ret NULL: there was no room for it. */
static int add(struct kernel_modules *k, const struct kallsyms_module *told, uint64_t now_ns,
	       struct kernel_module **ret)
{
	size_t i = count(k, told->start);
	struct kernel_module *m;

	*ret = NULL;
	if (k->n == MAX_MODULES) {
		k->n_refused++;
		return 0;
	}
	m = malloc(sizeof(*m));
	if (!m)
		return -ENOMEM;
	*m = (struct kernel_module){
		.start = told->start,
		.end = told->end,
		.born_ns = k->looked_ns,
		.seen_ns = k->n_looks ? now_ns : 0,
		.last_ns = now_ns,
		.gone_ns = UINT64_MAX,
		.first_look = k->n_looks,
		.last_look = k->n_looks,
		.is_loading = told->is_loading,
		.number = find_free(k),
	};
	memcpy(m->name, told->name, told->name_bytes);
	memmove(&k->all[i + 1], &k->all[i], (k->n - i) * sizeof(*k->all));
	k->all[i] = m;
	k->by_number[m->number] = m;
	k->next = (m->number + 1) % MAX_MODULES;
	k->n++;
	*ret = m;
	return 0;
}

/* It was read at some time between the two. */
static int take_modules(struct kernel_modules *k, const struct buf *text, uint64_t begun_ns, uint64_t now_ns)
{
	struct kallsyms_module told;
	int r = 0;

	for (const char *p = text->data; r == 0 && kallsyms_next_module(&p, text->data + text->size, &told);) {
		struct kernel_module *known = find_live(k, &told);

		if (known) {
			known->last_look = k->n_looks;
			known->last_ns = begun_ns;
			known->is_loading = told.is_loading;
		} else if (is_sane(&told)) {
			r = add(k, &told, now_ns, &known);
		}
	}
	for (size_t i = 0; i < k->n; i++) {
		struct kernel_module *m = k->all[i];

		if (m->init_of && m->init_of->is_loading && m->init_of->last_look == k->n_looks) {
			m->last_look = k->n_looks;
			m->last_ns = begun_ns;
		}
		if (m->gone_ns == UINT64_MAX && m->last_look != k->n_looks)
			m->gone_ns = now_ns;
	}
	return r;
}

/* -ENOENT and the like: a kernel without modules. */
static int look(struct kernel_modules *k, uint64_t now_ns)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = fs_read(k->proc_fd, "modules", MODULES_BYTES, &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = take_modules(k, &text, now_ns, clock_now_ns(CLOCK_BOOTTIME));
	k->are_told = true;
	k->looked_ns = now_ns;
	k->n_looks++;
	return r;
}

int kernel_modules_new(int proc_fd, struct kernel_modules **ret)
{
	_cleanup_(kernel_modules_freep) struct kernel_modules *k = calloc(1, sizeof(*k));
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	int r;

	if (!k)
		return -ENOMEM;
	k->proc_fd = proc_fd;
	k->due_ns = now_ns + LOOK_NS;
	r = look(k, now_ns);
	if (r < 0)
		return r;
	*ret = take_ptr(k);
	return 0;
}

void kernel_modules_set_names(struct kernel_modules *k, const struct kallsyms *names)
{
	for (size_t i = 0; i < k->n; i++)
		k->all[i]->names = names;
}

bool kernel_modules_are_told(const struct kernel_modules *k)
{
	return k->are_told;
}

/* The lines of one module stand together. Behind each name is "\t[MODULE]". */
static int read_names(struct kernel_module *m, const char *text, const char *end)
{
	_cleanup_(buf_done) struct buf range = {};
	char mark[sizeof(m->name) + 4];
	const char *first, *last;
	int n = snprintf(mark, sizeof(mark), "\t[%s]\n", m->name), r;

	first = last = memmem(text, (size_t)(end - text), mark, (size_t)n);
	if (!first)
		return 0;
	while (first > text && first[-1] != '\n')
		first--;
	for (const char *at = last; at; at = memmem(last, (size_t)(end - last), mark, (size_t)n))
		last = at + n;
	r = kallsyms_parse(first, (size_t)(last - first), &m->own_names);
	if (r != 0)
		return r < 0 ? r : 0;
	r = buf_printf(&range, "%s %" PRIu64 " 0 - Live 0x%" PRIx64 "\n", m->name, m->end - m->start, m->start);
	if (r == 0)
		kallsyms_set_modules(m->own_names, range.data, range.size);
	m->names = m->own_names;
	return r;
}

/* What a module runs only once, when it is loaded: kallsyms tells of it until then. */
static int add_init(struct kernel_modules *k, struct kernel_module *m)
{
	struct kallsyms_module told = { .name = m->name, .name_bytes = strlen(m->name), .start = UINT64_MAX };
	struct kernel_module *init;
	struct kallsyms_symbol s;
	int r;

	for (size_t i = 0; kallsyms_next(m->names, &i, &s);) {
		if (!s.is_apart)
			continue;
		if (s.start < told.start)
			told.start = s.start;
		told.end = s.start + KALLSYMS_REACH_BYTES;
	}
	if (!is_sane(&told))
		return 0;
	r = add(k, &told, m->seen_ns, &init);
	if (r < 0 || !init)
		return r;
	init->born_ns = m->born_ns;
	init->first_look = init->last_look = m->first_look;
	init->names = m->names;
	init->init_of = m;
	return 0;
}

/* For all that the last look was the first to see. */
static int read_new_names(struct kernel_modules *k)
{
	_cleanup_(buf_done) struct buf text = {};
	const char *part = NULL; /* that tells of modules: behind the kernel's own */
	int r = 0;

	for (size_t i = 0; i < MAX_MODULES && r == 0; i++) {
		struct kernel_module *m = k->by_number[i];

		if (!m || m->first_look + 1 != k->n_looks || m->init_of)
			continue;
		if (!text.data) {
			r = fs_read(k->proc_fd, "kallsyms", KALLSYMS_BYTES, &text);
			part = r == 0 && text.size ? memmem(text.data, text.size, "\t[", 2) : NULL;
			while (part && part > text.data && part[-1] != '\n')
				part--;
		}
		if (part)
			r = read_names(m, part, text.data + text.size);
		if (r == 0 && m->is_loading && m->names)
			r = add_init(k, m);
	}
	return r == -ENOMEM ? r : 0;
}

static int look_and_read(struct kernel_modules *k, uint64_t now_ns)
{
	uint32_t n_looks = k->n_looks;
	uint64_t end_ns, pause_ns;
	int r = look(k, now_ns);

	if (r == 0 && k->n_looks != n_looks)
		r = read_new_names(k);
	end_ns = clock_now_ns(CLOCK_BOOTTIME);
	pause_ns = (end_ns - now_ns) * COST_FACTOR;
	k->due_ns = end_ns + (pause_ns > LOOK_NS ? pause_ns : LOOK_NS);
	k->early_due_ns = end_ns + (pause_ns > EARLY_LOOK_NS ? pause_ns : EARLY_LOOK_NS);
	return r;
}

bool kernel_modules_is_due(const struct kernel_modules *k)
{
	return clock_now_ns(CLOCK_BOOTTIME) >= k->due_ns;
}

int kernel_modules_look(struct kernel_modules *k)
{
	return kernel_modules_is_due(k) ? look_and_read(k, clock_now_ns(CLOCK_BOOTTIME)) : 0;
}

int kernel_modules_look_early(struct kernel_modules *k, uint64_t time_ns)
{
	uint64_t now_ns;

	if (time_ns <= k->looked_ns)
		return 0;
	now_ns = clock_now_ns(CLOCK_BOOTTIME);
	return now_ns < k->early_due_ns ? 0 : look_and_read(k, now_ns);
}

void kernel_modules_look_again(struct kernel_modules *k)
{
	k->due_ns = 0;
}

static bool claims(const struct kernel_module *m, uint64_t addr)
{
	return addr >= m->start && addr < m->end;
}

static bool were_both_seen(const struct kernel_module *a, const struct kernel_module *b)
{
	return a->first_look <= b->last_look && b->first_look <= a->last_look;
}

static bool is_certain(const struct kernel_module *m, uint64_t time_ns)
{
	return time_ns >= m->seen_ns && (time_ns <= m->last_ns || m->gone_ns == UINT64_MAX);
}

/*
 * Since 6.4 a module's size is that of all its parts, and only the first of them lies here: another's code may begin
 * before that end. So of two that were there together, the one that starts later has it.
 */
static struct kernel_module *find(const struct kernel_modules *k, uint64_t addr, uint64_t time_ns)
{
	struct kernel_module *found = NULL;

	for (size_t i = count(k, addr); i > 0 && addr - k->all[i - 1]->start < MODULE_BYTES; i--) {
		struct kernel_module *m = k->all[i - 1];

		if (!claims(m, addr) || time_ns < m->born_ns || time_ns > m->gone_ns)
			continue;
		if (found && !were_both_seen(found, m))
			return NULL;
		if (!found)
			found = m;
		if (is_certain(m, time_ns))
			break;
	}
	return found;
}

struct kernel_module *kernel_modules_pin(struct kernel_modules *k, uint64_t addr, uint64_t time_ns, uint64_t *ret_pin)
{
	struct kernel_module *m = find(k, addr, time_ns);

	if (!m)
		return NULL;
	if (m->pinned_ns < time_ns)
		m->pinned_ns = time_ns;
	*ret_pin = PIN_BIT | (uint64_t)m->number << 32 | (addr - m->start);
	return m;
}

struct kernel_module *kernel_modules_get(struct kernel_modules *k, uint64_t pin, uint64_t *ret_addr)
{
	struct kernel_module *m = k->by_number[(pin & ~PIN_BIT) >> 32];

	*ret_addr = m->start + (uint32_t)pin;
	return m;
}

uint64_t kernel_modules_n_refused(const struct kernel_modules *k)
{
	return k->n_refused;
}

/* Its names are needed until it is known whether its file is the right one. */
static bool is_file_pending(const struct kernel_module *m)
{
	return m->file && !m->file->binary && !m->file->failure;
}

void kernel_modules_expire(struct kernel_modules *k, uint64_t before_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		struct kernel_module *m = k->all[i];

		if (m->gone_ns < before_ns && m->pinned_ns < before_ns && !is_file_pending(m)) {
			k->by_number[m->number] = NULL;
			free_module(m);
			continue;
		}
		k->all[n++] = m;
	}
	k->n = n;
	k->n_refused = 0;
}
