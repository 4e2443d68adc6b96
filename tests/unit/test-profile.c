// SPDX-License-Identifier: Apache-2.0
/* The decoder against bytes written by hand, good and hostile. */
#include <string.h>

#include "common/compress.h"
#include "pprof/id-index.h"
#include "pprof/model.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"
#include "tests/unit/proto-writer.h"

enum {
	SAMPLE_TYPE = 1,
	SAMPLE,
	MAPPING,
	LOCATION,
	FUNCTION,
	STRING,
	DROP_FRAMES,
	KEEP_FRAMES,
	TIME,
	DURATION,
	PERIOD_TYPE,
	PERIOD,
	COMMENT,
	DEFAULT_TYPE,
	DOC_URL
};

/* 0 "", 1 samples, 2 count, 3 main, 4 /bin/x, 5 key, 6 text */
static const char *const strings[] = { "", "samples", "count", "main", "/bin/x", "key", "text" };
#define N_STRINGS 7

static void put_strings(struct buf *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		proto_field(b, STRING, strings[i], strlen(strings[i]));
}

/* The smallest profile with one of everything; ids are arbitrary. */
static void put_tables(struct buf *b)
{
	struct buf location = {};

	PROTO_MESSAGE(b, SAMPLE_TYPE, { 1, 1 }, { 2, 2 });
	PROTO_MESSAGE(b, MAPPING, { 1, 900 }, { 2, 0x1000 }, { 3, 0x2000 }, { 4, 0x100 }, { 5, 4 }, { 7, 1 });
	PROTO_MESSAGE(b, FUNCTION, { 1, UINT64_MAX }, { 2, 3 }, { 3, 3 }, { 5, 12 });
	proto_number(&location, 1, 77);
	proto_number(&location, 2, 900);
	proto_number(&location, 3, 0x1234);
	PROTO_MESSAGE(&location, 4, { 1, UINT64_MAX }, { 2, 13 }, { 3, 5 });
	proto_number(&location, 5, 1);
	proto_field(b, LOCATION, location.data, location.size);
	PROTO_MESSAGE(b, LOCATION, { 1, 5 }, { 3, 0x99 });
	buf_done(&location);
	put_strings(b);
}

static int decode(const struct buf *b, struct profile **ret)
{
	return profile_decode(b->data, b->size, ret);
}

/* The decoder's answer to the tables and one more piece of message. */
static int decode_with(void (*put)(struct buf *))
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(profile_freep) struct profile *p = NULL;

	put_tables(&b);
	put(&b);
	return decode(&b, &p);
}

static void put_sample(struct buf *b)
{
	struct buf sample = {}, packed = {};

	proto_varint(&packed, 5);
	proto_varint(&packed, 77);
	proto_field(&sample, 1, packed.data, packed.size);
	proto_number(&sample, 1, 5); /* unpacked, behind packed ones */
	proto_number(&sample, 2, (uint64_t)-3);
	PROTO_MESSAGE(&sample, 3, { 1, 5 }, { 2, 6 });
	PROTO_MESSAGE(&sample, 3, { 1, 5 }, { 3, (uint64_t)-9 }, { 4, 2 });
	proto_field(b, SAMPLE, sample.data, sample.size);
	buf_done(&sample);
	buf_done(&packed);
}

