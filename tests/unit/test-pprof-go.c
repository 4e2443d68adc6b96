// SPDX-License-Identifier: Apache-2.0
/* What pprof itself says of our files, and what we make of those that the Go runtime writes. Skipped without go. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/compress.h"
#include "pprof/build.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "pprof/split.h"
#include "tests/unit/scratch-dir.h"

static const char *const service_root[] = { "service_name" };

static struct profile *read_profile(const char *name)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_(buf_done) struct buf bytes = {};
	struct profile *p = NULL;

	assert_true(asprintf(&path, "%s/%s", scratch_dir, name) > 0);
	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &bytes), 0);
	assert_int_equal(profile_decode(bytes.data, bytes.size, &p), 0);
	return p;
}

static void assert_has(const struct buf *text, const char *needle)
{
	if (!text->data || !strstr(text->data, needle))
		fail_msg("no '%s' in:\n%s", needle, text->data);
}

static void add_service(struct profile_builder *b, const char *service, uint64_t count)
{
	const struct profile_mapping text = {
		.start = 0x1000, .limit = 0x5000, .file_offset = 0x1000, .filename = "/app/server", .build_id = "aa11"
	};
	const struct profile_mapping second = {
		.start = 0x8000, .limit = 0x9000, .file_offset = 0x6000, .filename = "/app/server", .build_id = "aa11"
	};
	const struct profile_mapping kernel = { .start = 0xffffffff81000000,
						.limit = 0xffffffff82000000,
						.filename = "[kernel.kallsyms]" };
	const struct frame frames[] = {
		{ .addr = 0xffffffff81000010, .mapping = &kernel, .function = "do_syscall_64" },
		{ .addr = 0x1234,
		  .mapping = &text,
		  .function = "Inner::get() const",
		  .file = "in.h",
		  .line = 7,
		  .inlined = true },
		{ .addr = 0x1234,
		  .mapping = &text,
		  .function = "Outer::run(int)",
		  .linkage_name = "_ZN5Outer3runEi",
		  .file = "o.cc",
		  .line = 9,
		  .start_line = 3 },
		{ .addr = 0x8010, .mapping = &second },
		{ .addr = 0x7f0000001000 },
	};
	const struct label labels[] = {
		{ .key = "service_name", .str = service },
		{ .key = "pid", .num = 4711, .num_unit = "id" },
	};

	assert_int_equal(profile_builder_set_main(b, &text), 0);
	assert_int_equal(profile_builder_add(b, frames, ARRAY_SIZE(frames), labels, 2, count, count * 10000000), 0);
}

static void write_ours(const char *name, uint64_t count)
{
	const struct profile_meta meta = { .time_ns = 1700000000000000000,
					   .duration_ns = 10000000000,
					   .period_ns = 10000000 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf raw = {}, gzip = {};

	assert_int_equal(profile_builder_new(&b), 0);
	add_service(b, "api", count);
	add_service(b, "caf\xc3\xa9 \xff", count);
	assert_int_equal(profile_builder_add_comment(b, "a comment of ours"), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(compress_add(COMPRESSION_GZIP, raw.data, raw.size, &gzip), 0);
	scratch_write(name, gzip.data, gzip.size);
}

static int set_up(void **state)
{
	if (scratch_dir_new(state) < 0)
		return -1;
	write_ours("one.pb.gz", 3);
	write_ours("two.pb.gz", 4);
	return 0;
}

static void test_raw(void **state)
{
	_cleanup_(buf_done) struct buf out = {};

	scratch_run("go tool pprof -raw -symbolize=none one.pb.gz", &out);
	assert_has(&out, "Comment: a comment of ours\n");
	assert_has(&out, "PeriodType: cpu nanoseconds\nPeriod: 10000000\n");
	assert_has(&out, "Duration: 10s\n");
	assert_has(&out, "samples/count cpu/nanoseconds[dflt]\n");
	assert_has(&out, "          3   30000000: 1 2 3 4 \n"
			 "                service_name:[api]\n"
			 "                pid:[4711 id]\n");
	assert_has(&out, "service_name:[caf\xc3\xa9 \xef\xbf\xbd]\n");
	assert_has(&out, "1: 0xffffffff81000010 M=2 do_syscall_64 ");
	assert_has(&out, "2: 0x1234 M=1 Inner::get() const in.h:7:0 s=0\n");
	assert_has(&out, " Outer::run(int) o.cc:9:0 s=3(_ZN5Outer3runEi)\n");
	assert_has(&out, "3: 0x8010 M=3 \n");
	assert_has(&out, "4: 0x7f0000001000 \n");
	assert_has(&out, "1: 0x1000/0x5000/0x1000 /app/server aa11 [FN][FL][LN][IN]\n");
	assert_has(&out, "3: 0x8000/0x9000/0x6000 /app/server aa11 \n");
	assert_has(&out, "2: 0xffffffff81000000/0xffffffff82000000/0x0 [kernel.kallsyms]  [FN]\n");
}

static void test_top(void **state)
{
	_cleanup_(buf_done) struct buf out = {};

	scratch_run("go tool pprof -top -symbolize=none one.pb.gz", &out);
	assert_has(&out, "File: server\n");
	assert_has(&out, "Type: cpu\n");
	assert_has(&out, "Duration: 10s, Total samples = 60ms ");
	assert_has(&out, "60ms   100%   100%       60ms   100%  do_syscall_64\n");
	assert_has(&out, "60ms   100%  Inner::get() const (inline)\n");
	scratch_run("go tool pprof -top -symbolize=none -sample_index=samples one.pb.gz", &out);
	assert_has(&out, "Total samples = 6 ");
	scratch_run("go tool pprof -tags -symbolize=none one.pb.gz", &out);
	assert_has(&out, "service_name: Total 60ms of 60ms (  100%)");
	assert_has(&out, "30ms (50.00%): caf\xc3\xa9 \xef\xbf\xbd\n");
}

static void test_merge_by_pprof(void **state)
{
	_cleanup_(buf_done) struct buf out = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	int64_t count = 0, cpu_ns = 0;

	scratch_run("go tool pprof -proto -symbolize=none -output merged.pb.gz one.pb.gz two.pb.gz", &out);
	p = read_profile("merged.pb.gz");
	assert_int_equal(p->n_samples, 2); /* stacks and labels of both files are equal */
	for (size_t i = 0; i < p->n_samples; i++) {
		count += p->samples[i].values[0];
		cpu_ns += p->samples[i].values[1];
	}
	assert_int_equal(count, 14);
	assert_int_equal(cpu_ns, 140000000);
	assert_int_equal(p->duration_ns, 20000000000);
	assert_int_equal(p->default_type, 1);
	assert_int_equal(p->n_comments, 1);
	assert_string_equal(p->mappings[0].filename, "/app/server");
}

