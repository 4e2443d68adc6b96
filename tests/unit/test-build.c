// SPDX-License-Identifier: Apache-2.0
/* The builder's bytes, read back by the decoder; test-pprof-go lets pprof itself read them. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "common/compress.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

static const struct profile_mapping app_text = {
	.start = 0x401000,
	.limit = 0x405000,
	.file_offset = 0x1000,
	.filename = "/app/server",
	.build_id = "aa11",
};
static const struct profile_mapping app_rodata_text = {
	.start = 0x500000,
	.limit = 0x501000,
	.file_offset = 0x9000,
	.filename = "/app/server",
	.build_id = "aa11",
};
static const struct profile_mapping libc_text = {
	.start = 0x26000,
	.limit = 0x17b000,
	.file_offset = 0x26000,
	.filename = "/lib/libc.so.6",
};
static const struct profile_meta meta = {
	.time_ns = 1700000000000000000,
	.duration_ns = 10000000000,
	.period_ns = 52631579,
	.doc_url = "https://x/y",
};

static struct profile *round_trip(struct profile_builder *b, enum compression compression)
{
	_cleanup_(buf_done) struct buf raw = {}, packed = {};
	struct profile *p = NULL;

	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(compress_add(compression, raw.data, raw.size, &packed), 0);
	assert_int_equal(profile_decode(packed.data, packed.size, &p), 0);
	return p;
}

static struct profile_builder *new_builder(void)
{
	struct profile_builder *b = NULL;

	assert_int_equal(profile_builder_new(&b), 0);
	return b;
}

static void add_one(struct profile_builder *b, const struct frame *frames, size_t n)
{
	assert_int_equal(profile_builder_add(b, frames, n, NULL, 0, 1, 52631579), 0);
}

static const struct profile_label *find_label(const struct profile_sample *s, const char *key)
{
	for (size_t i = 0; i < s->n_labels; i++)
		if (strcmp(s->labels[i].key, key) == 0)
			return &s->labels[i];
	return NULL;
}

static void test_head(void **state)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	assert_int_equal(profile_builder_add_comment(b, "first"), 0);
	assert_int_equal(profile_builder_add_comment(b, "second"), 0);
	assert_int_equal(profile_builder_add_comment(b, "first"), 0);
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->n_sample_types, 2);
	assert_string_equal(p->sample_types[0].type, "samples");
	assert_string_equal(p->sample_types[0].unit, "count");
	assert_string_equal(p->sample_types[1].type, "cpu");
	assert_string_equal(p->sample_types[1].unit, "nanoseconds");
	assert_string_equal(p->period_type.type, "cpu");
	assert_string_equal(p->period_type.unit, "nanoseconds");
	assert_int_equal(p->default_type, 1);
	assert_int_equal(p->period, 52631579);
	assert_int_equal(p->time_ns, 1700000000000000000);
	assert_int_equal(p->duration_ns, 10000000000);
	assert_string_equal(p->doc_url, "https://x/y");
	assert_int_equal(p->n_comments, 3);
	assert_string_equal(p->comments[0], "first");
	assert_string_equal(p->comments[1], "second");
	assert_string_equal(p->comments[2], "first");
	assert_int_equal(p->n_samples + p->n_mappings + p->n_locations + p->n_functions, 0);
}

static void test_stack(void **state)
{
	const struct frame frames[] = {
		{ .addr = 0x401234,
		  .mapping = &app_text,
		  .function = "inner",
		  .file = "in.h",
		  .line = 7,
		  .inlined = true },
		{ .addr = 0x401234,
		  .mapping = &app_text,
		  .function = "middle",
		  .file = "m.c",
		  .line = 8,
		  .inlined = true },
		{ .addr = 0x401234,
		  .mapping = &app_text,
		  .function = "outer(int)",
		  .linkage_name = "_Z5outeri",
		  .file = "o.cc",
		  .line = 9,
		  .start_line = 3 },
		{ .addr = 0x26100, .mapping = &libc_text },
		{ .addr = 0x500010, .mapping = &app_rodata_text, .function = "main" },
		{ .addr = 0x7fff12345678 },
	};
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;
	const struct profile_location *const *l;

	add_one(b, frames, ARRAY_SIZE(frames));
	p = round_trip(b, COMPRESSION_GZIP);
	assert_int_equal(p->n_samples, 1);
	assert_int_equal(p->samples[0].n_locations, 4);
	assert_int_equal(p->n_locations, 4);
	assert_int_equal(p->n_functions, 4);
	assert_int_equal(p->n_mappings, 3);
	l = p->samples[0].locations;

	assert_int_equal(l[0]->address, 0x401234);
	assert_int_equal(l[0]->n_lines, 3);
	assert_string_equal(l[0]->lines[0].function->name, "inner");
	assert_string_equal(l[0]->lines[0].function->system_name, "inner");
	assert_string_equal(l[0]->lines[0].function->filename, "in.h");
	assert_int_equal(l[0]->lines[0].line, 7);
	assert_string_equal(l[0]->lines[1].function->name, "middle");
	assert_string_equal(l[0]->lines[2].function->name, "outer(int)");
	assert_string_equal(l[0]->lines[2].function->system_name, "_Z5outeri");
	assert_int_equal(l[0]->lines[2].function->start_line, 3);
	assert_int_equal(l[0]->lines[2].line, 9);
	assert_ptr_equal(l[0]->mapping, &p->mappings[0]);

	assert_int_equal(l[1]->n_lines, 0);
	assert_int_equal(l[1]->address, 0x26100);
	assert_string_equal(l[1]->mapping->filename, "/lib/libc.so.6");
	assert_string_equal(l[1]->mapping->build_id, "");

	assert_int_equal(l[2]->mapping->start, 0x500000);
	assert_int_equal(l[2]->mapping->limit, 0x501000);
	assert_int_equal(l[2]->mapping->file_offset, 0x9000);
	assert_string_equal(l[2]->mapping->filename, "/app/server");
	assert_string_equal(l[2]->mapping->build_id, "aa11");

	assert_null(l[3]->mapping);
	assert_int_equal(l[3]->address, 0x7fff12345678);
}

static void test_has_flags(void **state)
{
	const struct frame frames[] = {
		{ .addr = 0x401234, .mapping = &app_text, .function = "f", .file = "f.c", .line = 1, .inlined = true },
		{ .addr = 0x401234, .mapping = &app_text, .function = "g" },
		{ .addr = 0x500010, .mapping = &app_rodata_text, .function = "h" },
		{ .addr = 0x26100, .mapping = &libc_text },
		{ .addr = 0x26200, .mapping = &libc_text, .function = "", .file = "x.c", .line = 1 },
	};
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	add_one(b, frames, ARRAY_SIZE(frames));
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->n_mappings, 3);
	assert_true(p->mappings[0].has_functions && p->mappings[0].has_filenames);
	assert_true(p->mappings[0].has_line_numbers && p->mappings[0].has_inline_frames);
	assert_true(p->mappings[1].has_functions);
	assert_false(p->mappings[1].has_filenames || p->mappings[1].has_line_numbers ||
		     p->mappings[1].has_inline_frames);
	assert_false(p->mappings[2].has_functions || p->mappings[2].has_filenames || p->mappings[2].has_line_numbers ||
		     p->mappings[2].has_inline_frames);
}

static void test_main_mapping(void **state)
{
	const struct frame frames[] = {
		{ .addr = 0x26100, .mapping = &libc_text, .function = "read" },
		{ .addr = 0x500010, .mapping = &app_rodata_text, .function = "h" },
		{ .addr = 0x401234, .mapping = &app_text, .function = "main" },
	};
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *before = NULL, *after = NULL;

	add_one(b, frames, ARRAY_SIZE(frames));
	before = round_trip(b, COMPRESSION_NONE);
	assert_string_equal(before->mappings[0].filename, "/lib/libc.so.6");
	assert_int_equal(profile_builder_set_main(b, &app_text), 0);
	after = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(after->n_mappings, 3);
	assert_int_equal(after->mappings[0].start, 0x401000);
	assert_int_equal(after->mappings[1].start, 0x26000);
	assert_int_equal(after->mappings[2].start, 0x500000);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(after->samples[0].locations[i]->mapping->start, frames[i].mapping->start);
}

static void test_equal_stacks_sum(void **state)
{
	const struct frame frame = { .addr = 1, .function = "f" }, other = { .addr = 2, .function = "f" };
	const struct label ab[] = { { "a", "1" }, { "b", "2" } }, ba[] = { { "b", "2" }, { "a", "1" } };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	assert_int_equal(profile_builder_add(b, &frame, 1, ab, 2, 3, 30), 0);
	assert_int_equal(profile_builder_add(b, &frame, 1, ba, 2, 4, 41), 0);
	assert_int_equal(profile_builder_add(b, &frame, 1, ab, 1, 5, 50), 0);
	assert_int_equal(profile_builder_add(b, &other, 1, ab, 2, 6, 60), 0);
	assert_int_equal(profile_builder_add(b, NULL, 0, NULL, 0, 7, 70), 0);
	assert_int_equal(profile_builder_n_samples(b), 25);
	p = round_trip(b, COMPRESSION_ZSTD);
	assert_int_equal(p->n_samples, 4);
	assert_int_equal(p->samples[0].values[0], 7);
	assert_int_equal(p->samples[0].values[1], 71);
	assert_int_equal(p->samples[1].values[0], 5);
	assert_int_equal(p->samples[2].values[1], 60);
	assert_int_equal(p->samples[3].n_locations, 0);
	assert_int_equal(p->samples[3].values[0], 7);
	assert_int_equal(p->n_functions, 1);
	assert_int_equal(p->n_locations, 2);
}

static void test_same_address_other_lines(void **state)
{
	const struct frame line_1 = { .addr = 1, .mapping = &app_text, .function = "f", .line = 1 };
	const struct frame line_2 = { .addr = 1, .mapping = &app_text, .function = "f", .line = 2 };
	const struct frame no_line = { .addr = 1, .mapping = &app_text };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	add_one(b, &line_1, 1);
	add_one(b, &line_2, 1);
	add_one(b, &no_line, 1);
	add_one(b, &line_1, 1);
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->n_locations, 3);
	assert_int_equal(p->n_functions, 1);
	assert_int_equal(p->n_mappings, 1);
	assert_int_equal(p->n_samples, 3);
	assert_int_equal(p->samples[0].values[0], 2);
}

/* The last frame claims to be inlined into one that is not there. */
static void test_inlined_without_caller(void **state)
{
	const struct frame frame = { .addr = 5, .mapping = &app_text, .function = "f", .inlined = true };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	add_one(b, &frame, 1);
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->samples[0].n_locations, 1);
	assert_int_equal(p->locations[0].n_lines, 1);
	assert_string_equal(p->locations[0].mapping->filename, "/app/server");
}

