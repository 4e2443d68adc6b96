// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index.h"

#include <libdeflate.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "symbolizer/index-debug.h"
#include "symbolizer/index-format.h"
#include "symbolizer/index-starts.h"
#include "symbolizer/index-unwind.h"

struct index {
	void *map;
	size_t size;
	struct build_id build_id;
	const struct index_segment *segments;
	size_t n_segments;
	struct index_starts starts; /* of the functions */
	const struct index_symbol *functions;
	size_t n_functions;
	const char *strings;
	size_t strings_size;
	const struct index_origin_strings *origin;
	uint32_t crc; /* of all before n_summed */
	size_t n_summed;
	unsigned int n_debug_sections;
	struct index_debug_view debug;
	bool has_unwind;
	struct index_unwind unwind;
};

#define N_DEBUG_SECTIONS 5

static int set_segments(struct index *x, const char *data, uint64_t size)
{
	const struct index_segment *s = (const void *)data;
	uint64_t end;

	if (x->segments || size % sizeof(*s) || size / sizeof(*s) > INDEX_MAX_SEGMENTS)
		return -EBADMSG;
	x->segments = s;
	x->n_segments = size / sizeof(*s);
	for (size_t i = 0; i < x->n_segments; i++) {
		if (__builtin_add_overflow(s[i].vaddr, s[i].mem_bytes, &end) ||
		    __builtin_add_overflow(s[i].file_offset, s[i].file_bytes, &end) || s[i].file_bytes > s[i].mem_bytes)
			return -EBADMSG;
	}
	return 0;
}

static int set_function_starts(struct index *x, const char *data, uint64_t size)
{
	return x->starts.n_levels ? -EBADMSG : index_starts_open(data, size, &x->starts);
}

/* An array that fills its section, of which there is only one. */
static int set_array(const void **array, size_t *n, size_t element_bytes, const char *data, uint64_t size)
{
	if (*array || size % element_bytes)
		return -EBADMSG;
	*array = data;
	*n = size / element_bytes;
	return 0;
}

static int set_functions(struct index *x, const char *data, uint64_t size)
{
	return set_array((const void **)&x->functions, &x->n_functions, sizeof(x->functions[0]), data, size);
}

static int set_debug(struct index *x, uint32_t kind, const char *data, uint64_t size)
{
	struct index_debug_view *d = &x->debug;

	x->n_debug_sections++;
	switch (kind) {
	case INDEX_LEAF_STARTS:
		return d->starts.n_levels ? -EBADMSG : index_starts_open(data, size, &d->starts);
	case INDEX_LEAVES:
		return set_array((const void **)&d->leaves, &d->n_leaf_bytes, 1, data, size);
	case INDEX_SCOPES:
		return set_array((const void **)&d->scopes, &d->n_scope_bytes, 1, data, size);
	case INDEX_SCOPE_FUNCTIONS:
		return set_array((const void **)&d->functions, &d->n_functions, sizeof(d->functions[0]), data, size);
	default:
		return set_array((const void **)&d->files, &d->n_files, sizeof(d->files[0]), data, size);
	}
}

static int set_origin(struct index *x, const char *data, uint64_t size)
{
	if (x->origin || size != sizeof(*x->origin))
		return -EBADMSG;
	x->origin = (const void *)data;
	return 0;
}

static int set_strings(struct index *x, const char *data, uint64_t size)
{
	if (x->strings || size == 0 || data[0] != 0 || data[size - 1] != 0)
		return -EBADMSG;
	x->strings = data;
	x->strings_size = size;
	return 0;
}

static int set_unwind(struct index *x, const char *data, uint64_t size)
{
	const struct index_header *h = x->map;

	if (x->has_unwind)
		return -EBADMSG;
	x->has_unwind = true;
	return index_unwind_check(data, size, h->machine, &x->unwind);
}

/* What index_open_rows() reads. */
static bool is_first(const struct index_section *s)
{
	return s->kind == INDEX_SEGMENTS || s->kind == INDEX_UNWIND;
}

static int set_first(struct index *x, const struct index_section *s)
{
	const char *data = (const char *)x->map + s->offset;

	if (libdeflate_crc32(0, data, s->size) != s->crc)
		return -EBADMSG;
	return s->kind == INDEX_SEGMENTS ? set_segments(x, data, s->size) : set_unwind(x, data, s->size);
}

