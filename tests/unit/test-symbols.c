// SPDX-License-Identifier: Apache-2.0
/* symbols: which of several names is kept, what sizes and their absence mean, and the limits; then a naive model. */
#include "tests/unit/tool.h"

#include "symbolizer/symbols.h"

static struct symbol sized(uint64_t start, uint64_t size, const char *name)
{
	return (struct symbol){
		.start = start,
		.end = start + size,
		.name = name,
		.name_bytes = (uint16_t)strlen(name),
		.sized = true,
	};
}

static struct symbol without_size(uint64_t start, uint64_t limit, const char *name)
{
	struct symbol s = sized(start, limit - start, name);

	s.sized = false;
	return s;
}

static struct index *write_index(struct symbols *s)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_close_ int fd = memfd_create("index", MFD_CLOEXEC);
	struct build_id id = {};
	struct index *index;

	assert_int_equal(symbols_settle(s), 0);
	assert_int_equal(index_writer_new(62, &id, &w), 0);
	index_writer_keep_names_apart(w);
	assert_int_equal(symbols_write(s, w), 0);
	assert_int_equal(index_writer_finish(w, fd), 0);
	assert_int_equal(index_open(fd, &index), 0);
	symbols_done(s);
	return index;
}

static struct index *index_of(const struct symbol *symbols, size_t n)
{
	struct symbols s = {};

	for (size_t i = 0; i < n; i++)
		assert_int_equal(symbols_add(&s, &symbols[i]), 0);
	return write_index(&s);
}

static const char *name_at(const struct index *index, uint64_t addr)
{
	struct index_frame frame;

	return index_lookup(index, addr, &frame, 1) ? frame.linkage_name : "";
}

/* The better name of each pair, whichever comes first. */
static void test_aliases(void **state)
{
	struct symbol better[8], worse[8];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(better); i++) {
		better[i] = sized(0x1000, 16, "better");
		worse[i] = sized(0x1000, 16, "a"); /* shorter, and before it */
	}
	worse[n++].untyped = true;
	worse[n++].binding = SYMBOL_WEAK;
	worse[n++].binding = SYMBOL_LOCAL;
	better[n].binding = SYMBOL_WEAK;
	worse[n++].binding = SYMBOL_LOCAL;
	worse[n++].source = SYMBOL_DYNSYM;
	better[n].source = SYMBOL_DYNSYM;
	worse[n++].source = SYMBOL_PLT;
	worse[n++].end--;
	worse[n++].sized = false;
	assert_int_equal(n, ARRAY_SIZE(better));
	for (size_t i = 0; i < 2 * n; i++) {
		const struct symbol pair[] = { i % 2 ? better[i / 2] : worse[i / 2],
					       i % 2 ? worse[i / 2] : better[i / 2] };
		_cleanup_(index_freep) struct index *index = index_of(pair, 2);

		if (strncmp(name_at(index, 0x1000), "better", 6) != 0)
			fail_msg("pair %zu: %s", i, name_at(index, 0x1000));
		assert_string_not_equal(name_at(index, 0x100f), "");
		assert_string_equal(name_at(index, 0x1010), "");
	}
}

/* Equals of .symtab: the last one, as llvm-symbolizer has it; of .dynsym: the best known. */
static void test_equals(void **state)
{
	static const char *const names[] = { "__memcpy", "memcpy_longer", "memcpy", "zemcpy", "_a" };
	struct symbol all[ARRAY_SIZE(names)];

	for (int source = SYMBOL_SYMTAB; source <= SYMBOL_DYNSYM; source++) {
		_cleanup_(index_freep) struct index *index = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			all[i] = sized(0x1000, 16, names[i]);
			all[i].source = (uint8_t)source;
		}
		index = index_of(all, ARRAY_SIZE(all));
		assert_string_equal(name_at(index, 0x1000), source == SYMBOL_SYMTAB ? "_a" : "memcpy");
	}
}

/* A resolver and what it resolves to are two functions; a GNU_IFUNC symbol names the resolver. */
static void test_ifunc(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int fd = -1, out = memfd_create("index", MFD_CLOEXEC);
	_cleanup_(buf_done) struct buf text = {};
	_cleanup_free_ char *path = NULL;
	unsigned long resolver, variant;
	struct build_id id;

	assert_true(asprintf(&path, "%s/i.so", (char *)*state) > 0);
	tool_run("printf 'static int fast(int a) { return a * 3; }\n"
		 "typedef int f(int);\nstatic f *choose(void) { return fast; }\n"
		 "int work(int a) __attribute__((ifunc(\"choose\")));\n' > %s.c && gcc -O1 -shared -fPIC -o %s %s.c",
		 path, path, path);
	tool_read(&text, "nm %s | awk '$3 == \"work\" {r = $1} $3 == \"fast\" {v = $1} END {print r, v}'", path);
	assert_int_equal(sscanf(text.data, "%lx %lx", &resolver, &variant), 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_index_build(fd, out, NULL, &id), 0);
	assert_int_equal(index_open(out, &index), 0);
	assert_string_equal(name_at(index, resolver), "work");
	assert_string_equal(name_at(index, variant), "fast");
}

