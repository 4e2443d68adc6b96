// SPDX-License-Identifier: Apache-2.0
/*
 * index debug: random forests, spans and lines through the writer and the look-up, against a model that goes through
 * the plain arrays; then bytes that are changed under a CRC that is right.
 */
#include "tests/unit/tool.h"

#include <zlib.h>

#include "symbolizer/index-format.h"
#include "symbolizer/index-leaf.h"
#include "symbolizer/index-scope.h"
#include "symbolizer/index-starts.h"
#include "symbolizer/index-writer.h"

#define MAX_SCOPES 4000
#define MAX_SPANS 6000
#define MAX_LINES 8000
#define N_NAMES 700
#define N_FILES 300

static uint64_t random_state = 0x2545f4914f6cdd1d;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t random_below(uint64_t n)
{
	return (uint32_t)(random_u64() % n);
}

/* Mostly small, sometimes up to 2^max_bits, sometimes just below or at a power of 2. */
static uint64_t random_skewed(unsigned int max_bits)
{
	unsigned int bits = random_below(4) ? random_below(8) : random_below(max_bits + 1);

	if (random_below(16) == 0)
		return (1ULL << random_below(max_bits)) - random_below(2);
	return bits ? random_u64() >> (64 - bits) : 0;
}

struct symbol {
	uint64_t start;
	uint32_t n_bytes;
	uint32_t name;
};

/* All that is written, and what the look-up must find in it. */
struct world {
	uint64_t base;
	uint32_t file_names[N_FILES]; /* what index_debug.files points to */
	struct index_function functions[N_NAMES];
	uint32_t names[N_NAMES]; /* the number in the name of each */
	struct index_scope scopes[MAX_SCOPES];
	struct index_span spans[MAX_SPANS];
	struct index_line lines[MAX_LINES];
	struct symbol symbols[MAX_SPANS];
	struct index_debug debug;
	size_t n_symbols;
};

static void name_of(char ret[32], const char *kind, uint32_t i)
{
	snprintf(ret, 32, i ? "%s%u" : "", kind, i);
}

/* Names look like C++ ones: what they are called is known without asking a demangler. */
static void linkage_of(char ret[32], uint32_t i)
{
	snprintf(ret, 32, i % 3 ? "_Z5f%04uv" : "f%04u", i);
}

static void called_of(char ret[32], uint32_t i)
{
	snprintf(ret, 32, i % 3 ? "f%04u()" : "f%04u", i);
}

static void make_functions(struct world *w, struct index_writer *writer)
{
	char name[32];

	for (uint32_t i = 0; i < N_FILES; i++) {
		name_of(name, "/src/file", i);
		assert_int_equal(index_writer_add_string(writer, name, strlen(name), &w->file_names[i]), 0);
	}
	for (uint32_t i = 0; i < N_NAMES; i++) {
		w->names[i] = i % 3 ? i : random_below(i + 1);
		linkage_of(name, w->names[i]);
		assert_int_equal(index_writer_add_name(writer, name, sizeof(name), &w->functions[i].name), 0);
		w->functions[i].start_line = (uint32_t)random_skewed(32);
		if (random_below(2)) /* the same once more, where the name is */
			w->functions[i].start_line = w->functions[w->names[i]].start_line;
	}
	w->debug.files = w->file_names;
	w->debug.n_files = N_FILES;
	w->debug.functions = w->functions;
	w->debug.n_functions = N_NAMES;
}

/* Roots, and calls in any scope before, mostly in one of the last. */
static void make_scopes(struct world *w, size_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct index_scope *s = &w->scopes[i];

		*s = (struct index_scope){ .parent = INDEX_NO_SCOPE, .function = random_below(N_NAMES) };
		if (i == 0 || random_below(6) == 0)
			continue;
		s->parent = random_below(8) ? i - 1 - random_below(i < 5 ? i : 5) : random_below(i);
		s->call_file = random_below(3) ? random_below(4) : random_below(N_FILES);
		s->call_line = (uint32_t)random_skewed(32);
	}
	w->debug.scopes = w->scopes;
	w->debug.n_scopes = n;
}

