// SPDX-License-Identifier: Apache-2.0
/* dwarf package: an index of three units written by hand, of both versions, and what is wrong with others. */
#include "tests/unit/tool.h"

#include "symbolizer/dwarf-package.h"

#define N_SLOTS 4
#define N_UNITS 3
#define N_COLUMNS 5

struct package_bytes {
	uint32_t version, n_columns, n_units, n_slots;
	uint64_t ids[N_SLOTS];
	uint32_t rows[N_SLOTS];
	uint32_t columns[N_COLUMNS];
	uint32_t offsets[N_UNITS][N_COLUMNS];
	uint32_t sizes[N_UNITS][N_COLUMNS];
};

#define PACKAGE_BYTES (offsetof(struct package_bytes, sizes) + sizeof(uint32_t[N_UNITS][N_COLUMNS]))

/* a: its slot is 1. b: 1 too, and by its step (3 | 1) then 0. c: 0, and by its step (2 | 1) then 3. */
#define ID_A 0x0000000100000001
#define ID_B 0x0000000300000005
#define ID_C 0x0000000200000008

static const struct package_bytes good = {
	.version = 5,
	.n_columns = N_COLUMNS,
	.n_units = N_UNITS,
	.n_slots = N_SLOTS,
	.ids = { ID_B, ID_A, 0, ID_C },
	.rows = { 2, 1, 0, 3 },
	.columns = { 1, 3, 6, 8, 4 }, /* info, abbrev, str_offsets, rnglists, line */
	.offsets = { { 0, 10, 20, 30, 40 }, { 100, 110, 120, 130, 140 }, { 200, 210, 220, 230, 240 } },
	.sizes = { { 50, 1, 1, 1, 1 }, { 51, 1, 1, 1, 1 }, { 52, 1, 1, 1, 1 } },
};

static bool find(const struct package_bytes *b, size_t size, uint64_t id, struct dwarf_piece *ret)
{
	const struct dwarf_bytes section = { .data = (const uint8_t *)b, .size = size };

	return dwarf_package_find(&section, id, ret);
}

static void test_found(void **state)
{
	static const uint64_t ids[] = { ID_A, ID_B, ID_C };
	struct dwarf_piece p;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		assert_true(find(&good, sizeof(good), ids[i], &p));
		assert_int_equal(p.info, 100 * i);
		assert_int_equal(p.info_end, 100 * i + 50 + i);
		assert_int_equal(p.abbrev, 100 * i + 10);
		assert_int_equal(p.str_offsets, 100 * i + 20);
		assert_int_equal(p.rnglists, 100 * i + 30);
	}
	assert_false(find(&good, sizeof(good), 0x700000002, &p)); /* its slot is free */
	assert_false(find(&good, sizeof(good), 0x70000000d, &p)); /* ends at the free one */
}

/* Number 8 is another section before DWARF 5. */
static void test_version2(void **state)
{
	struct package_bytes b = good;
	struct dwarf_piece p;

	b.version = 2;
	assert_true(find(&b, sizeof(b), ID_B, &p));
	assert_int_equal(p.str_offsets, 120);
	assert_int_equal(p.rnglists, 0);
}

static void test_damaged(void **state)
{
	struct package_bytes b = good;
	struct dwarf_piece p;

	assert_true(find(&b, PACKAGE_BYTES, ID_A, &p));
	assert_false(find(&b, PACKAGE_BYTES - 1, ID_A, &p));
	assert_false(find(&b, 15, ID_A, &p));
	assert_false(dwarf_package_find(&(struct dwarf_bytes){}, ID_A, &p));
	b.version = 3;
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b = good;
	b.n_slots = 3;
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b.n_slots = 0;
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b = good;
	b.n_columns = 17;
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b = good;
	b.n_units = 0x40000000; /* times columns times 4 it is 0 in 32 bits */
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b = good;
	b.rows[1] = 4; /* there are three */
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b = good;
	b.sizes[0][0] = 0;
	assert_false(find(&b, sizeof(b), ID_A, &p));
	b = good;
	b.rows[2] = 1; /* none is free: the search ends anyway */
	assert_false(find(&b, sizeof(b), 0x70000000d, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_version2),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
