// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kallsyms.h"

#include <fcntl.h>
#include <string.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "symbolizer/bpf-name.h"

#define FILE_BYTES ((size_t)64 << 20) /* 122k symbols are 5 MiB */
#define MODULES_BYTES ((size_t)4 << 20)
#define NAMES_BYTES ((size_t)48 << 20)
#define MAX_SYMBOLS 2000000
#define MAX_MODULES 4096
#define NAME_BYTES 511       /* KSYM_NAME_LEN - 1 since Linux 6.1 */
#define NO_NAME UINT32_MAX   /* an entry that only says where the one before it ends */
#define KERNEL 0             /* the first module: the kernel itself */
#define HEAD_BYTES (2 << 20) /* of the image before _stext: arm64 has 64 KiB */

struct entry {
	uint64_t start;
	uint32_t name; /* offset into names; NO_NAME: nothing is known from here on */
	uint16_t module;
	uint8_t rank; /* of two at one address the lower one stays */
	bool is_bpf;  /* behind the name is another: what people call it */
};

_Static_assert(sizeof(struct entry) == 16, "122k of them are 2 MiB");

enum entry_rank {
	RANK_GLOBAL, /* T, W */
	RANK_LOCAL,  /* t, w */
	RANK_OTHER,  /* data: ends text before it */
};

struct module {
	char name[64];       /* MODULE_NAME_LEN is 56 */
	uint64_t start, end; /* end 0: not told; then start is its first symbol's */
};

struct text_range {
	uint64_t start, end;
};

struct kallsyms {
	struct buf names;
	struct entry *entries;
	size_t n_entries, capacity;
	struct module *modules;
	size_t n_modules, modules_capacity;
	size_t n_symbols;
	uint64_t image_start;              /* _text */
	struct text_range text, init_text; /* end 0: not told */
};

struct kallsyms *kallsyms_free(struct kallsyms *k)
{
	if (!k)
		return NULL;
	buf_done(&k->names);
	free(k->entries);
	free(k->modules);
	free(k);
	return NULL;
}

static int grow(void **array, size_t *capacity, size_t n, size_t max, size_t item_bytes)
{
	size_t more = *capacity + *capacity / 2 + 64;
	void *grown;

	if (n >= max)
		return -ENOSPC;
	if (n < *capacity)
		return 0;
	grown = reallocarray(*array, more, item_bytes);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = more;
	return 0;
}

static int add_name(struct kallsyms *k, const char *name, size_t size, uint32_t *ret)
{
	uint32_t offset = (uint32_t)k->names.size;
	int r;

	if (size > NAME_BYTES)
		size = NAME_BYTES;
	r = buf_reserve(&k->names, size + 1);
	if (r < 0)
		return r == -EFBIG ? -ENOSPC : r;
	r = buf_add(&k->names, name, size);
	if (r == 0)
		r = buf_add_char(&k->names, 0);
	if (r < 0)
		return r;
	*ret = offset;
	return 0;
}

/* Lines come module by module: the last one is nearly always it. */
static int find_or_add_module(struct kallsyms *k, const char *name, size_t size, uint16_t *ret)
{
	struct module *m;
	int r;

	if (size >= sizeof(m->name))
		size = sizeof(m->name) - 1;
	for (size_t i = k->n_modules; i-- > 0;) {
		if (strncmp(k->modules[i].name, name, size) == 0 && k->modules[i].name[size] == 0) {
			*ret = (uint16_t)i;
			return 0;
		}
	}
	r = grow((void **)&k->modules, &k->modules_capacity, k->n_modules, MAX_MODULES, sizeof(*m));
	if (r < 0)
		return r;
	m = &k->modules[k->n_modules];
	*m = (struct module){ .start = UINT64_MAX };
	memcpy(m->name, name, size);
	*ret = (uint16_t)k->n_modules++;
	return 0;
}

static void note_limits(struct kallsyms *k, const char *name, size_t size, uint64_t start)
{
	const struct {
		const char *name;
		uint64_t *limit;
	} limits[] = {
		{ "_text", &k->image_start },          { "_stext", &k->text.start },        { "_etext", &k->text.end },
		{ "_sinittext", &k->init_text.start }, { "_einittext", &k->init_text.end },
	};

	if (name[0] != '_')
		return;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		if (strlen(limits[i].name) == size && memcmp(limits[i].name, name, size) == 0)
			*limits[i].limit = start;
	}
}

static enum entry_rank rank_of(char type)
{
	switch (type) {
	case 'T':
	case 'W':
		return RANK_GLOBAL;
	case 't':
	case 'w':
		return RANK_LOCAL;
	default:
		return RANK_OTHER;
	}
}

/* Module names stand in brackets behind a tab. */
static int parse_module(struct kallsyms *k, const char *p, const char *end, uint16_t *ret)
{
	if (end - p < 3 || p[0] != '\t' || p[1] != '[' || end[-1] != ']') {
		*ret = KERNEL;
		return 0;
	}
	return find_or_add_module(k, p + 2, (size_t)(end - p) - 3, ret);
}