static void test_sizes(void **state)
{
	const struct symbol all[] = {
		sized(0x1000, 0x100, "outer"),           sized(0x1020, 0x20, "inner"),
		without_size(0x1030, 0x3000, "label"),   sized(0x10f0, 0x40, "over_the_end"),
		without_size(0x2000, 0x3000, "asm_one"), without_size(0x2010, 0x3000, "asm_two"),
		sized(UINT64_MAX - 16, 8, "last"),
	};
	_cleanup_(index_freep) struct index *index = index_of(all, ARRAY_SIZE(all));
	static const struct {
		uint64_t addr;
		const char *name;
	} expected[] = {
		{ 0xfff, "" },
		{ 0x1000, "outer" },
		{ 0x101f, "outer" },
		{ 0x1020, "inner" },
		{ 0x1030, "inner" },
		{ 0x103f, "inner" },
		{ 0x1040, "outer" },
		{ 0x10ef, "outer" },
		{ 0x10f0, "over_the_end" },
		{ 0x1100, "over_the_end" },
		{ 0x112f, "over_the_end" },
		{ 0x1130, "" },
		{ 0x2000, "asm_one" },
		{ 0x200f, "asm_one" },
		{ 0x2010, "asm_two" },
		{ 0x2fff, "asm_two" },
		{ 0x3000, "" },
		{ UINT64_MAX - 9, "last" },
		{ UINT64_MAX - 8, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		if (strcmp(name_at(index, expected[i].addr), expected[i].name) != 0)
			fail_msg("%llx is %s", (unsigned long long)expected[i].addr, name_at(index, expected[i].addr));
	}
}

/* A name of 64 KiB comes out of an ELF file cut at the limit, and what fits is demangled. */
static void test_long_names(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int fd = -1, out = memfd_create("index", MFD_CLOEXEC);
	_cleanup_free_ char *path = NULL;
	struct index_frame frame;
	struct build_id id;
	unsigned int found = 0;

	assert_true(asprintf(&path, "%s/long.so", (char *)*state) > 0);
	tool_run("python3 -c \"print('.text\\n' + ''.join('.globl %%s\\n.type %%s,@function\\n%%s: .skip 16\\n.size "
		 "%%s,16\\n' "
		 "%% ((n,) * 4) for n in ('x' * 65536, '_Z1000' + 'y' * 1000 + 'v', '_Z2000' + 'z' * 2000 + 'v')))\" "
		 "> %s.s && gcc -shared -nostdlib -o %s %s.s",
		 path, path, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_index_build(fd, out, NULL, &id), 0);
	assert_int_equal(index_open(out, &index), 0);
	assert_int_equal(index_n_functions(index), 3);
	for (uint64_t addr = index_segments(index)[0].vaddr, n = 0; n < 256 && found != 7; n++, addr += 4) {
		if (!index_lookup(index, addr, &frame, 1))
			continue;
		if (frame.linkage_name[0] == 'x') {
			assert_int_equal(strspn(frame.function, "x"), SYMBOL_NAME_BYTES);
			assert_int_equal(strlen(frame.linkage_name), SYMBOL_NAME_BYTES);
			found |= 1;
		} else if (strchr(frame.linkage_name, 'y')) {
			assert_int_equal(strspn(frame.function, "y"), 1000);
			assert_string_equal(frame.function + 1000, "()");
			found |= 2;
		} else {
			assert_int_equal(strlen(frame.function), SYMBOL_NAME_BYTES);
			assert_memory_equal(frame.function, "_Z2000zz", 8);
			found |= 4;
		}
	}
	assert_int_equal(found, 7);
}

/* One that many others lie in is in as many pieces: its name is kept once. */
static void test_pieces(void **state)
{
	static char name[SYMBOL_NAME_BYTES];
	_cleanup_(index_freep) struct index *index = NULL;
	static struct symbol all[10001];

	memset(name, 'o', sizeof(name) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = i ? sized(0x1000 + 16 * i, 8, "inner") : sized(0x1000, 16 * ARRAY_SIZE(all), name);
	index = index_of(all, ARRAY_SIZE(all));
	assert_int_equal(index_n_functions(index), 20001);
	assert_in_range(index_mapped_bytes(index), 20001 * 16, 20001 * 20);
	assert_string_equal(name_at(index, 0x1000 + 16 * 10000), "inner");
	assert_string_equal(name_at(index, 0x1000 + 16 * 10000 + 8), name);
}

static void test_million(void **state)
{
	enum {
		N = 1000000
	};
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_free_ char *names = malloc((size_t)N * 16);
	struct symbols s = {};

	assert_non_null(names);
	for (size_t i = 0; i < N; i++) {
		size_t shuffled = i * 7919 % N;
		char *name = names + i * 16;
		struct symbol symbol;

		snprintf(name, 16, "f%zu", shuffled);
		symbol = sized(0x1000 + shuffled * 32, 32, name);
		assert_int_equal(symbols_add(&s, &symbol), 0);
	}
	index = write_index(&s);
	assert_int_equal(index_n_functions(index), N);
	for (size_t i = 0; i < N; i += 997) {
		char name[32];

		snprintf(name, sizeof(name), "f%zu", i);
		assert_string_equal(name_at(index, 0x1000 + i * 32 + 31), name);
	}
}

/* Of the sized ones that cover an address, the one that starts last; of those, the last one added. */
static void test_model(void **state)
{
	enum {
		N = 300,
		SPAN = 4000
	};
	static char names[N][8];

	srandom(3);
	for (int round = 0; round < 20; round++) {
		_cleanup_(index_freep) struct index *index = NULL;
		struct symbol all[N];

		for (size_t i = 0; i < N; i++) {
			snprintf(names[i], sizeof(names[i]), "s%zu", i);
			all[i] = sized(0x1000 + (uint64_t)random() % SPAN, 1 + (uint64_t)random() % 60, names[i]);
			for (size_t k = 0; k < i; k++) {
				if (all[k].start == all[i].start)
					all[i].end = all[k].end; /* else the larger one hides the other's end */
			}
		}
		index = index_of(all, N);
		for (uint64_t addr = 0x1000; addr < 0x1000 + SPAN + 100; addr++) {
			const struct symbol *best = NULL;

			for (size_t i = 0; i < N; i++) {
				if (addr >= all[i].start && addr < all[i].end && (!best || all[i].start >= best->start))
					best = &all[i];
			}
			assert_string_equal(name_at(index, addr), best ? best->name : "");
		}
	}
}

/* Settled in pieces they are what they are when settled at once. */
static void test_settle_in_pieces(void **state)
{
	_cleanup_(symbols_done) struct symbols whole = {}, pieces = {};
	static const char *const names[] = { "a", "b", "_c" };

	for (uint64_t i = 0; i < 3000; i++) {
		struct symbol s = sized(0x1000 + i * i % 1009 * 16, 1 + i % 7, names[i % 3]);

		s.sized = i % 5 != 0;
		s.binding = (uint8_t)(i / 2500);
		assert_int_equal(symbols_add(&whole, &s), 0);
		assert_int_equal(symbols_add(&pieces, &s), 0);
		if (i % 1000 == 10)
			assert_int_equal(symbols_settle(&pieces), 0);
	}
	assert_int_equal(symbols_settle(&whole), 0);
	assert_int_equal(symbols_settle(&pieces), 0);
	assert_int_equal(pieces.n, whole.n);
	for (size_t i = 0; i < whole.n; i++) {
		assert_int_equal(pieces.all[i].start, whole.all[i].start);
		assert_int_equal(pieces.all[i].end, whole.all[i].end);
		assert_ptr_equal(pieces.all[i].name, whole.all[i].name);
	}
}

/* Also where one lies so far away that the others share a place. */
static void test_find(void **state)
{
	_cleanup_(symbols_done) struct symbols s = {};
	struct symbol far = sized(UINT64_MAX - 100, 16, "far"), late = sized(0x1001, 1, "late");

	assert_null(symbols_find(&s, 0));
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(symbols_add(&s, &(struct symbol){ .start = 0x1000 + 16 * i }), 0);
	for (size_t pass = 0; pass < 2; pass++) {
		assert_int_equal(symbols_settle(&s), 0);
		for (uint64_t i = 0; i < 1000; i++) {
			assert_non_null(symbols_find(&s, 0x1000 + 16 * i));
			assert_int_equal(symbols_find(&s, 0x1000 + 16 * i)->start, 0x1000 + 16 * i);
			assert_null(symbols_find(&s, 0x1008 + 16 * i));
		}
		assert_null(symbols_find(&s, 0xfff));
		assert_null(symbols_find(&s, UINT64_MAX));
		assert_int_equal(symbols_add(&s, &far), 0);
	}
	assert_int_equal(symbols_settle(&s), 0);
	assert_non_null(symbols_find(&s, far.start));
	assert_int_equal(symbols_add(&s, &late), 0);
	assert_null(symbols_find(&s, late.start)); /* not settled yet */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_equals),
		cmocka_unit_test_setup_teardown(test_ifunc, tool_dir_new, tool_dir_free),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test_setup_teardown(test_long_names, tool_dir_new, tool_dir_free),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_million),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_settle_in_pieces),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
