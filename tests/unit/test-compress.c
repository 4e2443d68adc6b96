// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <string.h>

#include "common/compress.h"
#include "tests/unit/cmocka-all.h"

/* `printf hello | gzip -n | xxd -p` and `printf hello | zstd --check | xxd -p` on Debian 12. */
static const uint8_t gzip_hello[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd,
				      0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00 };
static const uint8_t zstd_hello[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x29, 0x00, 0x00,
				      0x68, 0x65, 0x6c, 0x6c, 0x6f, 0xa3, 0x6d, 0x9f, 0x88 };

static void fill(char *data, size_t size)
{
	uint64_t random = 88172645463325252;

	for (size_t i = 0; i < size; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		data[i] = "abcdefgh"[random >> 61];
	}
}

static void test_known_bytes(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(decompress_add(gzip_hello, sizeof(gzip_hello), 5, &b), 0);
	assert_int_equal(decompress_add(zstd_hello, sizeof(zstd_hello), 5, &b), 0);
	assert_int_equal(decompress_add("hello", 5, 5, &b), 0);
	assert_string_equal(b.data, "hellohellohello");
	assert_int_equal(compression_of(gzip_hello, sizeof(gzip_hello)), COMPRESSION_GZIP);
	assert_int_equal(compression_of(zstd_hello, sizeof(zstd_hello)), COMPRESSION_ZSTD);
	assert_int_equal(compression_of(gzip_hello, 1), COMPRESSION_NONE);
	assert_int_equal(compression_of(zstd_hello, 3), COMPRESSION_NONE);
	assert_int_equal(compression_of("", 0), COMPRESSION_NONE);
}

/* What we write carries its checksum: the flag in zstd's frame header, and gzip's framing without a time stamp. */
static void test_written_form(void **state)
{
	_cleanup_(buf_done) struct buf gzip = {}, zstd = {};

	assert_int_equal(compress_add(COMPRESSION_GZIP, "hello", 5, &gzip), 0);
	assert_memory_equal(gzip.data, gzip_hello, 8);
	assert_memory_equal(gzip.data + gzip.size - 8, gzip_hello + sizeof(gzip_hello) - 8, 8);
	assert_int_equal(compress_add(COMPRESSION_ZSTD, "hello", 5, &zstd), 0);
	assert_memory_equal(zstd.data, zstd_hello, 4);
	assert_true(zstd.data[4] & 4);
	assert_memory_equal(zstd.data + zstd.size - 4, zstd_hello + sizeof(zstd_hello) - 4, 4);
}

static void test_zstd_stream(void **state)
{
	static const size_t pieces[] = { 0, 1, 999, 262144, 500000, 7 };
	_cleanup_(zstd_stream_freep) struct zstd_stream *z = NULL;
	_cleanup_(buf_done) struct buf out = {}, back = {};
	_cleanup_free_ char *data = malloc(1000000);
	size_t size = 0;

	assert_non_null(data);
	fill(data, 1000000);
	assert_int_equal(zstd_stream_new(&z), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		assert_int_equal(zstd_stream_add(z, data + size, pieces[i], &out), 0);
		size += pieces[i];
	}
	assert_int_equal(decompress_add(out.data, out.size, size, &back), -EBADMSG); /* not yet whole */
	assert_int_equal(zstd_stream_end(z, &out), 0);
	assert_int_equal(decompress_add(out.data, out.size, size, &back), 0);
	assert_int_equal(back.size, size);
	assert_memory_equal(back.data, data, size);
	assert_true(out.data[4] & 4); /* with its checksum */
	assert_true(out.size < size / 2);
}

/* Sizes around the 256 KiB steps of the output. */
static void test_round_trips(void **state)
{
	static const size_t sizes[] = { 0, 1, 262143, 262144, 262145, 524288, 1000000 };
	_cleanup_free_ char *data = malloc(1000000);

	assert_non_null(data);
	fill(data, 1000000);
	for (enum compression c = COMPRESSION_NONE; c <= COMPRESSION_ZSTD; c++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			_cleanup_(buf_done) struct buf packed = {}, back = {};

			assert_int_equal(compress_add(c, data, sizes[i], &packed), 0);
			assert_int_equal(compression_of(packed.data, packed.size), c);
			if (c != COMPRESSION_NONE && sizes[i] == 1000000)
				assert_true(packed.size < 500000); /* 3 bits a byte */
			assert_int_equal(buf_add_str(&back, "> "), 0);
			assert_int_equal(decompress_add(packed.data, packed.size, sizes[i], &back), 0);
			assert_int_equal(back.size, sizes[i] + 2);
			assert_memory_equal(back.data + 2, data, sizes[i]);
			assert_memory_equal(back.data, "> ", 2);
		}
	}
}