static void test_all_fields(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	const struct profile_sample *s;

	put_sample(&b); /* fields come in any order */
	put_tables(&b);
	proto_number(&b, TIME, 1234);
	proto_number(&b, DURATION, 99);
	PROTO_MESSAGE(&b, PERIOD_TYPE, { 1, 1 }, { 2, 2 });
	proto_number(&b, PERIOD, 7);
	proto_number(&b, COMMENT, 6);
	proto_number(&b, DOC_URL, 4);
	proto_number(&b, 99, 1); /* a field of the future */
	assert_int_equal(decode(&b, &p), 0);

	assert_int_equal(p->n_sample_types, 1);
	assert_string_equal(p->sample_types[0].type, "samples");
	assert_string_equal(p->sample_types[0].unit, "count");
	assert_int_equal(p->default_type, 0);
	assert_int_equal(p->time_ns, 1234);
	assert_int_equal(p->duration_ns, 99);
	assert_int_equal(p->period, 7);
	assert_string_equal(p->period_type.type, "samples");
	assert_string_equal(p->doc_url, "/bin/x");
	assert_int_equal(p->n_comments, 1);
	assert_string_equal(p->comments[0], "text");

	assert_int_equal(p->n_samples, 1);
	s = &p->samples[0];
	assert_int_equal(s->n_locations, 3);
	assert_ptr_equal(s->locations[0], &p->locations[1]);
	assert_ptr_equal(s->locations[1], &p->locations[0]);
	assert_ptr_equal(s->locations[2], &p->locations[1]);
	assert_int_equal(s->values[0], -3);
	assert_int_equal(s->n_labels, 2);
	assert_string_equal(s->labels[0].key, "key");
	assert_string_equal(s->labels[0].str, "text");
	assert_null(s->labels[1].str);
	assert_int_equal(s->labels[1].num, -9);
	assert_string_equal(s->labels[1].num_unit, "count");

	assert_int_equal(p->locations[0].address, 0x1234);
	assert_true(p->locations[0].is_folded);
	assert_ptr_equal(p->locations[0].mapping, &p->mappings[0]);
	assert_int_equal(p->locations[0].n_lines, 1);
	assert_int_equal(p->locations[0].lines[0].line, 13);
	assert_ptr_equal(p->locations[0].lines[0].function, &p->functions[0]);
	assert_null(p->locations[1].mapping);
	assert_int_equal(p->locations[1].n_lines, 0);
	assert_string_equal(p->functions[0].name, "main");
	assert_string_equal(p->functions[0].filename, "");
	assert_int_equal(p->functions[0].start_line, 12);
	assert_int_equal(p->mappings[0].start, 0x1000);
	assert_int_equal(p->mappings[0].limit, 0x2000);
	assert_int_equal(p->mappings[0].file_offset, 0x100);
	assert_string_equal(p->mappings[0].filename, "/bin/x");
	assert_string_equal(p->mappings[0].build_id, "");
	assert_true(p->mappings[0].has_functions);
	assert_false(p->mappings[0].has_filenames);
}

/* is_split: its value lies between its labels. */
static void put_labelled(struct buf *b, uint64_t first, uint64_t second, bool is_split)
{
	struct buf sample = {};

	if (!is_split)
		proto_number(&sample, 2, 1);
	PROTO_MESSAGE(&sample, 3, { 1, 5 }, { 2, first });
	if (is_split)
		proto_number(&sample, 2, 1);
	PROTO_MESSAGE(&sample, 3, { 1, 5 }, { 2, second });
	proto_field(b, SAMPLE, sample.data, sample.size);
	buf_done(&sample);
}

static void test_shared_labels(void **state)
{
	static const struct {
		uint64_t first, second;
		bool is_split;
	} samples[] = { { 6, 3, false }, { 6, 3, false }, { 6, 4, false }, { 6, 3, true },
			{ 6, 3, true },  { 3, 6, false }, { 6, 3, false } };
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(profile_freep) struct profile *p = NULL;

	put_tables(&b);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		put_labelled(&b, samples[i].first, samples[i].second, samples[i].is_split);
	PROTO_MESSAGE(&b, SAMPLE, { 2, 1 });
	assert_int_equal(decode(&b, &p), 0);
	assert_int_equal(p->n_samples, ARRAY_SIZE(samples) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct profile_sample *s = &p->samples[i];

		assert_int_equal(s->values[0], 1);
		assert_int_equal(s->n_labels, 2);
		assert_string_equal(s->labels[0].str, strings[samples[i].first]);
		assert_string_equal(s->labels[1].str, strings[samples[i].second]);
	}
	assert_ptr_equal(p->samples[1].labels, p->samples[0].labels);
	assert_ptr_equal(p->samples[6].labels, p->samples[0].labels);
	assert_int_equal(p->samples[ARRAY_SIZE(samples)].n_labels, 0);
}