static void test_labels(void **state)
{
	const struct label labels[] = {
		{ .key = "service_name", .str = "api" },
		{ .key = "pid", .num = 4711, .num_unit = "id" },
		{ .key = "negative", .num = -1 },
		{ .key = "service_name", .str = "second value" },
		{ .key = "pid", .str = "as a string" },
		{ .key = "empty", .str = "" },
		{ .key = "", .str = "no key" },
		{ .key = NULL, .num = 1 },
		{ .key = "both", .str = "text", .num = 9, .num_unit = "x" },
	};
	const struct frame frame = { .addr = 5 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;
	const struct profile_sample *s;

	assert_int_equal(profile_builder_add(b, &frame, 1, labels, ARRAY_SIZE(labels), 1, 1), 0);
	p = round_trip(b, COMPRESSION_GZIP);
	s = &p->samples[0];
	assert_int_equal(s->n_labels, 4);
	assert_string_equal(find_label(s, "service_name")->str, "api");
	assert_null(find_label(s, "pid")->str);
	assert_int_equal(find_label(s, "pid")->num, 4711);
	assert_string_equal(find_label(s, "pid")->num_unit, "id");
	assert_int_equal(find_label(s, "negative")->num, -1);
	assert_string_equal(find_label(s, "negative")->num_unit, "");
	assert_string_equal(find_label(s, "both")->str, "text");
	assert_int_equal(find_label(s, "both")->num, 0);
}

static void test_hostile_strings(void **state)
{
	static const char bad[] = "a\xff\xc0\x80z\n";
	static const char good[] = "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd";
	const struct profile_mapping mapping = { .filename = bad, .build_id = bad };
	const struct frame frame = { .mapping = &mapping, .function = bad, .linkage_name = bad, .file = bad };
	const struct label labels[] = { { .key = bad, .str = bad }, { .key = "num", .num = 1, .num_unit = bad } };
	const struct profile_meta bad_meta = { .doc_url = bad };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf raw = {};

	assert_int_equal(profile_builder_add(b, &frame, 1, labels, 2, 1, 1), 0);
	assert_int_equal(profile_builder_add_comment(b, bad), 0);
	assert_int_equal(profile_builder_encode(b, &bad_meta, &raw), 0);
	assert_null(memmem(raw.data, raw.size, bad, sizeof(bad) - 1));
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	assert_string_equal(p->mappings[0].filename, good);
	assert_string_equal(p->mappings[0].build_id, good);
	assert_string_equal(p->functions[0].name, good);
	assert_string_equal(p->functions[0].system_name, good);
	assert_string_equal(p->functions[0].filename, good);
	assert_string_equal(find_label(&p->samples[0], good)->str, good);
	assert_string_equal(find_label(&p->samples[0], "num")->num_unit, good);
	assert_string_equal(p->comments[0], good);
	assert_string_equal(p->doc_url, good);
}

/* Each byte at each place of a text: what the fast path lets through is what utf8 would. */
static void test_every_byte(void **state)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;
	char text[18], expected[24];

	for (size_t at = 0; at < 17; at++) {
		for (int c = 1; c < 256; c++) {
			snprintf(text, sizeof(text), "%s", "abcdefghijklmnopq");
			text[at] = (char)c;
			assert_int_equal(profile_builder_add_comment(b, text), 0);
		}
	}
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->n_comments, 17 * 255);
	for (size_t i = 0; i < p->n_comments; i++) {
		int at = (int)(i / 255), c = (int)(i % 255) + 1;
		const char printable[] = { (char)c, 0 };

		snprintf(expected, sizeof(expected), "%.*s%s%s", at, "abcdefghijklmnopq",
			 c >= 0x20 && c < 0x7f ? printable : "\xef\xbf\xbd", &"abcdefghijklmnopq"[at + 1]);
		assert_string_equal(p->comments[i], expected);
	}
}