static void make_spans(struct world *w, size_t n, unsigned int gap_bits)
{
	uint64_t at = w->base;

	for (size_t i = 0; i < n; i++) {
		if (random_below(3) == 0)
			at += random_skewed(gap_bits);
		w->spans[i] = (struct index_span){
			.start = at,
			.n_bytes = 1 + (uint32_t)random_skewed(gap_bits < 32 ? gap_bits : 31),
			.scope = random_below(w->debug.n_scopes),
		};
		at += w->spans[i].n_bytes;
	}
	w->debug.spans = w->spans;
	w->debug.n_spans = n;
}

static void make_lines(struct world *w, size_t n, unsigned int gap_bits)
{
	uint64_t at = w->base + random_below(20);

	for (size_t i = 0; i < n; i++) {
		w->lines[i] = (struct index_line){ .start = at };
		if (random_below(20)) {
			w->lines[i].file = random_below(4) ? random_below(4) : random_below(N_FILES);
			w->lines[i].line = (uint32_t)random_skewed(32);
		}
		at += 1 + random_skewed(gap_bits);
	}
	w->debug.lines = w->lines;
	w->debug.n_lines = n;
}

static void make_symbols(struct world *w, struct index_writer *writer, size_t n, unsigned int gap_bits)
{
	uint64_t at = w->base > 100 ? w->base - 100 : 0;
	char linkage[32], called[32];

	w->n_symbols = n;
	for (size_t i = 0; i < n; i++) {
		struct symbol *s = &w->symbols[i];

		at += random_below(2) ? random_skewed(gap_bits) : 0;
		*s = (struct symbol){ at, 1 + (uint32_t)random_skewed(gap_bits < 32 ? gap_bits : 31),
				      N_NAMES + random_below(N_NAMES) };
		linkage_of(linkage, s->name);
		called_of(called, s->name);
		assert_int_equal(index_writer_add_function(writer, s->start, s->n_bytes, called, linkage), 0);
		at += s->n_bytes;
	}
}

/* A symbol for each span, mostly with the name of the function that it is part of. */
static void make_agreeing_symbols(struct world *w, struct index_writer *writer, uint64_t one_in)
{
	char linkage[32], called[32];

	w->n_symbols = 0;
	for (size_t i = 0; i < w->debug.n_spans; i++) {
		const struct index_span *span = &w->spans[i];
		struct symbol *s = &w->symbols[w->n_symbols++];
		uint32_t root = span->scope;

		while (w->scopes[root].parent != INDEX_NO_SCOPE)
			root = w->scopes[root].parent;
		*s = (struct symbol){ span->start, span->n_bytes, w->names[w->scopes[root].function] };
		if (one_in && random_below(one_in) == 0)
			s->name = N_NAMES;
		if (one_in && random_below(one_in) == 0)
			s->n_bytes = 1 + random_below(s->n_bytes);
		linkage_of(linkage, s->name);
		called_of(called, s->name);
		assert_int_equal(index_writer_add_function(writer, s->start, s->n_bytes, called, linkage), 0);
	}
}