static void test_caps(void **state)
{
	_cleanup_free_ char *data = calloc(1, 1 << 20);

	assert_non_null(data);
	for (enum compression c = COMPRESSION_NONE; c <= COMPRESSION_ZSTD; c++) {
		_cleanup_(buf_done) struct buf packed = {}, back = {};

		assert_int_equal(compress_add(c, data, 1 << 20, &packed), 0);
		assert_int_equal(buf_add_str(&back, "> "), 0);
		assert_int_equal(decompress_add(packed.data, packed.size, (1 << 20) - 1, &back), -EFBIG);
		assert_int_equal(decompress_add(packed.data, packed.size, 0, &back), -EFBIG);
		assert_string_equal(back.data, "> "); /* nothing is left of a failure */
		assert_int_equal(back.size, 2);
		assert_int_equal(decompress_add(packed.data, packed.size, SIZE_MAX, &back), 0);
		assert_int_equal(back.size, (1 << 20) + 2);
	}
}

/* What a frame says that it holds is believed as far as it is likely: nobody makes us take much for little. */
static void test_stated_size(void **state)
{
	enum {
		SIZE = 300000,
		SIZE_IS_FOUR_BYTES = 2
	};
	const uint32_t gib = 1 << 30;
	_cleanup_(buf_done) struct buf packed = {}, back = {};
	_cleanup_free_ char *data = malloc(SIZE);
	bool has_window;

	assert_non_null(data);
	fill(data, SIZE);
	assert_int_equal(compress_add(COMPRESSION_ZSTD, data, SIZE, &packed), 0);
	assert_int_equal((uint8_t)packed.data[4] >> 6, SIZE_IS_FOUR_BYTES);
	has_window = !(packed.data[4] & 0x20);
	memcpy(packed.data + 5 + has_window, &gib, sizeof(gib));
	assert_int_equal(decompress_add(packed.data, packed.size, SIZE_MAX, &back), -EBADMSG);
	assert_in_range(back.capacity, SIZE, 1 << 22);
}

static void test_limit_of_the_buffer(void **state)
{
	_cleanup_(buf_done) struct buf small = { .limit_bytes = 4 };

	assert_int_equal(decompress_add(gzip_hello, sizeof(gzip_hello), 100, &small), -EFBIG);
	assert_int_equal(compress_add(COMPRESSION_GZIP, "hello", 5, &small), -EFBIG);
	assert_int_equal(compress_add(COMPRESSION_ZSTD, "hello", 5, &small), -EFBIG);
	assert_int_equal(small.size, 0);
}

static void assert_damaged(const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *exact = malloc(size + 1);
	_cleanup_(buf_done) struct buf back = {};

	assert_non_null(exact);
	for (size_t cut = 4; cut < size; cut++) {
		memcpy(exact, data, cut);
		assert_int_equal(decompress_add(exact, cut, 100, &back), -EBADMSG);
	}
	memcpy(exact, data, size);
	exact[size - 5] ^= 0x10; /* in gzip's CRC; in zstd's content or checksum */
	assert_int_equal(decompress_add(exact, size, 100, &back), -EBADMSG);
	memcpy(exact, data, size);
	exact[size] = 'x';
	assert_int_equal(decompress_add(exact, size + 1, 100, &back), -EBADMSG); /* something behind the end */
	assert_int_equal(back.size, 0);
}

static void test_damaged(void **state)
{
	assert_damaged(gzip_hello, sizeof(gzip_hello));
	assert_damaged(zstd_hello, sizeof(zstd_hello));
}

static void test_concatenated(void **state)
{
	_cleanup_(buf_done) struct buf gzips = {}, zstds = {}, back = {};

	for (int i = 0; i < 3; i++) {
		assert_int_equal(buf_add(&gzips, gzip_hello, sizeof(gzip_hello)), 0);
		assert_int_equal(buf_add(&zstds, zstd_hello, sizeof(zstd_hello)), 0);
	}
	assert_int_equal(decompress_add(gzips.data, gzips.size, 15, &back), 0);
	assert_int_equal(decompress_add(zstds.data, zstds.size, 15, &back), 0);
	assert_string_equal(back.data, "hellohellohellohellohellohello");
	assert_int_equal(decompress_add(gzips.data, gzips.size, 14, &back), -EFBIG);
	assert_int_equal(decompress_add(zstds.data, zstds.size, 14, &back), -EFBIG);
	assert_int_equal(decompress_add(gzips.data, gzips.size - 1, 15, &back), -EBADMSG);
	assert_int_equal(decompress_add(zstds.data, zstds.size - 1, 15, &back), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_bytes),
		cmocka_unit_test(test_written_form),
		cmocka_unit_test(test_zstd_stream),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_stated_size),
		cmocka_unit_test(test_limit_of_the_buffer),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_concatenated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