/* What BPF programs are called lies behind their symbol. */
static int add_names(struct kallsyms *k, const char *name, size_t size, struct entry *e)
{
	char display[BPF_NAME_BYTES];
	int r = add_name(k, name, size, &e->name);

	if (r < 0 || strcmp(k->modules[e->module].name, KALLSYMS_BPF_MODULE) != 0)
		return r;
	e->is_bpf = bpf_name_shorten(name, size, display);
	return e->is_bpf ? add_name(k, display, strlen(display), &(uint32_t){ 0 }) : 0;
}

static int add_entry(struct kallsyms *k, const struct entry *e)
{
	int r;

	r = grow((void **)&k->entries, &k->capacity, k->n_entries, MAX_SYMBOLS, sizeof(*e));
	if (r < 0)
		return r;
	k->entries[k->n_entries++] = *e;
	return 0;
}

/* "ffffffff81000000 T _stext" or "ffffffffc0201000 t init	[module]"; anything else is skipped. */
static int parse_line(struct kallsyms *k, const char *p, const char *end)
{
	struct entry e = { .name = NO_NAME };
	const char *name_end;
	int r;

	if (parse_u64_at(&p, end, 16, &e.start) < 0 || end - p < 4 || p[0] != ' ' || p[2] != ' ')
		return 0;
	e.rank = (uint8_t)rank_of(p[1]);
	p += 3;
	if (e.rank == RANK_GLOBAL && end - p > 7 && memcmp(p, "__ia32_", 7) == 0)
		e.rank = RANK_LOCAL; /* the 32-bit name of a system call that has one body for both */
	name_end = memchr(p, '\t', (size_t)(end - p));
	if (!name_end)
		name_end = end;
	r = parse_module(k, name_end, end, &e.module);
	if (r < 0)
		return r;
	if (e.module == KERNEL)
		note_limits(k, p, (size_t)(name_end - p), e.start);
	if (e.rank != RANK_OTHER) {
		r = add_names(k, p, (size_t)(name_end - p), &e);
		if (r < 0)
			return r;
	}
	return add_entry(k, &e);
}

static int compare_entries(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name; /* as they came */
}

static bool contains(const struct text_range *r, uint64_t addr)
{
	return addr >= r->start && addr < r->end;
}

/* Data, and what the kernel lists outside of its text, names nothing: it ends what comes before it. */
static bool is_named(const struct kallsyms *k, const struct entry *e)
{
	if (e->name == NO_NAME)
		return false;
	if (e->module != KERNEL || k->text.end == 0)
		return true;
	return contains(&k->text, e->start) || contains(&k->init_text, e->start);
}

/* Keeps one entry for each address, and one nameless entry for each run of them. */
static void settle(struct kallsyms *k)
{
	size_t n = 0;

	qsort(k->entries, k->n_entries, sizeof(*k->entries), compare_entries);
	for (size_t i = 0; i < k->n_entries; i++) {
		struct entry e = k->entries[i];

		if (!is_named(k, &e))
			e.name = NO_NAME;
		if (n > 0 && k->entries[n - 1].start == e.start && k->entries[n - 1].name != NO_NAME)
			continue;
		if (e.name == NO_NAME && n > 0 && k->entries[n - 1].name == NO_NAME)
			continue;
		if (n > 0 && k->entries[n - 1].start == e.start)
			n--; /* a name beats none */
		if (e.name != NO_NAME && e.start < k->modules[e.module].start)
			k->modules[e.module].start = e.start;
		k->entries[n++] = e;
	}
	k->n_entries = n;
	if (k->text.start && k->text.end)
		k->modules[KERNEL].start = k->text.start;
	if (k->image_start && k->image_start <= k->text.start && k->text.start - k->image_start < HEAD_BYTES)
		k->modules[KERNEL].start = k->image_start;
}

static bool all_zero(const struct kallsyms *k)
{
	return k->n_entries > 0 && k->entries[k->n_entries - 1].start == 0;
}

static int parse_lines(struct kallsyms *k, const char *text, size_t size)
{
	const char *end = text + size;
	int r;

	for (const char *p = text; p < end;) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));

		if (!line_end)
			line_end = end;
		r = parse_line(k, p, line_end);
		if (r < 0)
			return r;
		p = line_end + 1;
	}
	return 0;
}

/* Growing doubled them; the table lives as long as the agent. */
static void shrink(struct kallsyms *k)
{
	struct entry *fits = reallocarray(k->entries, k->n_entries ? k->n_entries : 1, sizeof(*fits));

	if (fits) {
		k->entries = fits;
		k->capacity = k->n_entries;
	}
}