/* The parts of a profile, put together again by pprof, are the profile. */
static void test_parts(void **state)
{
	static const char *const keys[] = { "service_name", NULL };
	static const struct profile_split_limits limits = { .series_keys = keys };
	const struct profile_part_options options = { .shift_ns = 1000000 };
	_cleanup_(profile_split_done) struct profile_split s = {};
	_cleanup_(buf_done) struct buf out = {}, before = {}, after = {};
	_cleanup_(profile_freep) struct profile *whole = read_profile("one.pb.gz"), *merged = NULL;

	assert_int_equal(profile_split_init(whole, &limits, &s), 0);
	assert_int_equal(s.n_parts, 2);
	for (size_t i = 0; i < s.n_parts; i++) {
		_cleanup_(buf_done) struct buf raw = {};

		assert_int_equal(profile_part_encode(&s.parts[i], &options, &raw), 0);
		scratch_write(i ? "part1.pb" : "part0.pb", raw.data, raw.size);
	}
	scratch_run("TZ=UTC go tool pprof -raw -symbolize=none part0.pb", &out);
	assert_has(&out, "Comment: a comment of ours\n");
	assert_has(&out, "Time: 2023-11-14 22:13:20.001 ");
	assert_has(&out, "service_name:[api]\n");
	assert_has(&out, "1: 0x1000/0x5000/0x1000 /app/server aa11 [FN][FL][LN][IN]\n");
	assert_null(strstr(out.data, "caf"));
	scratch_run("go tool pprof -proto -symbolize=none -output parts.pb.gz part0.pb part1.pb", &out);
	merged = read_profile("parts.pb.gz");
	for (size_t type = 0; type < 2; type++) {
		buf_clear(&before);
		buf_clear(&after);
		assert_int_equal(profile_fold(whole, type, service_root, 1, &before), 0);
		assert_int_equal(profile_fold(merged, type, service_root, 1, &after), 0);
		assert_string_equal(before.data, after.data);
	}
}