static const struct index_line *model_line(const struct world *w, uint64_t addr)
{
	const struct index_line *found = NULL;

	for (size_t low = 0, high = w->debug.n_lines; low < high;) {
		size_t mid = (low + high) / 2;

		if (w->lines[mid].start <= addr) {
			found = &w->lines[mid];
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	return found;
}

static const struct index_span *model_span(const struct world *w, uint64_t addr)
{
	for (size_t low = 0, high = w->debug.n_spans; low < high;) {
		size_t mid = (low + high) / 2;

		if (addr < w->spans[mid].start)
			high = mid;
		else if (addr - w->spans[mid].start >= w->spans[mid].n_bytes)
			low = mid + 1;
		else
			return &w->spans[mid];
	}
	return NULL;
}

static const struct symbol *model_symbol(const struct world *w, uint64_t addr)
{
	for (size_t low = 0, high = w->n_symbols; low < high;) {
		size_t mid = (low + high) / 2;

		if (addr < w->symbols[mid].start)
			high = mid;
		else if (addr - w->symbols[mid].start >= w->symbols[mid].n_bytes)
			low = mid + 1;
		else
			return &w->symbols[mid];
	}
	return NULL;
}

struct model_frame {
	uint32_t name, file, line, start_line;
	bool inlined;
};

static size_t model_lookup(const struct world *w, uint64_t addr, struct model_frame *ret, size_t max)
{
	const struct index_line *line = model_line(w, addr);
	const struct index_span *span = model_span(w, addr);
	const struct symbol *symbol = model_symbol(w, addr);
	uint32_t file = line ? line->file : 0, number = line ? line->line : 0;
	uint32_t scope = span ? span->scope : INDEX_NO_SCOPE;
	size_t n = 0;

	for (; scope != INDEX_NO_SCOPE && n < max; scope = w->scopes[scope].parent) {
		const struct index_scope *s = &w->scopes[scope];

		ret[n++] = (struct model_frame){ w->names[s->function], file, number,
						 w->functions[s->function].start_line, s->parent != INDEX_NO_SCOPE };
		file = s->call_file;
		number = s->call_line;
	}
	if (!symbol || scope != INDEX_NO_SCOPE)
		return n;
	if (n == 0)
		ret[n++] = (struct model_frame){ .file = file, .line = number };
	ret[n - 1].name = symbol->name;
	return n;
}

static void check_frame(const struct index_frame *f, const struct model_frame *m)
{
	char text[32];

	linkage_of(text, m->name);
	assert_string_equal(f->linkage_name, text);
	called_of(text, m->name);
	assert_string_equal(f->function, text);
	name_of(text, "/src/file", m->file);
	assert_string_equal(f->file ? f->file : "", text);
	assert_int_equal(f->line, m->line);
	assert_int_equal(f->start_line, m->start_line);
	assert_int_equal(f->inlined, m->inlined);
}

static void check_addr(const struct world *w, const struct index *index, uint64_t addr)
{
	struct index_frame frames[INDEX_MAX_INLINED + 1];
	struct model_frame expected[INDEX_MAX_INLINED + 1];
	size_t max = random_below(8) ? INDEX_MAX_INLINED + 1 : 1 + random_below(5);
	size_t n = model_lookup(w, addr, expected, max < INDEX_MAX_INLINED ? max : INDEX_MAX_INLINED);

	assert_int_equal(index_lookup(index, addr, frames, max), n);
	for (size_t i = 0; i < n; i++)
		check_frame(&frames[i], &expected[i]);
}

static void check_around(const struct world *w, const struct index *index, uint64_t addr)
{
	check_addr(w, index, addr - 1);
	check_addr(w, index, addr);
	check_addr(w, index, addr + 1);
}

/* Every place where something begins or ends, and random ones. */
static void check_all(const struct world *w, const struct index *index)
{
	for (size_t i = 0; i < w->debug.n_spans; i++) {
		check_around(w, index, w->spans[i].start);
		check_around(w, index, w->spans[i].start + w->spans[i].n_bytes);
		check_addr(w, index, w->spans[i].start + random_below(w->spans[i].n_bytes));
	}
	for (size_t i = 0; i < w->debug.n_lines; i++)
		check_around(w, index, w->lines[i].start);
	for (size_t i = 0; i < w->n_symbols; i++) {
		check_around(w, index, w->symbols[i].start);
		check_around(w, index, w->symbols[i].start + w->symbols[i].n_bytes);
	}
	check_around(w, index, w->base);
	check_around(w, index, 0);
	check_addr(w, index, UINT64_MAX - 1);
}

static struct index_writer *writer_new(void)
{
	struct index_writer *writer;

	assert_int_equal(index_writer_new(62, &(struct build_id){}, &writer), 0);
	assert_int_equal(index_writer_add_segment(writer, &(struct index_segment){}), 0);
	return writer;
}

static struct index *finish(struct index_writer *w, const struct index_debug *debug)
{
	_cleanup_close_ int fd = tool_memory_file("", 0);
	struct index *index;

	index_writer_set_debug(w, debug);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(index_open(fd, &index), 0);
	return index;
}

static void check_world(uint64_t base, unsigned int gap_bits, size_t max_scopes, size_t n_spans, size_t n_lines,
			size_t n_symbols)
{
	_cleanup_(index_writer_freep) struct index_writer *writer = writer_new();
	_cleanup_free_ struct world *w = calloc(1, sizeof(*w));
	_cleanup_(index_freep) struct index *index = NULL;

	assert_non_null(w);
	w->base = base;
	make_functions(w, writer);
	make_scopes(w, max_scopes);
	make_spans(w, n_spans, gap_bits);
	make_lines(w, n_lines, gap_bits);
	make_symbols(w, writer, n_symbols, gap_bits);
	index = finish(writer, &w->debug);
	assert_int_equal(index_has_debug(index), n_spans + n_lines > 0);
	check_all(w, index);
}

static void test_random(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 20, 255, 257, 5000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i], some = n < 3 ? n : n / 3 + random_below(n / 3);

		check_world(0x1000, 6, n ? some : 1, n, some, some);
		check_world(0x401000, 10, n ? some : 1, some, n, some);
		check_world(0, 4, n ? some : 1, some, some, n);
	}
	check_world(0x555555554000, 12, MAX_SCOPES, MAX_SPANS, MAX_LINES, 100);
	check_world(0x555555554000, 8, 40, MAX_SPANS, MAX_LINES, MAX_SPANS);
}