int kallsyms_parse(const char *text, size_t size, struct kallsyms **ret)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = calloc(1, sizeof(*k));
	uint16_t kernel;
	int r;

	if (!k)
		return -ENOMEM;
	k->names.limit_bytes = NAMES_BYTES;
	r = find_or_add_module(k, "", 0, &kernel);
	if (r < 0)
		return r;
	r = parse_lines(k, text, size);
	if (r < 0)
		return r;
	if (k->n_entries)
		settle(k);
	if (all_zero(k))
		return KALLSYMS_HIDDEN;
	for (size_t i = 0; i < k->n_entries; i++)
		k->n_symbols += k->entries[i].name != NO_NAME;
	shrink(k);
	*ret = take_ptr(k);
	return 0;
}

/* "e1000 45056 2 - Live 0xffffffffc0201000 (OE)" */
static bool parse_module_line(const char *p, const char *end, struct kallsyms_module *ret)
{
	const char *name_end = memchr(p, ' ', (size_t)(end - p)), *at;
	uint64_t size;

	if (!name_end)
		return false;
	*ret = (struct kallsyms_module){ .name = p, .name_bytes = (size_t)(name_end - p) };
	p = name_end + 1;
	at = memmem(p, (size_t)(end - p), " 0x", 3);
	if (!at || parse_u64_at(&p, end, 10, &size) < 0)
		return false;
	ret->is_loading = memmem(p, (size_t)(end - p), " Loading ", strlen(" Loading "));
	at += strlen(" 0x");
	return parse_u64_at(&at, end, 16, &ret->start) == 0 && ret->start != 0 &&
	       !__builtin_add_overflow(ret->start, size, &ret->end);
}

bool kallsyms_next_module(const char **p, const char *end, struct kallsyms_module *ret)
{
	while (*p < end) {
		const char *line = *p, *line_end = memchr(line, '\n', (size_t)(end - line));

		if (!line_end)
			line_end = end;
		*p = line_end + 1;
		if (parse_module_line(line, line_end, ret))
			return true;
	}
	return false;
}

void kallsyms_set_modules(struct kallsyms *k, const char *text, size_t size)
{
	struct kallsyms_module told;

	for (const char *p = text; kallsyms_next_module(&p, text + size, &told);) {
		for (size_t i = KERNEL + 1; i < k->n_modules; i++) {
			struct module *m = &k->modules[i];

			if (strlen(m->name) != told.name_bytes || memcmp(m->name, told.name, told.name_bytes) != 0)
				continue;
			m->start = told.start;
			m->end = told.end;
		}
	}
}

int kallsyms_read(int proc_fd, struct kallsyms **ret)
{
	_cleanup_(buf_done) struct buf text = {}, modules = {};
	int r;

	r = fs_read(proc_fd, "kallsyms", FILE_BYTES, &text);
	if (r == -ENOENT)
		return KALLSYMS_NONE;
	if (r == 0)
		r = kallsyms_parse(text.data, text.size, ret);
	if (r != 0)
		return r;
	if (fs_read(proc_fd, "modules", MODULES_BYTES, &modules) == 0)
		kallsyms_set_modules(*ret, modules.data, modules.size);
	return 0;
}

static bool is_behind(const struct module *m, const struct entry *e, uint64_t addr)
{
	if (m->end && e->start >= m->start && e->start < m->end)
		return addr >= m->end;
	return addr - e->start >= KALLSYMS_REACH_BYTES;
}

/* The entry that an address belongs to; NULL: it has no name. */
static const struct entry *find_entry(const struct kallsyms *k, uint64_t addr)
{
	size_t low = 0, high = k->n_entries;
	const struct entry *e;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->entries[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0)
		return NULL;
	e = &k->entries[low - 1];
	if (e->name == NO_NAME || (e->module != KERNEL && is_behind(&k->modules[e->module], e, addr)))
		return NULL;
	if (e->module == KERNEL && k->text.end && !contains(&k->text, addr) && !contains(&k->init_text, addr))
		return NULL;
	return e;
}

static bool is_apart(const struct module *m, const struct entry *e)
{
	return strcmp(m->name, KALLSYMS_BPF_MODULE) == 0 || e->start < m->start || (m->end && e->start >= m->end);
}

bool kallsyms_find(const struct kallsyms *k, uint64_t addr, struct kallsyms_symbol *ret)
{
	const struct entry *e = find_entry(k, addr);
	const struct module *m;
	const char *name;

	if (!e)
		return false;
	m = &k->modules[e->module];
	name = k->names.data + e->name;
	*ret = (struct kallsyms_symbol){
		.name = e->is_bpf ? name + strlen(name) + 1 : name,
		.linkage_name = name,
		.module = m->name,
		.start = e->start,
		.module_start = is_apart(m, e) ? e->start : m->start,
		.is_apart = is_apart(m, e),
	};
	return true;
}

bool kallsyms_next(const struct kallsyms *k, size_t *i, struct kallsyms_symbol *ret)
{
	while (*i < k->n_entries) {
		const struct entry *e = &k->entries[(*i)++];

		if (e->name != NO_NAME && kallsyms_find(k, e->start, ret) && ret->start == e->start)
			return true;
	}
	return false;
}

size_t kallsyms_n_symbols(const struct kallsyms *k)
{
	return k->n_symbols;
}
