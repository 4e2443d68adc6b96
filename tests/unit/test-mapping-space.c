// SPDX-License-Identifier: Apache-2.0
/*
 * mapping space: compared with a model that keeps, for each page and each moment, what was mapped there; and by hand
 * where the model says nothing (limits, sharing).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "workload/mapping-space.h"

#define N_PAGES 48
#define N_STEPS 60
#define N_FILES 3
#define PAGE 0x1000ULL
#define LIMIT 100000

struct fixture {
	struct names *names;
	struct mapping_store store;
	struct mapped_file *files[N_FILES + 1]; /* the last is NULL: anonymous */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(names_new(1 << 20, &f->names), 0);
	f->store.max_mappings = f->store.max_per_process = LIMIT;
	assert_int_equal(file_table_new(f->names, &f->store.files), 0);
	for (unsigned int i = 0; i < N_FILES; i++) {
		char path[] = { '/', (char)('a' + i), 0 };

		struct file_key key = { .ino = i + 1 };

		assert_int_equal(name_get(f->names, path, 2, &key.path), 0);
		assert_int_equal(file_table_get(f->store.files, &key, NULL, &f->files[i]), 0);
		name_unref(f->names, key.path);
	}
	*state = f;
	return 0;
}

/* All that the spaces took is given back. */
static int teardown(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < N_FILES; i++)
		file_table_unref(f->store.files, f->files[i]);
	assert_int_equal(file_table_count(f->store.files), 0);
	assert_int_equal(names_bytes(f->names), 0);
	assert_int_equal(f->store.n_mappings, 0);
	assert_int_equal(f->store.bytes, 0);
	file_table_free(f->store.files);
	names_free(f->names);
	free(f);
	return 0;
}

static void add(struct fixture *f, struct mapping_space *space, uint64_t first, uint64_t n, unsigned int file,
		uint64_t offset, uint64_t now)
{
	const struct mapping m = {
		.start = first * PAGE,
		.end = (first + n) * PAGE,
		.file_offset = offset * PAGE,
		.from_ns = now,
		.to_ns = UINT64_MAX,
		.file = mapped_file_ref(f->files[file]),
	};

	assert_int_equal(mapping_space_add(space, &f->store, &m, now), 0);
}

/* What a page held: 0 nothing, else file + 1 and the page of the file. */
struct page {
	unsigned int file;
	uint64_t offset;
};

struct model {
	struct mapping_space space;
	struct page history[N_STEPS][N_PAGES];
};

static uint64_t random_below(uint64_t *seed, uint64_t n)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 33) % n;
}

static void step(struct fixture *f, struct model *model, uint64_t now, uint64_t *seed)
{
	uint64_t first = random_below(seed, N_PAGES), n = 1 + random_below(seed, N_PAGES - first);
	unsigned int file = (unsigned int)random_below(seed, N_FILES + 2);
	uint64_t offset = random_below(seed, 4) ? first : first + 1; /* mostly such that neighbours continue */

	if (n > 12)
		n = 1 + n % 12;
	if (now > 0)
		memcpy(model->history[now], model->history[now - 1], sizeof(model->history[now]));
	for (uint64_t i = first; i < first + n; i++)
		model->history[now][i] =
			file > N_FILES ? (struct page){} : (struct page){ file + 1, offset + i - first };
	if (file > N_FILES)
		assert_int_equal(mapping_space_remove(&model->space, &f->store, first * PAGE, (first + n) * PAGE,
						      now + 1),
				 0);
	else
		add(f, &model->space, first, n, file, offset, now + 1);
}

/* Where nothing was mapped, only what came to be there later may seem to have been there already. */
static bool comes_later(const struct fixture *f, const struct model *model, const struct mapping *m, uint64_t t,
			uint64_t i, uint64_t now)
{
	for (; t <= now; t++) {
		const struct page *page = &model->history[t][i];

		if (page->file && m->file == f->files[page->file - 1] &&
		    (!m->file || i * PAGE - m->start + m->file_offset == page->offset * PAGE))
			return true;
	}
	return false;
}