static void test_symbols_agree(void **state)
{
	static const uint64_t one_in[] = { 0, 2, 10, 100, 1000, 3000 };

	for (size_t i = 0; i < ARRAY_SIZE(one_in); i++) {
		_cleanup_(index_writer_freep) struct index_writer *writer = writer_new();
		_cleanup_free_ struct world *w = calloc(1, sizeof(*w));
		_cleanup_(index_freep) struct index *index = NULL;

		assert_non_null(w);
		w->base = 0x1000;
		make_functions(w, writer);
		make_scopes(w, MAX_SCOPES);
		make_spans(w, MAX_SPANS, 6);
		make_lines(w, 1000, 6);
		make_agreeing_symbols(w, writer, one_in[i]);
		index = finish(writer, &w->debug);
		check_all(w, index);
	}
}

/* Whether linkage name or the other one: what differs is the symbol's. */
static void test_symbol_wins(void **state)
{
	static const char *const symbols[][2] = { { "f()", "_Z1fv" }, { "f", "_Z1fv" }, { "f()", "_Z1fv.cold" } };

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		_cleanup_(index_writer_freep) struct index_writer *w = writer_new();
		_cleanup_(index_freep) struct index *index = NULL;
		const uint32_t files[] = { 0 };
		struct index_function function = { .start_line = 7 };
		const struct index_scope scope = { .parent = INDEX_NO_SCOPE };
		const struct index_span span = { .start = 0x1000, .n_bytes = 16 };
		const struct index_debug debug = { files, &function, &scope, &span, NULL, 1, 1, 1, 1, 0 };
		struct index_frame frame;

		assert_int_equal(index_writer_add_name(w, "_Z1fv", 5, &function.name), 0);
		assert_int_equal(index_writer_add_function(w, 0x1008, 8, symbols[i][0], symbols[i][1]), 0);
		index = finish(w, &debug);
		assert_int_equal(index_lookup(index, 0x1007, &frame, 1), 1);
		assert_string_equal(frame.function, "f()");
		assert_string_equal(frame.linkage_name, "_Z1fv");
		assert_int_equal(index_lookup(index, 0x1008, &frame, 1), 1);
		assert_string_equal(frame.function, symbols[i][0]);
		assert_string_equal(frame.linkage_name, symbols[i][1]);
		assert_int_equal(frame.start_line, 7);
	}
}

static void test_wide(void **state)
{
	check_world(0x1000, 36, 500, 3000, 3000, 3000); /* gaps over 4 GiB */
	check_world(UINT64_MAX - (1ULL << 44), 31, 500, 2000, 2000, 1000);
	check_world(UINT64_MAX - 40000000, 6, 500, 2000, 2000, 1000);
	for (uint64_t span = (1ULL << 32) - 40; span < (1ULL << 32) + 40; span += 8) {
		_cleanup_(index_writer_freep) struct index_writer *writer = writer_new();
		_cleanup_free_ struct world *w = calloc(1, sizeof(*w));
		_cleanup_(index_freep) struct index *index = NULL;

		assert_non_null(w);
		w->base = 0x1000;
		make_functions(w, writer);
		make_scopes(w, 10);
		make_spans(w, 100, 3);
		w->spans[99].start = w->base + span;
		index = finish(writer, &w->debug);
		check_all(w, index);
	}
}