static void test_long_strings(void **state)
{
	_cleanup_free_ char *plain = malloc(65537), *foreign = malloc(65537);
	const struct frame frames[] = { { .addr = 1, .function = plain }, { .addr = 2, .function = foreign } };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	assert_true(plain && foreign);
	memset(plain, 'x', 65536);
	memset(foreign, 0xff, 65536);
	plain[65536] = foreign[65536] = 0;
	plain[4096] = '\n'; /* beyond the cut: must not matter */
	add_one(b, frames, 2);
	p = round_trip(b, COMPRESSION_NONE);
	plain[4096] = 0;
	assert_string_equal(p->samples[0].locations[0]->lines[0].function->name, plain);
	assert_int_equal(strlen(p->samples[0].locations[1]->lines[0].function->name), 4095); /* 1365 * 3 */
}

/* A character that begins within the limit and ends behind it is cut as a whole. */
static void test_cut_between_characters(void **state)
{
	char name[4100];
	const struct frame frame = { .addr = 1, .function = name };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	memset(name, 'x', 4093);
	strcpy(name + 4093, "\xf0\x9f\x98\x80");
	add_one(b, &frame, 1);
	name[4093] = 0;
	p = round_trip(b, COMPRESSION_NONE);
	assert_string_equal(p->functions[0].name, name);
}