static void check(const struct fixture *f, const struct model *model, uint64_t from, uint64_t now)
{
	for (uint64_t t = from; t <= now; t++) {
		for (uint64_t i = 0; i < N_PAGES; i++) {
			const struct page *wanted = &model->history[t][i];
			uint64_t addr = i * PAGE + 0x123;
			const struct mapping *m = mapping_space_find(&model->space, addr, t + 1);

			if (!wanted->file) {
				assert_true(!m || comes_later(f, model, m, t + 1, i, now));
				continue;
			}
			assert_non_null(m);
			assert_ptr_equal(m->file, f->files[wanted->file - 1]);
			if (m->file)
				assert_int_equal(addr - m->start + m->file_offset, wanted->offset * PAGE + 0x123);
		}
	}
}

static void test_against_model(void **state)
{
	struct fixture *f = *state;
	static struct model parent, child;

	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t random = seed, fork_at = random_below(&random, N_STEPS);

		memset(&parent, 0, sizeof(parent));
		memset(&child, 0, sizeof(child));
		for (uint64_t now = 0; now < N_STEPS; now++) {
			step(f, &parent, now, &random);
			if (now == fork_at) {
				mapping_space_fork(&parent.space, &child.space);
				memcpy(child.history, parent.history, sizeof(child.history));
			}
			if (now > fork_at)
				step(f, &child, now, &random);
		}
		check(f, &parent, 0, N_STEPS - 1);
		check(f, &child, fork_at, N_STEPS - 1);
		mapping_space_expire(&parent.space, &f->store, N_STEPS / 2 + 1);
		check(f, &parent, N_STEPS / 2, N_STEPS - 1);
		mapping_space_done(&parent.space, &f->store);
		check(f, &child, fork_at, N_STEPS - 1);
		mapping_space_done(&child.space, &f->store);
	}
	assert_int_equal(f->store.n_dropped, 0);
}

static void test_growing_code_cache_is_one(void **state)
{
	struct fixture *f = *state;
	struct mapping_space space = {};

	for (uint64_t i = 0; i < 5000; i++)
		add(f, &space, 100 + i, 1, N_FILES, 0, 1 + i);
	for (uint64_t i = 0; i < 50; i++) /* and downwards */
		add(f, &space, 99 - i, 1, N_FILES, 0, 10000 + i);
	assert_int_equal(mapping_space_count(&space), 1);
	assert_non_null(mapping_space_find(&space, 5099 * PAGE, 20000));
	assert_null(mapping_space_find(&space, 5100 * PAGE, 20000));
	mapping_space_done(&space, &f->store);
}

static void test_children_share(void **state)
{
	struct fixture *f = *state;
	struct mapping_space parent = {}, children[100] = {};
	size_t bytes;

	for (uint64_t i = 0; i < 30; i++)
		add(f, &parent, 2 * i, 1, i % N_FILES, 0, 1);
	bytes = f->store.bytes;
	for (size_t i = 0; i < ARRAY_SIZE(children); i++)
		mapping_space_fork(&parent, &children[i]);
	assert_int_equal(f->store.bytes, bytes);
	assert_int_equal(f->store.n_mappings, 30);
	add(f, &children[0], 100, 1, 0, 0, 2);
	assert_int_equal(f->store.n_mappings, 61);
	assert_null(mapping_space_find(&parent, 100 * PAGE, 3));
	assert_null(mapping_space_find(&children[1], 100 * PAGE, 3));
	assert_non_null(mapping_space_find(&children[0], 100 * PAGE, 3));
	mapping_space_done(&parent, &f->store);
	for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
		assert_non_null(mapping_space_find(&children[i], 4 * PAGE, 3));
		mapping_space_done(&children[i], &f->store);
	}
}