/* Deeper than any stack of calls: what lies further out is left out, and nothing that is told is called outermost. */
static void test_deep(void **state)
{
	_cleanup_(index_writer_freep) struct index_writer *writer = writer_new();
	_cleanup_free_ struct world *w = calloc(1, sizeof(*w));
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_frame frames[INDEX_MAX_INLINED + 1];

	assert_non_null(w);
	w->base = 0x1000;
	make_functions(w, writer);
	make_scopes(w, MAX_SCOPES);
	for (uint32_t i = 0; i < MAX_SCOPES; i++)
		w->scopes[i].parent = i - 1; /* INDEX_NO_SCOPE of the first */
	for (uint32_t i = 0; i < MAX_SCOPES; i++)
		w->spans[i] = (struct index_span){ .start = 0x1000 + i, .n_bytes = 1, .scope = i };
	w->debug.spans = w->spans;
	w->debug.n_spans = MAX_SCOPES;
	index = finish(writer, &w->debug);
	check_all(w, index);
	assert_int_equal(index_lookup(index, 0x1000 + 63, frames, 65), 64);
	assert_false(frames[63].inlined);
	assert_int_equal(index_lookup(index, 0x1000 + 64, frames, 65), 64);
	assert_true(frames[63].inlined);
}

static void test_nothing_to_tell(void **state)
{
	_cleanup_(index_writer_freep) struct index_writer *writer = writer_new();
	_cleanup_(index_freep) struct index *index = NULL;
	const uint32_t files[] = { 0 };
	const struct index_debug empty = { .files = files, .n_files = 1 };
	const struct index_origin origin = { .path = "/bin/x", .debug_source = "pclntab" };
	struct index_origin found;

	assert_int_equal(index_writer_set_origin(writer, &origin), 0);
	index = finish(writer, &empty);
	assert_false(index_has_debug(index));
	index_origin(index, &found);
	assert_string_equal(found.path, "/bin/x");
	assert_string_equal(found.debug_source, "pclntab");
	assert_null(found.failure);
}

/* What is not as index-writer.h asks for it. */
static void test_writer_refuses(void **state)
{
	struct index_function function = {};
	struct index_scope scopes[] = { { .parent = INDEX_NO_SCOPE }, { .parent = 0 } };
	struct index_span spans[] = { { 0x10, 8, 0 }, { 0x18, 8, 1 } };
	struct index_line lines[] = { { 0x10, 0, 1 }, { 0x11, 1, 2 } };
	uint32_t files[] = { 0, 0 };
	struct index_debug debug = {
		.files = files,
		.functions = &function,
		.scopes = scopes,
		.spans = spans,
		.lines = lines,
		.n_files = 2,
		.n_functions = 1,
		.n_scopes = 2,
		.n_spans = 2,
		.n_lines = 2,
	};
	const struct {
		void *field;
		size_t size;
		uint64_t value;
	} changes[] = {
		{ &scopes[1].parent, 4, 1 },   { &scopes[0].parent, 4, 0 },
		{ &scopes[0].function, 4, 1 }, { &scopes[1].call_file, 4, 2 },
		{ &spans[1].start, 8, 0x17 },  { &spans[1].start, 8, UINT64_MAX - 7 },
		{ &spans[0].n_bytes, 4, 0 },   { &spans[0].n_bytes, 4, 9 },
		{ &spans[1].scope, 4, 2 },     { &spans[1].scope, 4, INDEX_NO_SCOPE },
		{ &lines[1].start, 8, 0x10 },  { &lines[1].file, 4, 2 },
		{ &files[0], 4, 1 },           { &debug.n_files, 8, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		_cleanup_(index_writer_freep) struct index_writer *w = writer_new();
		_cleanup_close_ int fd = tool_memory_file("", 0);
		uint64_t old = 0;

		index_writer_set_debug(w, &debug);
		assert_int_equal(index_writer_finish(w, fd), 0);
		memcpy(&old, changes[i].field, changes[i].size);
		memcpy(changes[i].field, &changes[i].value, changes[i].size);
		index_writer_set_debug(w, &debug);
		if (index_writer_finish(w, fd) != -EINVAL)
			fail_msg("change %zu is written", i);
		memcpy(changes[i].field, &old, changes[i].size);
	}
}

/* Reads every byte that a look-up hands out; ASan tells what is not the file's. */
static size_t touch(const struct index *index, uint64_t addr)
{
	struct index_frame frames[INDEX_MAX_INLINED];
	size_t n = index_lookup(index, addr, frames, INDEX_MAX_INLINED), total = 0;

	for (size_t i = 0; i < n; i++) {
		total += strlen(frames[i].function) + strlen(frames[i].linkage_name);
		total += frames[i].file ? strlen(frames[i].file) : 0;
	}
	return total;
}

/* A file of one page and more, and what a changed byte makes of it. */
struct victim {
	int fd;
	size_t size;
	uint8_t *bytes;
};

static void open_changed(struct victim *v, size_t *n_refused)
{
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_header *h = (void *)v->bytes;
	int r;

	h->crc = (uint32_t)crc32_z(0, v->bytes + INDEX_CRC_FROM, v->size - INDEX_CRC_FROM);
	assert_int_equal(pwrite(v->fd, v->bytes, v->size, 0), v->size);
	r = index_open(v->fd, &index);
	if (r < 0) {
		assert_int_equal(r, -EBADMSG);
		(*n_refused)++;
		return;
	}
	for (uint64_t addr = 0xff8; addr < 0x1000 + 400; addr += 3)
		touch(index, addr);
	touch(index, UINT64_MAX);
	touch(index, 0x80001000);
}

static void test_hostile_bytes(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	_cleanup_(index_writer_freep) struct index_writer *writer = writer_new();
	_cleanup_free_ struct world *w = calloc(1, sizeof(*w));
	_cleanup_close_ int fd = tool_memory_file("", 0);
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t n_refused = 0, n = 0;
	struct victim v = { .fd = fd };

	assert_non_null(w);
	w->base = 0x1000;
	make_functions(w, writer);
	make_scopes(w, 40);
	make_spans(w, 50, 3);
	make_lines(w, 60, 3);
	make_symbols(w, writer, 20, 3);
	w->debug.n_functions = 40;
	for (size_t i = 0; i < 40; i++)
		w->scopes[i].function %= 40;
	index_writer_set_debug(writer, &w->debug);
	assert_int_equal(index_writer_set_origin(writer, &(struct index_origin){ .path = "/x" }), 0);
	assert_int_equal(index_writer_finish(writer, fd), 0);
	v.size = (size_t)lseek(fd, 0, SEEK_END);
	bytes = v.bytes = malloc(v.size);
	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, v.size, 0), v.size);
	for (size_t i = 0; i < v.size; i++) {
		uint8_t old = bytes[i];

		for (size_t k = 0; k < ARRAY_SIZE(values) + 1; k++, n++) {
			bytes[i] = k < ARRAY_SIZE(values) ? values[k] : old ^ (uint8_t)(1 << random_below(8));
			open_changed(&v, &n_refused);
		}
		bytes[i] = old;
	}
	assert_in_range(n_refused, n / 20, n - n / 20);
}