static int set_other(struct index *x, const struct index_section *s)
{
	const char *data = (const char *)x->map + s->offset;

	switch (s->kind) {
	case INDEX_FUNCTIONS:
		return set_functions(x, data, s->size);
	case INDEX_FUNCTION_STARTS:
		return set_function_starts(x, data, s->size);
	case INDEX_STRINGS:
		return set_strings(x, data, s->size);
	case INDEX_ORIGIN:
		return set_origin(x, data, s->size);
	case INDEX_LEAF_STARTS:
	case INDEX_LEAVES:
	case INDEX_SCOPES:
	case INDEX_SCOPE_FUNCTIONS:
	case INDEX_FILES:
		return set_debug(x, s->kind, data, s->size);
	default:
		return 0; /* of a newer writer */
	}
}

/* Without a branch in the loop, as all that is read when a file is opened. */
static bool are_good_functions(const struct index *x)
{
	bool bad = x->n_functions != x->starts.n;

	for (size_t i = 0; i < x->n_functions && !bad; i++) {
		const struct index_symbol *f = &x->functions[i];
		uint64_t start = index_starts_at(&x->starts, i);
		uint64_t end = i + 1 < x->n_functions ? index_starts_at(&x->starts, i + 1) : UINT64_MAX;

		bad = (f->n_bytes == 0) | (f->n_bytes > end - start) | (f->name >= x->strings_size) |
		      (f->linkage_name >= x->strings_size);
	}
	return !bad;
}

static bool is_good_origin(const struct index *x)
{
	const struct index_origin_strings *o = x->origin;

	return !o || (o->path < x->strings_size && o->debug_source < x->strings_size && o->failure < x->strings_size &&
		      o->maker < x->strings_size);
}

/* All of what debug info says, or nothing of it. */
static bool is_good_debug(struct index *x)
{
	if (x->n_debug_sections == 0)
		return true;
	x->debug.strings = x->strings;
	return x->n_debug_sections == N_DEBUG_SECTIONS && index_debug_is_good(&x->debug, x->strings_size);
}

static int check_header(const struct index *x)
{
	const struct index_header *h = x->map;

	if (memcmp(h->magic, INDEX_MAGIC, sizeof(h->magic)) != 0 || h->version != INDEX_VERSION)
		return -EBADMSG;
	if (h->file_bytes != x->size || h->n_sections > INDEX_MAX_SECTIONS || h->build_id_bytes > BUILD_ID_MAX_BYTES)
		return -EBADMSG;
	return sizeof(*h) + h->n_sections * sizeof(struct index_section) > x->size ? -EBADMSG : 0;
}

static int read_sections(struct index *x, bool first)
{
	const struct index_header *h = x->map;
	const struct index_section *sections = (const void *)(h + 1);
	int r = 0;

	for (uint32_t i = 0; i < h->n_sections && r == 0; i++) {
		const struct index_section *s = &sections[i];

		if (s->offset % INDEX_ALIGN || s->offset > x->size || s->size > x->size - s->offset)
			return -EBADMSG;
		if (is_first(s) == first)
			r = first ? set_first(x, s) : set_other(x, s);
	}
	return r;
}

static int read_first(struct index *x)
{
	const struct index_header *h = x->map;
	int r;

	r = check_header(x);
	if (r < 0)
		return r;
	x->build_id.n_bytes = h->build_id_bytes;
	memcpy(x->build_id.bytes, h->build_id, h->build_id_bytes);
	r = read_sections(x, true);
	return r == 0 && !x->segments ? -EBADMSG : r;
}

static int read_others(struct index *x)
{
	int r = read_sections(x, false);

	if (r < 0)
		return r;
	if (!x->functions || !x->starts.n_levels || !x->strings)
		return -EBADMSG;
	return are_good_functions(x) && is_good_origin(x) && is_good_debug(x) ? 0 : -EBADMSG;
}

int index_check(struct index *index, size_t n_bytes)
{
	const struct index_header *h = index->map;
	const size_t left = index->size - index->n_summed, n = n_bytes < left ? n_bytes : left;

	index->crc = libdeflate_crc32(index->crc, (const char *)index->map + index->n_summed, n);
	index->n_summed += n;
	if (n < left)
		return INDEX_UNCHECKED;
	return index->crc == h->crc ? read_others(index) : -EBADMSG;
}