/* Pointers are borrowed for one call: the same one may tell of another mapping in the next. */
static void test_mapping_memory_is_reused(void **state)
{
	struct profile_mapping mapping = app_text;
	const struct frame frame = { .addr = 1, .mapping = &mapping };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	add_one(b, &frame, 1);
	mapping = libc_text;
	add_one(b, &frame, 1);
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->n_mappings, 2);
	assert_string_equal(p->locations[1].mapping->filename, "/lib/libc.so.6");
}

static void test_values_stay_in_range(void **state)
{
	const struct frame frame = { .addr = 1 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;

	assert_int_equal(profile_builder_add(b, &frame, 1, NULL, 0, 1, INT64_MAX), 0);
	assert_int_equal(profile_builder_add(b, &frame, 1, NULL, 0, 1, 1), -ERANGE);
	assert_int_equal(profile_builder_add(b, &frame, 1, NULL, 0, 1, UINT64_MAX), -ERANGE);
	assert_int_equal(profile_builder_add(b, &frame, 1, NULL, 0, INT64_MAX, 0), -ERANGE);
	assert_int_equal(profile_builder_add(b, &frame, 1, NULL, 0, UINT64_MAX, 0), -ERANGE);
	assert_int_equal(profile_builder_n_samples(b), 1);
	p = round_trip(b, COMPRESSION_NONE);
	assert_int_equal(p->n_samples, 1);
	assert_int_equal(p->samples[0].values[0], 1);
	assert_int_equal(p->samples[0].values[1], INT64_MAX);
}

static void test_too_many_frames(void **state)
{
	const size_t n = ((size_t)1 << 16) + 1;
	_cleanup_free_ struct frame *frames = calloc(n, sizeof(*frames));
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();

	assert_non_null(frames);
	assert_int_equal(profile_builder_add(b, frames, n, NULL, 0, 1, 1), -ENOSPC);
	assert_int_equal(profile_builder_n_samples(b), 0);
	assert_int_equal(profile_builder_add(b, frames, n - 1, NULL, 0, 1, 1), 0);
}

static void test_encode_appends_and_goes_on(void **state)
{
	const struct frame frame = { .addr = 1, .function = "f" };
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(buf_done) struct buf first = {}, again = {};

	add_one(b, &frame, 1);
	assert_int_equal(buf_add_str(&first, "HEAD"), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &first), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &again), 0);
	assert_memory_equal(first.data, "HEAD", 4);
	assert_int_equal(first.size, again.size + 4);
	assert_memory_equal(first.data + 4, again.data, again.size);

	/* Wherever it stops, nothing of it stays. */
	for (size_t room = 0; room < again.size; room++) {
		_cleanup_(buf_done) struct buf small = { .limit_bytes = room + 4 };

		assert_int_equal(buf_add_str(&small, "HEAD"), 0);
		assert_int_equal(profile_builder_encode(b, &meta, &small), -EFBIG);
		assert_int_equal(small.size, 4);
		assert_string_equal(small.data, "HEAD");
	}
}