/* Two windows of a thousand stacks, half of them in both: what pprof merges them to, and what we do. */
static void write_window(const char *name, unsigned int first_stack)
{
	const struct profile_meta meta = { .time_ns = 1700000000000000000 + first_stack,
					   .duration_ns = 10000000000,
					   .period_ns = 10000000 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf raw = {}, gzip = {};

	assert_int_equal(profile_builder_new(&b), 0);
	for (unsigned int i = first_stack; i < first_stack + 1000; i++) {
		const struct profile_mapping binary = { .start = 0x1000,
							.limit = 0x100000,
							.filename = first_stack ? "/app/server" : "/srv/server",
							.build_id = i % 3 ? "aa11" : "bb22" };
		const struct frame frames[] = {
			{ .addr = 0x2000 + 16 * i, .mapping = &binary, .function = "leaf", .line = i, .inlined = true },
			{ .addr = 0x2000 + 16 * i, .mapping = &binary, .function = "caller", .line = 1 },
			{ .addr = 0x1500 + i % 7, .mapping = &binary },
			{ .addr = 0x7f0000001000 + i % 5 },
		};
		const struct label label = { .key = "service_name", .str = i % 2 ? "api" : "db" };

		assert_int_equal(profile_builder_add(b, frames, 1 + i % 4, &label, 1, 1 + i % 9,
						     (1 + i % 9) * 10000000),
				 0);
	}
	assert_int_equal(profile_builder_add_comment(b, first_stack ? "second" : "first"), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(compress_add(COMPRESSION_GZIP, raw.data, raw.size, &gzip), 0);
	scratch_write(name, gzip.data, gzip.size);
}

static struct profile *merged(const char *one, const char *two)
{
	_cleanup_(profile_freep) struct profile *first = read_profile(one), *second = read_profile(two);
	_cleanup_(merge_freep) struct merge *m = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(merge_new(&m), 0);
	assert_int_equal(merge_add(m, first), 0);
	assert_int_equal(merge_add(m, second), 0);
	assert_int_equal(merge_encode(m, &(struct merge_options){ .id = "m" }, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}

static void test_merge_as_pprof(void **state)
{
	_cleanup_(profile_freep) struct profile *ours = NULL, *theirs = NULL;
	_cleanup_(buf_done) struct buf out = {};

	write_window("a.pb.gz", 0);
	write_window("b.pb.gz", 500);
	scratch_run("go tool pprof -proto -symbolize=none -output ab.pb.gz a.pb.gz b.pb.gz", &out);
	theirs = read_profile("ab.pb.gz");
	ours = merged("a.pb.gz", "b.pb.gz");
	for (size_t type = 0; type < 2; type++) {
		_cleanup_(buf_done) struct buf our_stacks = {}, their_stacks = {};

		assert_int_equal(profile_fold(ours, type, service_root, 1, &our_stacks), 0);
		assert_int_equal(profile_fold(theirs, type, service_root, 1, &their_stacks), 0);
		assert_string_equal(our_stacks.data, their_stacks.data);
	}
	assert_int_equal(ours->n_samples, theirs->n_samples);
	assert_int_equal(ours->n_locations, theirs->n_locations);
	assert_int_equal(ours->n_mappings, theirs->n_mappings);
	assert_int_equal(ours->n_functions, theirs->n_functions);
	assert_int_equal(ours->time_ns, theirs->time_ns);
	assert_int_equal(ours->duration_ns, theirs->duration_ns);
	assert_int_equal(ours->n_comments, 2);
	assert_int_equal(theirs->n_comments, 2);
}

/* Through pprof and back nothing changes but numbers of tables: the folded text tells. */
static void test_proto_round_trip(void **state)
{
	_cleanup_(buf_done) struct buf out = {}, ours = {}, theirs = {};
	_cleanup_(profile_freep) struct profile *before = NULL, *after = NULL;

	scratch_run("go tool pprof -proto -symbolize=none -output again.pb.gz one.pb.gz", &out);
	before = read_profile("one.pb.gz");
	after = read_profile("again.pb.gz");
	assert_int_equal(profile_fold(before, 1, NULL, 0, &ours), 0);
	assert_int_equal(profile_fold(after, 1, NULL, 0, &theirs), 0);
	assert_string_equal(ours.data, theirs.data);
	assert_string_equal(ours.data, "0x7f0000001000;server+0x8010;Outer::run(int);Inner::get() const;"
				       "do_syscall_64 60000000\n");
	assert_int_equal(after->n_mappings, 3);
	assert_true(after->mappings[0].has_inline_frames);
	assert_true(after->mappings[1].has_functions);
	assert_false(after->mappings[2].has_functions);
}

static const char go_program[] =
	"package main\n"
	"import (\"context\"; \"os\"; \"runtime/pprof\"; \"time\")\n"
	"var sink uint64\n"
	"//go:noinline\n"
	"func burn(until time.Time) {\n"
	"	for time.Now().Before(until) { for i := uint64(0); i < 10000; i++ { sink += i * i } }\n"
	"}\n"
	"func main() {\n"
	"	cpu, _ := os.Create(\"go-cpu.pb.gz\")\n"
	"	pprof.StartCPUProfile(cpu)\n"
	"	pprof.Do(context.Background(), pprof.Labels(\"job\", \"burn\"), func(context.Context) {\n"
	"		burn(time.Now().Add(500 * time.Millisecond))\n"
	"	})\n"
	"	pprof.StopCPUProfile()\n"
	"	cpu.Close()\n"
	"	heap, _ := os.Create(\"go-heap.pb.gz\")\n"
	"	pprof.WriteHeapProfile(heap)\n"
	"	heap.Close()\n"
	"}\n";

static bool is_labelled(const struct profile_sample *s)
{
	return s->n_labels == 1 && strcmp(s->labels[0].key, "job") == 0 && strcmp(s->labels[0].str, "burn") == 0;
}

static void test_profiles_of_go(void **state)
{
	_cleanup_(buf_done) struct buf out = {}, folded = {};
	_cleanup_(profile_freep) struct profile *cpu = NULL, *heap = NULL;
	size_t n_labelled = 0;

	scratch_write("main.go", go_program, sizeof(go_program) - 1);
	scratch_run("go run main.go", &out);
	cpu = read_profile("go-cpu.pb.gz");
	assert_int_equal(cpu->n_sample_types, 2);
	assert_string_equal(cpu->sample_types[1].type, "cpu");
	assert_int_equal(cpu->period, 10000000);
	assert_true(cpu->n_samples > 0);
	for (size_t i = 0; i < cpu->n_samples; i++)
		n_labelled += is_labelled(&cpu->samples[i]);
	assert_true(n_labelled > 0);
	assert_int_equal(profile_fold(cpu, 1, NULL, 0, &folded), 0);
	assert_has(&folded, "main.main;runtime/pprof.Do;main.main.func1;main.burn");

	heap = read_profile("go-heap.pb.gz");
	assert_int_equal(heap->n_sample_types, 4);
	assert_string_equal(heap->sample_types[heap->default_type].type, "inuse_space");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_merge_by_pprof),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_merge_as_pprof),
		cmocka_unit_test(test_proto_round_trip),
		cmocka_unit_test(test_profiles_of_go),
	};
	const char *path = getenv("PATH");
	_cleanup_free_ char *with_go = NULL;

	if (asprintf(&with_go, "%s:/usr/local/go/bin", path ? path : "/usr/bin:/bin") < 0)
		return 1;
	setenv("PATH", with_go, 1);
	if (system("go version >/dev/null 2>&1") != 0) {
		printf("skipped: there is no go here\n");
		return 77;
	}
	if (system("go tool -n pprof >/dev/null 2>&1") != 0) {
		printf("skipped: this go has no pprof tool\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, scratch_dir_free);
}