/* When other code last came to lie where some was. */
static void test_replaced(void **state)
{
	struct fixture *f = *state;
	struct mapping_space parent = {}, child = {};

	assert_int_equal(mapping_space_replaced_ns(&parent), 0);
	add(f, &parent, 10, 4, 0, 0, 1);
	add(f, &parent, 14, 4, 1, 0, 2); /* beside it */
	add(f, &parent, 12, 4, 0, 2, 3); /* over the other file */
	assert_int_equal(mapping_space_replaced_ns(&parent), 3);
	add(f, &parent, 10, 4, 0, 0, 4); /* what is there already */
	add(f, &parent, 10, 2, 0, 1, 5); /* another part of the same file */
	assert_int_equal(mapping_space_remove(&parent, &f->store, 16 * PAGE, 17 * PAGE, 6), 0);
	assert_int_equal(mapping_space_replaced_ns(&parent), 3);
	mapping_space_fork(&parent, &child);
	add(f, &child, 10, 1, N_FILES, 0, 7); /* code of its own */
	assert_int_equal(mapping_space_replaced_ns(&child), 7);
	assert_int_equal(mapping_space_replaced_ns(&parent), 3);
	add(f, &child, 10, 1, 2, 0, 8); /* and back */
	assert_int_equal(mapping_space_replaced_ns(&child), 8);
	mapping_space_done(&parent, &f->store);
	mapping_space_done(&child, &f->store);
}

static void test_limit_per_process(void **state)
{
	struct fixture *f = *state;
	struct mapping_space space = {};

	f->store.max_per_process = 10;
	for (uint64_t i = 0; i < 15; i++)
		add(f, &space, 2 * i, 1, i % N_FILES, 0, 1);
	assert_int_equal(mapping_space_count(&space), 10);
	assert_int_equal(f->store.n_dropped, 5);

	/* no room for what ends: it is forgotten, but never answers for the present */
	add(f, &space, 0, 1, 1, 7, 5);
	assert_int_equal(f->store.n_dropped, 6);
	assert_ptr_equal(mapping_space_find(&space, 0, 5)->file, f->files[1]);
	assert_null(mapping_space_find(&space, 0, 4));

	/* one split into three: the right rest goes */
	mapping_space_done(&space, &f->store);
	f->store.max_per_process = 2;
	f->store.n_dropped = 0;
	add(f, &space, 0, 10, 0, 0, 1);
	add(f, &space, 4, 1, 1, 0, 2);
	assert_int_equal(mapping_space_count(&space), 2);
	assert_int_equal(f->store.n_dropped, 2);
	assert_null(mapping_space_find(&space, 4 * PAGE, 2));
	assert_null(mapping_space_find(&space, 7 * PAGE, 2));
	assert_ptr_equal(mapping_space_find(&space, 1 * PAGE, 2)->file, f->files[0]);
	mapping_space_done(&space, &f->store);
}

static void test_limit_of_all(void **state)
{
	struct fixture *f = *state;
	struct mapping_space a = {}, b = {};

	f->store.max_mappings = 5;
	for (uint64_t i = 0; i < 3; i++)
		add(f, &a, 2 * i, 1, 0, 0, 1);
	mapping_space_fork(&a, &b);
	add(f, &b, 50, 1, 1, 0, 2); /* a list of its own would be 6 */
	assert_null(mapping_space_find(&b, 50 * PAGE, 3));
	assert_non_null(mapping_space_find(&b, 0, 3));
	assert_int_equal(f->store.n_mappings, 3);
	assert_int_equal(f->store.n_dropped, 1);
	mapping_space_done(&a, &f->store);
	mapping_space_done(&b, &f->store);
}

static void test_replace_file(void **state)
{
	struct fixture *f = *state;
	struct mapping_space parent = {}, child = {};

	add(f, &parent, 0, 1, 0, 0, 1);
	add(f, &parent, 2, 1, 0, 0, 1);
	add(f, &parent, 2, 1, 1, 0, 5);
	mapping_space_fork(&parent, &child);
	assert_int_equal(mapping_space_replace_file(&parent, &f->store, f->files[0], f->files[2]), 2);
	assert_ptr_equal(mapping_space_find(&parent, 0, 9)->file, f->files[2]);
	assert_ptr_equal(mapping_space_find(&parent, 2 * PAGE, 4)->file, f->files[2]);
	assert_ptr_equal(mapping_space_find(&parent, 2 * PAGE, 5)->file, f->files[1]);
	assert_ptr_equal(mapping_space_find(&child, 0, 9)->file, f->files[0]);
	assert_int_equal(mapping_space_replace_file(&parent, &f->store, f->files[0], f->files[2]), 0);
	mapping_space_done(&parent, &f->store);
	mapping_space_done(&child, &f->store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_against_model, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growing_code_cache_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_children_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_per_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit_of_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