static uint64_t section_bytes(int fd, enum index_section_kind kind)
{
	struct index_section s = {};

	for (off_t at = sizeof(struct index_header); s.kind != kind; at += sizeof(s))
		assert_int_equal(pread(fd, &s, sizeof(s), at), sizeof(s));
	return s.size;
}

/* Ten units tell of the same two functions, and of one that nothing is of; a third one is another. */
static void test_functions_are_merged(void **state)
{
	_cleanup_(index_writer_freep) struct index_writer *w = writer_new();
	_cleanup_close_ int fd = tool_memory_file("", 0);
	struct index_function functions[31];
	struct index_scope scopes[21];
	struct index_span spans[21];
	const uint32_t files[] = { 0 };
	const struct index_debug debug = {
		.files = files,
		.functions = functions,
		.scopes = scopes,
		.spans = spans,
		.n_files = 1,
		.n_functions = 31,
		.n_scopes = 21,
		.n_spans = 21,
	};
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_frame frame;

	for (uint32_t i = 0; i < 31; i++) {
		functions[i] = (struct index_function){ .start_line = i == 30 ? 11 : 10 };
		assert_int_equal(index_writer_add_name(w, &"abc"[i % 3], 1, &functions[i].name), 0);
	}
	for (uint32_t i = 0; i < 21; i++) {
		scopes[i] = (struct index_scope){ INDEX_NO_SCOPE, i < 20 ? i / 2 * 3 + i % 2 : 30, 0, 0 };
		spans[i] = (struct index_span){ 0x1000 + i, 1, i };
	}
	index_writer_set_debug(w, &debug);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(section_bytes(fd, INDEX_SCOPE_FUNCTIONS), 3 * sizeof(struct index_scope_function));
	assert_int_equal(index_open(fd, &index), 0);
	for (uint32_t i = 0; i < 21; i++) {
		assert_int_equal(index_lookup(index, 0x1000 + i, &frame, 1), 1);
		assert_string_equal(frame.function, i < 20 && i % 2 ? "b" : "a");
		assert_int_equal(frame.start_line, i < 20 ? 10 : 11);
	}
}