/* 10,000 stacks of 40 frames over 20,000 locations and 5,000 functions. */
static void fill(struct profile_builder *b)
{
	static char names[5000][64];
	struct frame frames[40] = {};
	uint64_t random = 1;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(names[i], sizeof(names[i]), "company::product::Component%zu::method(int, char const*)", i);
	for (size_t s = 0; s < 10000; s++) {
		for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
			size_t at;

			random = random * 6364136223846793005 + 1442695040888963407;
			at = (random >> 33) % 20000;
			frames[i] = (struct frame){ .addr = 0x1000 + at,
						    .mapping = &app_text,
						    .function = names[at % ARRAY_SIZE(names)],
						    .file = "/src/product/component.cc",
						    .line = (uint32_t)at };
		}
		assert_int_equal(profile_builder_add(b, frames, ARRAY_SIZE(frames), NULL, 0, 1, 10), 0);
	}
}

static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void test_memory_of_a_window(void **state)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = new_builder();
	_cleanup_(profile_freep) struct profile *p = NULL;
	size_t before = heap_bytes();

	fill(b);
	print_message("builder: %zu KiB\n", (heap_bytes() - before) >> 10); /* 0 under ASan */
	assert_true(heap_bytes() - before < (size_t)8 << 20);
	p = round_trip(b, COMPRESSION_ZSTD);
	assert_int_equal(p->n_samples, 10000);
	assert_int_equal(p->n_locations, 20000);
	assert_int_equal(p->n_functions, 5000);
	for (size_t i = 0; i < p->n_samples; i++)
		assert_int_equal(p->samples[i].n_locations, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_has_flags),
		cmocka_unit_test(test_main_mapping),
		cmocka_unit_test(test_equal_stacks_sum),
		cmocka_unit_test(test_same_address_other_lines),
		cmocka_unit_test(test_inlined_without_caller),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_hostile_strings),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_cut_between_characters),
		cmocka_unit_test(test_mapping_memory_is_reused),
		cmocka_unit_test(test_values_stay_in_range),
		cmocka_unit_test(test_too_many_frames),
		cmocka_unit_test(test_encode_appends_and_goes_on),
		cmocka_unit_test(test_memory_of_a_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
