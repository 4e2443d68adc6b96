// SPDX-License-Identifier: Apache-2.0
/*
 * index timer: what look-ups in an index file cost, for tests/bench/bench-index. The index is made up, of as many
 * functions as the argument says; each has what a Rust program's have on average: 43 calls inlined into it, four deep,
 * 35 pieces of code, 48 lines, and seven names. Prints one line of numbers: bytes of the file, of its strings; CPU ns
 * of gathering the names, of writing the file, of opening it (the best of RUNS); then, over the same N_LOOKUPS random
 * addresses, ns of a look-up for the first time, with nothing of the index in the processor's caches, the same with all
 * strings read, again (the best of RUNS), again with all strings read; frames found, and the growth of the highest
 * resident size while it was made.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "common/parse.h"
#include "symbolizer/demangle.h"
#include "symbolizer/index-format.h"
#include "symbolizer/index-writer.h"
#include "tests/bench/least.h"

#define RUNS 40
#define N_LOOKUPS 10000
#define N_SCOPES 44 /* of a function, and so on */
#define N_SPANS 35
#define N_LINES 48
#define N_NAMES 7
#define N_FILES 600
#define FUNCTION_BYTES 528
#define CACHE_BYTES ((size_t)128 << 20)

static uint64_t random_u64(void)
{
	static uint64_t state = 0x2545f4914f6cdd1d;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t random_below(uint64_t n)
{
	return (uint32_t)(random_u64() % n);
}

struct program {
	size_t n;
	struct index_writer *writer;
	uint32_t files[N_FILES];
	struct index_function *functions;
	struct index_scope *scopes;
	struct index_span *spans;
	struct index_line *lines;
};

static void *allocate(size_t n, size_t size)
{
	void *p = malloc(n * size);

	if (!p)
		abort();
	return memset(p, 0, n * size); /* resident from now on */
}

/* Rust's names: monomorphic copies differ in their hash, which a demangled name does not have. */
static size_t name_of(char ret[128], uint64_t i)
{
	uint64_t hash = (i + 1) * 0x9e3779b97f4a7c15;

	return (size_t)snprintf(ret, 128, "_ZN8crate%03u6option29Option$LT$alloc..vec..Vec$GT$8method%02u17h%016lxE",
				(unsigned int)(hash >> 20) % 1000, (unsigned int)(hash >> 40) % 40, hash);
}

static int add_names(struct program *p)
{
	char text[128];

	for (uint32_t i = 1; i < N_FILES; i++) {
		int n = snprintf(text, sizeof(text), "/root/.cargo/registry/src/index.crates.io/crate-1.0/src/f%u.rs",
				 i);

		if (index_writer_add_string(p->writer, text, (size_t)n, &p->files[i]) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n * N_NAMES; i++) {
		size_t n = name_of(text, i);

		if (index_writer_add_name(p->writer, text, n, &p->functions[i].name) < 0)
			return -1;
		p->functions[i].start_line = random_below(3000);
	}
	return 0;
}

/* Half of all calls go to one function in a hundred. */
static uint32_t random_function(const struct program *p)
{
	size_t n = p->n * N_NAMES;

	return random_below(2) ? random_below(n / 100 + 1) : random_below(n);
}

static void add_scopes(struct program *p, size_t i)
{
	uint32_t root = (uint32_t)(i * N_SCOPES);

	p->scopes[root] = (struct index_scope){ .parent = INDEX_NO_SCOPE, .function = random_function(p) };
	for (uint32_t k = 1; k < N_SCOPES; k++) {
		struct index_scope *s = &p->scopes[root + k];

		s->parent = root + k - 1 - random_below(k < 3 ? k : 3) * (random_below(4) == 0);
		if (random_below(6) == 0)
			s->parent = root;
		s->function = random_function(p);
		s->call_file = p->scopes[s->parent].function % N_FILES;
		s->call_line = p->functions[p->scopes[s->parent].function].start_line + random_below(60);
	}
}

static void add_code(struct program *p, size_t i)
{
	const uint64_t start = 0x1000 + i * FUNCTION_BYTES;
	const uint32_t root = (uint32_t)(i * N_SCOPES);

	for (uint32_t k = 0; k < N_SPANS; k++) {
		p->spans[i * N_SPANS + k] =
			(struct index_span){ start + 15 * k, 15, root + (k + random_below(10)) % N_SCOPES };
	}
	for (uint32_t k = 0; k < N_LINES; k++) {
		const struct index_span *span = &p->spans[i * N_SPANS + k * 11 / 15];
		uint32_t function = p->scopes[span->scope].function;

		p->lines[i * N_LINES + k] = (struct index_line){ start + 11 * k, function % N_FILES,
								 p->functions[function].start_line + random_below(40) };
	}
}

/* One in eight is called otherwise, as a part or a copy is. */
static int add_symbol(struct program *p, size_t i)
{
	uint64_t function = p->scopes[i * N_SCOPES].function;
	char linkage[128], name[DEMANGLE_MAX_BYTES + 1];

	name_of(linkage, i % 8 ? function : p->n * N_NAMES + i);
	if (!demangle(linkage, name))
		abort();
	return index_writer_add_function(p->writer, 0x1000 + i * FUNCTION_BYTES, FUNCTION_BYTES - 2, name, linkage);
}

static int make_index(struct program *p, int fd, uint64_t *ret_names_ns, uint64_t *ret_write_ns)
{
	const struct index_debug debug = {
		.files = p->files,
		.functions = p->functions,
		.scopes = p->scopes,
		.spans = p->spans,
		.lines = p->lines,
		.n_files = N_FILES,
		.n_functions = p->n * N_NAMES,
		.n_scopes = p->n * N_SCOPES,
		.n_spans = p->n * N_SPANS,
		.n_lines = p->n * N_LINES,
	};
	uint64_t from = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);

	if (index_writer_add_segment(p->writer, &(struct index_segment){ .mem_bytes = 1 }) < 0 || add_names(p) < 0)
		return -1;
	*ret_names_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - from;
	for (size_t i = 0; i < p->n; i++) {
		add_scopes(p, i);
		add_code(p, i);
		if (add_symbol(p, i) < 0)
			return -1;
	}
	index_writer_set_debug(p->writer, &debug);
	from = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (index_writer_finish(p->writer, fd) < 0)
		return -1;
	*ret_write_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - from;
	return 0;
}

static uint64_t string_bytes(int fd)
{
	struct index_section s = {};
	off_t at = sizeof(struct index_header);

	while (s.kind != INDEX_STRINGS) {
		if (pread(fd, &s, sizeof(s), at) != sizeof(s))
			abort();
		at += sizeof(s);
	}
	return s.size;
}

static size_t look_up(const struct index *index, const uint64_t *addrs, bool strings)
{
	struct index_frame frames[INDEX_MAX_INLINED];
	volatile size_t sink = 0;
	size_t n_frames = 0;

	for (size_t i = 0; i < N_LOOKUPS; i++) {
		size_t n = index_lookup(index, addrs[i], frames, INDEX_MAX_INLINED);

		n_frames += n;
		for (size_t k = 0; k < n && strings; k++)
			sink += strlen(frames[k].function) + strlen(frames[k].linkage_name) +
				(frames[k].file ? strlen(frames[k].file) : 0);
	}
	return n_frames;
}

/* Takes everything out of the caches by filling them with something else. */
static void clear_caches(void)
{
	static char *other;
	volatile char sink = 0;

	if (!other)
		other = allocate(CACHE_BYTES, 1);
	for (size_t i = 0; i < CACHE_BYTES; i += 64)
		sink += other[i];
}

static uint64_t first_ns(const struct index *index, const uint64_t *addrs, bool strings)
{
	uint64_t from;

	clear_caches();
	from = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	look_up(index, addrs, strings);
	return clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - from;
}

static uint64_t again_ns(const struct index *index, const uint64_t *addrs, bool strings, size_t *ret_frames)
{
	uint64_t least = 0;

	for (size_t run = 0; run < RUNS; run++) {
		uint64_t from = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);

		*ret_frames = look_up(index, addrs, strings);
		keep_least(&least, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - from);
	}
	return least;
}