/* One location has more lines than there are locations. */
static void test_many_lines(void **state)
{
	static const size_t n_lines[] = { 1, 0, 100, 2 };
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	uint64_t line = 0;

	PROTO_MESSAGE(&b, SAMPLE_TYPE, { 1, 1 }, { 2, 2 });
	put_strings(&b);
	for (size_t i = 0; i < ARRAY_SIZE(n_lines); i++) {
		struct buf location = {};

		proto_number(&location, 1, i + 1);
		for (size_t j = 0; j < n_lines[i]; j++)
			PROTO_MESSAGE(&location, 4, { 2, ++line });
		proto_field(&b, LOCATION, location.data, location.size);
		buf_done(&location);
	}
	assert_int_equal(decode(&b, &p), 0);
	line = 0;
	for (size_t i = 0; i < ARRAY_SIZE(n_lines); i++) {
		assert_int_equal(p->locations[i].n_lines, n_lines[i]);
		for (size_t j = 0; j < n_lines[i]; j++)
			assert_int_equal(p->locations[i].lines[j].line, ++line);
	}
}

static void put_nothing(struct buf *b)
{
}

static void put_line_without_function(struct buf *b)
{
	struct buf location = {};

	proto_number(&location, 1, 6);
	PROTO_MESSAGE(&location, 4, { 2, 13 });
	proto_field(b, LOCATION, location.data, location.size);
	buf_done(&location);
}

static void test_accepted(void **state)
{
	assert_int_equal(decode_with(put_nothing), 0);
	assert_int_equal(decode_with(put_sample), 0);
	assert_int_equal(decode_with(put_line_without_function), 0);
}

/* Each piece is one field with one thing wrong. */
static const struct bad_number {
	unsigned int field;
	uint64_t value;
} bad_numbers[] = {
	{ DROP_FRAMES, N_STRINGS },       { KEEP_FRAMES, N_STRINGS },  { COMMENT, N_STRINGS },
	{ COMMENT, (uint64_t)-1 },        { DEFAULT_TYPE, N_STRINGS }, { DOC_URL, N_STRINGS },
	{ DOC_URL, (uint64_t)INT64_MIN }, { DOC_URL, 1ULL << 32 },
};

static void test_bad_numbers(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_numbers); i++) {
		_cleanup_(buf_done) struct buf b = {};
		_cleanup_(profile_freep) struct profile *p = NULL;

		put_tables(&b);
		proto_number(&b, bad_numbers[i].field, bad_numbers[i].value);
		if (decode(&b, &p) != -EBADMSG)
			fail_msg("field %u took %#lx", bad_numbers[i].field, bad_numbers[i].value);
	}
}