int index_open(int fd, struct index **ret)
{
	_cleanup_(index_freep) struct index *x = NULL;
	int r;

	r = index_open_rows(fd, &x);
	if (r < 0)
		return r;
	r = index_check(x, x->size);
	if (r < 0)
		return r;
	*ret = take_ptr(x);
	return 0;
}

int index_open_rows(int fd, struct index **ret)
{
	_cleanup_(index_freep) struct index *x = NULL;
	struct stat st;
	void *map;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < (off_t)sizeof(struct index_header) || (uint64_t)st.st_size > INDEX_LIMIT_BYTES)
		return -EBADMSG;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	/* Private: before Linux 6.7 a write-sealed memfd cannot be mapped shared, not even for reading. */
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	x->map = map;
	x->size = (size_t)st.st_size;
	x->n_summed = INDEX_CRC_FROM;
	r = read_first(x);
	if (r < 0)
		return r;
	*ret = take_ptr(x);
	return 0;
}

struct index *index_free(struct index *index)
{
	if (!index)
		return NULL;
	if (index->map)
		munmap(index->map, index->size);
	free(index);
	return NULL;
}

const struct build_id *index_build_id(const struct index *index)
{
	return &index->build_id;
}

size_t index_n_segments(const struct index *index)
{
	return index->n_segments;
}

const struct index_segment *index_segments(const struct index *index)
{
	return index->segments;
}

size_t index_mapped_bytes(const struct index *index)
{
	return index->size;
}

size_t index_n_functions(const struct index *index)
{
	return index->n_functions;
}

const struct index_segment *index_find_segment(const struct index *index, uint64_t file_offset)
{
	for (size_t i = 0; i < index->n_segments; i++) {
		const struct index_segment *s = &index->segments[i];

		if (file_offset >= s->file_offset && file_offset - s->file_offset < s->file_bytes)
			return s;
	}
	return NULL;
}

static const struct index_symbol *find_symbol(const struct index *x, uint64_t vaddr)
{
	size_t n = index_starts_count(&x->starts, vaddr);

	if (n == 0 || vaddr - index_starts_at(&x->starts, n - 1) >= x->functions[n - 1].n_bytes)
		return NULL;
	return &x->functions[n - 1];
}

/*
 * The symbol table knows best what the outermost function is called: debug info gives a part of it (.cold, .part.0) and
 * a copy (.constprop.0, .llvm.N) the name of the whole; and where debug info knows no function, it may know the line.
 */
static size_t name_outermost(const struct index *x, uint64_t vaddr, struct index_frame *frames, size_t n)
{
	const struct index_symbol *symbol = find_symbol(x, vaddr);
	struct index_frame *outermost = &frames[n > 0 ? n - 1 : 0];

	if (!symbol)
		return n;
	outermost->function = x->strings + symbol->name;
	outermost->linkage_name = x->strings + symbol->linkage_name;
	return n > 0 ? n : 1;
}

size_t index_lookup(const struct index *index, uint64_t vaddr, struct index_frame *ret, size_t max)
{
	size_t n = 0, max_frames = max < INDEX_MAX_INLINED ? max : INDEX_MAX_INLINED;
	bool ask = true;

	if (max == 0)
		return 0;
	if (index->n_debug_sections)
		n = index_debug_lookup(&index->debug, vaddr, ret, max_frames, &ask);
	else
		ret[0] = (struct index_frame){};
	return ask ? name_outermost(index, vaddr, ret, n) : n;
}

static const char *text_at(const struct index *x, uint32_t offset)
{
	return offset ? x->strings + offset : NULL;
}

void index_origin(const struct index *index, struct index_origin *ret)
{
	static const struct index_origin_strings nothing;
	const struct index_origin_strings *o = index->origin ? index->origin : &nothing;

	*ret = (struct index_origin){
		.path = text_at(index, o->path),
		.debug_source = text_at(index, o->debug_source),
		.failure = text_at(index, o->failure),
		.maker = text_at(index, o->maker),
	};
}

bool index_has_debug(const struct index *index)
{
	return index->debug.starts.n > 0;
}

bool index_unwind(const struct index *index, struct index_unwind *ret)
{
	if (index->has_unwind)
		*ret = index->unwind;
	return index->has_unwind;
}