static int open_index(int fd, uint64_t *ret_ns, struct index **ret)
{
	*ret_ns = 0;
	*ret = NULL;
	for (size_t run = 0; run < RUNS; run++) {
		uint64_t from = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);

		*ret = index_free(*ret);
		if (index_open(fd, ret) < 0)
			return -1;
		keep_least(ret_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - from);
	}
	return 0;
}

static void measure(int fd, const struct program *p, uint64_t names_ns, uint64_t write_ns, long grown_kib)
{
	_cleanup_(index_freep) struct index *index = NULL;
	uint64_t open_ns, first, first_strings, again, again_strings;
	uint64_t addrs[N_LOOKUPS];
	size_t n_frames;

	for (size_t i = 0; i < N_LOOKUPS; i++)
		addrs[i] = 0x1000 + random_u64() % (p->n * FUNCTION_BYTES);
	if (open_index(fd, &open_ns, &index) < 0)
		abort();
	first = first_ns(index, addrs, false);
	first_strings = first_ns(index, addrs, true);
	again = again_ns(index, addrs, false, &n_frames);
	again_strings = again_ns(index, addrs, true, &n_frames);
	printf("%zu %lu %lu %lu %lu %lu %lu %lu %lu %zu %ld\n", index_mapped_bytes(index), string_bytes(fd), names_ns,
	       write_ns, open_ns, first / N_LOOKUPS, first_strings / N_LOOKUPS, again / N_LOOKUPS,
	       again_strings / N_LOOKUPS, n_frames, grown_kib * 1024);
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage); /* pages of the file are not mapped, and so not resident */
	return usage.ru_maxrss;
}

int main(int argc, char **argv)
{
	_cleanup_close_ int fd = memfd_create("index", MFD_CLOEXEC);
	uint64_t n, names_ns, write_ns;
	struct program p = {};
	long kib;

	if (argc != 2 || parse_u64(argv[1], 10, &n) < 0 || n == 0 || fd < 0)
		return 2;
	p.n = n;
	p.functions = allocate(n * N_NAMES, sizeof(*p.functions));
	p.scopes = allocate(n * N_SCOPES, sizeof(*p.scopes));
	p.spans = allocate(n * N_SPANS, sizeof(*p.spans));
	p.lines = allocate(n * N_LINES, sizeof(*p.lines));
	if (index_writer_new(62, &(struct build_id){}, &p.writer) < 0)
		return 1;
	kib = peak_kib();
	if (make_index(&p, fd, &names_ns, &write_ns) < 0)
		return 1;
	kib = peak_kib() - kib;
	index_writer_free(p.writer);
	measure(fd, &p, names_ns, write_ns, kib);
	free(p.functions);
	free(p.scopes);
	free(p.spans);
	free(p.lines);
	return 0;
}