static void test_bad_messages(void **state)
{
	static const struct {
		unsigned int field;
		struct proto_pair pairs[3];
	} bad[] = {
		{ SAMPLE_TYPE, { { 1, N_STRINGS } } },
		{ SAMPLE_TYPE, { { 2, (uint64_t)-1 } } },
		{ PERIOD_TYPE, { { 1, N_STRINGS } } },
		{ MAPPING, { { 1, 0 } } },
		{ MAPPING, { { 1, 900 } } }, /* twice */
		{ MAPPING, { { 1, 1 }, { 5, N_STRINGS } } },
		{ MAPPING, { { 1, 1 }, { 6, N_STRINGS } } },
		{ FUNCTION, { { 1, 0 } } },
		{ FUNCTION, { { 1, UINT64_MAX } } },
		{ FUNCTION, { { 1, 1 }, { 2, N_STRINGS } } },
		{ FUNCTION, { { 1, 1 }, { 3, N_STRINGS } } },
		{ FUNCTION, { { 1, 1 }, { 4, N_STRINGS } } },
		{ LOCATION, { { 1, 0 } } },
		{ LOCATION, { { 1, 77 } } },
		{ LOCATION, { { 1, 1 }, { 2, 901 } } },
		{ SAMPLE, { { 1, 77 } } },          /* no value */
		{ SAMPLE, { { 2, 1 }, { 2, 1 } } }, /* two values for one type */
		{ SAMPLE, { { 2, 1 }, { 1, 0 } } },
		{ SAMPLE, { { 2, 1 }, { 1, 78 } } },
		{ SAMPLE, { { 2, 1 }, { 1, 77 }, { 1, UINT64_MAX } } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(buf_done) struct buf b = {};
		_cleanup_(profile_freep) struct profile *p = NULL;
		size_t n = 0;

		while (n < ARRAY_SIZE(bad[i].pairs) && bad[i].pairs[n].field)
			n++;
		put_tables(&b);
		proto_message(&b, bad[i].field, bad[i].pairs, n);
		if (decode(&b, &p) != -EBADMSG)
			fail_msg("message %zu was accepted", i);
	}
}

static void put_sample_with(struct buf *b, unsigned int label_field, uint64_t value)
{
	struct buf sample = {};

	proto_number(&sample, 2, 1);
	PROTO_MESSAGE(&sample, 3, { 1, 5 }, { label_field, value });
	proto_field(b, SAMPLE, sample.data, sample.size);
	buf_done(&sample);
}

static void put_bad_key(struct buf *b)
{
	put_sample_with(b, 1, N_STRINGS);
}

static void put_bad_str(struct buf *b)
{
	put_sample_with(b, 2, N_STRINGS);
}

static void put_bad_unit(struct buf *b)
{
	put_sample_with(b, 4, N_STRINGS);
}

static void put_bad_function(struct buf *b)
{
	struct buf location = {};

	proto_number(&location, 1, 6);
	PROTO_MESSAGE(&location, 4, { 1, 1 });
	proto_field(b, LOCATION, location.data, location.size);
	buf_done(&location);
}

static void put_endless_varint(struct buf *b)
{
	proto_bytes(b, "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
}

static void put_cut_varint(struct buf *b)
{
	proto_bytes(b, "\x48\xff", 2);
}

static void put_cut_string(struct buf *b)
{
	proto_bytes(b,
		    "\x32\x05"
		    "abc",
		    5);
}

static void put_wrong_wire_type(struct buf *b)
{
	proto_number(b, STRING, 1);
}

/* No field has the number 0, in however many bytes. */
static void put_zero_tag(struct buf *b)
{
	proto_bytes(b, "\0\2", 2);
}

static void put_long_zero_tag(struct buf *b)
{
	proto_bytes(b, "\x80\0\2", 3);
}

static void test_bad_pieces(void **state)
{
	assert_int_equal(decode_with(put_bad_key), -EBADMSG);
	assert_int_equal(decode_with(put_bad_str), -EBADMSG);
	assert_int_equal(decode_with(put_bad_unit), -EBADMSG);
	assert_int_equal(decode_with(put_bad_function), -EBADMSG);
	assert_int_equal(decode_with(put_endless_varint), -EBADMSG);
	assert_int_equal(decode_with(put_cut_varint), -EBADMSG);
	assert_int_equal(decode_with(put_cut_string), -EBADMSG);
	assert_int_equal(decode_with(put_wrong_wire_type), -EBADMSG);
	assert_int_equal(decode_with(put_zero_tag), -EBADMSG);
	assert_int_equal(decode_with(put_long_zero_tag), -EBADMSG);
}

/* Of what is there twice, the last one counts: numbers, and the period type as a whole. */
static void test_last_wins(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(profile_freep) struct profile *p = NULL;

	put_tables(&b);
	proto_number(&b, PERIOD, 7);
	proto_number(&b, PERIOD, 8);
	PROTO_MESSAGE(&b, PERIOD_TYPE, { 1, 1 }, { 2, 2 });
	PROTO_MESSAGE(&b, PERIOD_TYPE, { 2, 6 }, { 2, 5 });
	PROTO_MESSAGE(&b, MAPPING, { 1, 9 }, { 5, 3 }, { 5, 4 }, { 1, 7 });
	assert_int_equal(decode(&b, &p), 0);
	assert_int_equal(p->period, 8);
	assert_string_equal(p->period_type.type, "");
	assert_string_equal(p->period_type.unit, "key");
	assert_string_equal(p->mappings[1].filename, "/bin/x");
}

/* Comments in one packed list, one by one, and with others between; varints longer than they need be. */
static void test_lists(void **state)
{
	_cleanup_(buf_done) struct buf b = {}, list = {};
	_cleanup_(profile_freep) struct profile *p = NULL;

	put_tables(&b);
	proto_number(&b, COMMENT, 6);
	proto_varint(&list, 5);
	proto_bytes(&list, "\x83\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10);
	proto_field(&b, COMMENT, list.data, list.size);
	put_sample(&b);
	proto_field(&b, COMMENT, "", 0);
	proto_number(&b, COMMENT, 4);
	assert_int_equal(decode(&b, &p), 0);
	assert_int_equal(p->n_comments, 4);
	assert_string_equal(p->comments[0], "text");
	assert_string_equal(p->comments[1], "key");
	assert_string_equal(p->comments[2], "main");
	assert_string_equal(p->comments[3], "/bin/x");
}

/* A string is cut at its first NUL: nothing here prints what is behind. */
static void test_nul_in_string(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	_cleanup_(profile_freep) struct profile *p = NULL;

	put_tables(&b);
	proto_field(&b, STRING, "a\0b", 3);
	proto_field(&b, STRING, "c", 1);
	proto_number(&b, COMMENT, N_STRINGS);
	proto_number(&b, COMMENT, N_STRINGS + 1);
	assert_int_equal(decode(&b, &p), 0);
	assert_string_equal(p->comments[0], "a");
	assert_string_equal(p->comments[1], "c");
}

/* Fields of the future, in every type that there is; but no group, and nothing that ends too early. */
static void test_unknown_fields(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		int expected;
	} cases[] = {
		{ "\xf8\x06\xff\x01", 4, 0 }, /* 111: a varint */
		{ "\xf9\x06"
		  "12345678",
		  10, 0 }, /* eight bytes */
		{ "\xfa\x06\x03"
		  "abc",
		  6, 0 }, /* some bytes */
		{ "\xfd\x06"
		  "1234",
		  6, 0 },                             /* four */
		{ "\x00\x01", 2, -EBADMSG },          /* number 0 */
		{ "\xf8\xff\xff\xff\x7f\x01", 6, 0 }, /* the largest number */
		{ "\xf9\x06"
		  "1234567",
		  9, -EBADMSG },
		{ "\xfa\x06\x04"
		  "abc",
		  6, -EBADMSG },
		{ "\xfa\x06\x83\x80\x80\x80\x80\x00"
		  "abc",
		  11, -EBADMSG }, /* a length of six bytes */
		{ "\xfd\x06"
		  "123",
		  5, -EBADMSG },
		{ "\xfb\x06\xfc\x06", 4, -EBADMSG },             /* a group */
		{ "\xfe\x06", 2, -EBADMSG },                     /* no type */
		{ "\xf8\x86\x80\x80\x80\x00\x01", 7, -EBADMSG }, /* a tag of six bytes */
		{ "\xf8", 1, -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_done) struct buf b = {};
		_cleanup_(profile_freep) struct profile *p = NULL;

		put_tables(&b);
		proto_bytes(&b, cases[i].bytes, cases[i].size);
		if (decode(&b, &p) != cases[i].expected)
			fail_msg("case %zu", i);
	}
}

static void test_string_table(void **state)
{
	_cleanup_(buf_done) struct buf b = {};
	struct profile *p = NULL;

	assert_int_equal(decode(&b, &p), -EBADMSG); /* no bytes at all */
	proto_field(&b, STRING, "x", 1);
	PROTO_MESSAGE(&b, SAMPLE_TYPE, { 1, 0 });
	assert_int_equal(decode(&b, &p), -EBADMSG); /* the first is not "" */
	buf_clear(&b);
	proto_field(&b, STRING, "", 0);
	assert_int_equal(decode(&b, &p), -EBADMSG); /* no sample type */
	assert_null(p);
}

static void test_default_type(void **state)
{
	static const struct {
		uint64_t name;
		size_t expected;
	} cases[] = { { 0, 2 }, { 1, 0 }, { 3, 1 }, { 5, 2 }, { 6, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_done) struct buf b = {};
		_cleanup_(profile_freep) struct profile *p = NULL;

		put_tables(&b);
		PROTO_MESSAGE(&b, SAMPLE_TYPE, { 1, 3 });
		PROTO_MESSAGE(&b, SAMPLE_TYPE, { 1, 5 });
		proto_number(&b, DEFAULT_TYPE, cases[i].name);
		assert_int_equal(decode(&b, &p), 0);
		assert_int_equal(p->n_sample_types, 3);
		assert_int_equal(p->default_type, cases[i].expected);
	}
}

/* Every cut of a compressed profile is refused, and so is a flipped bit that zstd's or gzip's checksum covers. */
static void test_damaged_files(void **state)
{
	for (enum compression c = COMPRESSION_GZIP; c <= COMPRESSION_ZSTD; c++) {
		_cleanup_(buf_done) struct buf raw = {}, packed = {};
		struct profile *p = NULL;

		put_tables(&raw);
		put_sample(&raw);
		assert_int_equal(compress_add(c, raw.data, raw.size, &packed), 0);
		for (size_t cut = 0; cut < packed.size; cut++)
			assert_int_equal(profile_decode(packed.data, cut, &p), -EBADMSG);
		packed.data[packed.size / 2] ^= 1;
		assert_int_equal(decode(&packed, &p), -EBADMSG);
		packed.data[packed.size / 2] ^= 1;
		assert_int_equal(decode(&packed, &p), 0);
		profile_free(p);
	}
}

/* 1 GiB and one byte of zeros, in some kilobytes of zstd. */
static void test_bomb(void **state)
{
	_cleanup_(buf_done) struct buf piece = {}, packed = {};
	_cleanup_free_ char *zeros = calloc(1, 64 << 20);
	struct profile *p = NULL;

	assert_non_null(zeros);
	if (sysconf(_SC_AVPHYS_PAGES) < (4L << 30) / sysconf(_SC_PAGESIZE)) {
		print_message("skipped: a profile at the cap needs more memory than is free here\n");
		skip();
	}
	assert_int_equal(compress_add(COMPRESSION_ZSTD, zeros, 64 << 20, &piece), 0);
	for (size_t i = 0; i < PROFILE_MAX_RAW_BYTES / (64 << 20); i++)
		proto_bytes(&packed, piece.data, piece.size);
	assert_int_equal(compress_add(COMPRESSION_ZSTD, zeros, 1, &packed), 0);
	assert_int_equal(decode(&packed, &p), -EFBIG);
	assert_int_equal(profile_decode(zeros, PROFILE_MAX_FILE_BYTES + 1, &p), -EFBIG); /* told by its size alone */
}

/* Two bytes a message, and 48 for what it says: the model is bounded, not the file alone. */
static void test_model_is_bounded(void **state)
{
	const size_t n = MODEL_MAX_BYTES / sizeof(struct profile_sample) + 1;
	_cleanup_(buf_done) struct buf b = {};
	struct profile *p = NULL;
	char *at;

	put_tables(&b);
	assert_int_equal(buf_reserve(&b, 2 * n), 0);
	at = b.data + b.size;
	for (size_t i = 0; i < n; i++) {
		*at++ = SAMPLE << 3 | 2;
		*at++ = 0;
	}
	b.size += 2 * n;
	assert_int_equal(decode(&b, &p), -EFBIG);
	b.size -= 2 * (n - 1);
	assert_int_equal(decode(&b, &p), -EBADMSG); /* it has no value */
	assert_null(p);
}

static void test_id_index(void **state)
{
	static const uint64_t ids[][5] = {
		{ 3, 1, UINT64_MAX, 2, 1000 },
		{ 1, 2, 3, 1000, 5 }, /* from the fourth one on */
		{ 1, 2, 3, 5, 6 },
	};
	struct id_index x = {};
	size_t at;

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		x.n = ARRAY_SIZE(ids[i]);
		for (size_t j = 0; j < x.n; j++)
			assert_int_equal(id_index_put(&x, j, ids[i][j]), 0);
		assert_int_equal(id_index_sort(&x), 0);
		for (size_t j = 0; j < x.n; j++) {
			assert_int_equal(id_index_get(&x, ids[i][j], &at), 0);
			assert_int_equal(at, j);
		}
		assert_int_equal(id_index_get(&x, 0, &at), -EBADMSG);
		assert_int_equal(id_index_get(&x, 4, &at), -EBADMSG);
		id_index_done(&x);
	}
	assert_int_equal(id_index_sort(&x), 0);
	assert_int_equal(id_index_get(&x, 1, &at), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fields),     cmocka_unit_test(test_shared_labels),
		cmocka_unit_test(test_many_lines),     cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_bad_numbers),    cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_bad_pieces),     cmocka_unit_test(test_last_wins),
		cmocka_unit_test(test_lists),          cmocka_unit_test(test_nul_in_string),
		cmocka_unit_test(test_unknown_fields), cmocka_unit_test(test_string_table),
		cmocka_unit_test(test_default_type),   cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_bomb),           cmocka_unit_test(test_model_is_bounded),
		cmocka_unit_test(test_id_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