/* Numbers of every size, in every field of a record. */
static void test_scope_numbers(void **state)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		for (uint32_t i = 0; i < 81; i++) {
			const uint32_t n[] = { 0, (1u << bit) - 1, 1u << bit };
			const struct index_scope_record record = { n[i % 3],
								   n[i / 3 % 3],
								   { n[i / 9 % 3], n[i / 27] } };
			uint8_t bytes[INDEX_SCOPE_BYTES];
			struct index_scope_record back;

			memset(bytes, 0xff, sizeof(bytes));
			assert_in_range(index_scope_pack(&record, bytes), 2, 17);
			index_scope_read(bytes, &back);
			assert_memory_equal(&back, &record, sizeof(back));
		}
	}
}

/* One piece of each length, and what is left of it at both ends. */
static void test_piece_lengths(void **state)
{
	static const uint64_t lengths[] = { 1,       61,      62,      63,         64,         255,
					    65535,   65597,   65598,   65599,      0xffffffff, 0x100000000,
					    1 << 20, 1 << 30, 1 << 31, 1ULL << 40, 1ULL << 62 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const struct index_piece first = { .start = 0x1000, .scope = 1, .place = { 0, 5 } };
		const struct index_piece second = { .start = 0x1000 + lengths[i], .place = { 3, 9 } };
		struct {
			struct index_leaf leaf;
			uint8_t slack[INDEX_SLACK_BYTES];
		} b = {};
		struct index_piece found;

		assert_true(index_leaf_add(&b.leaf, &first));
		assert_true(index_leaf_add(&b.leaf, &second));
		index_leaf_find(b.leaf.bytes, lengths[i] - 1, &found);
		assert_int_equal(found.scope, 1);
		assert_int_equal(found.place.file, 0);
		assert_int_equal(found.place.line, 5);
		index_leaf_find(b.leaf.bytes, lengths[i], &found);
		assert_int_equal(found.start, lengths[i]);
		assert_int_equal(found.scope, 0);
		assert_int_equal(found.place.file, 3);
		assert_int_equal(found.place.line, 9);
	}
}

/* 300 starts are on three levels: 304 numbers, 19 and 13 of filling, 2 and 14. */
static void test_starts_levels(void **state)
{
	_Alignas(64) struct {
		struct index_starts_head head;
		uint32_t numbers[304 + 32 + 16];
	} b = { .head = { .base = 0x1000, .n = 300, .start_bytes = 4 } };
	struct index_starts starts;

	memset(b.numbers, 0xff, sizeof(b.numbers));
	for (uint32_t i = 0; i < 300; i++)
		b.numbers[i] = i * 10;
	for (uint32_t i = 0; i < 19; i++)
		b.numbers[304 + i] = i * 160;
	b.numbers[304 + 32] = 0;
	b.numbers[304 + 33] = 2560;
	assert_int_equal(index_starts_open((const char *)&b, sizeof(b), &starts), 0);
	assert_int_equal(starts.n_levels, 3);
	assert_int_equal(index_starts_count(&starts, 0xfff), 0);
	for (uint32_t rel = 0; rel < 3100; rel++)
		assert_int_equal(index_starts_count(&starts, 0x1000 + rel), rel < 3000 ? rel / 10 + 1 : 300);
	assert_int_equal(index_starts_count(&starts, UINT64_MAX), 300);
	for (size_t i = 0; i < ARRAY_SIZE(b.numbers); i++) {
		uint32_t *number = &b.numbers[i], old = *number;

		*number = old == UINT32_MAX ? UINT32_MAX - 1 : old + 10;
		assert_int_equal(index_starts_open((const char *)&b, sizeof(b), &starts), i == 299 ? 0 : -EBADMSG);
		*number = old;
	}
	assert_int_equal(index_starts_open((const char *)&b, sizeof(b) - 64, &starts), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope_numbers),
		cmocka_unit_test(test_piece_lengths),
		cmocka_unit_test(test_starts_levels),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_symbols_agree),
		cmocka_unit_test(test_symbol_wins),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_nothing_to_tell),
		cmocka_unit_test(test_functions_are_merged),
		cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_hostile_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
