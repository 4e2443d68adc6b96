// SPDX-License-Identifier: Apache-2.0
/* What pprof itself says of our files, and what we make of those that the Go runtime writes. Skipped without go. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/compress.h"
#include "common/fsutil.h"
#include "pprof/build.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

static char dir[] = "/tmp/test-pprof-go.XXXXXX";

static void write_file(const char *name, const void *data, size_t size)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, size), 0);
}

static struct profile *read_profile(const char *name)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_(buf_done) struct buf bytes = {};
	struct profile *p = NULL;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &bytes), 0);
	assert_int_equal(profile_decode(bytes.data, bytes.size, &p), 0);
	return p;
}

/* Runs a shell command in the directory; its output, which must come with exit code 0. */
static void run(const char *command, struct buf *ret)
{
	_cleanup_free_ char *line = NULL;
	char piece[4096];
	FILE *out;
	size_t n;

	buf_clear(ret);
	assert_true(asprintf(&line, "cd %s && PPROF_TMPDIR=. %s 2>&1", dir, command) > 0);
	out = popen(line, "re");
	assert_non_null(out);
	while ((n = fread(piece, 1, sizeof(piece), out)) > 0)
		assert_int_equal(buf_add(ret, piece, n), 0);
	if (pclose(out) != 0)
		fail_msg("'%s' failed: %s", command, ret->data);
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
	write_file(name, gzip.data, gzip.size);
}

static int set_up(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	write_ours("one.pb.gz", 3);
	write_ours("two.pb.gz", 4);
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_free_ char *command = NULL;

	return asprintf(&command, "rm -r %s", dir) > 0 ? system(command) : -1;
}

static void test_raw(void **state)
{
	_cleanup_(buf_done) struct buf out = {};

	run("go tool pprof -raw -symbolize=none one.pb.gz", &out);
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

	run("go tool pprof -top -symbolize=none one.pb.gz", &out);
	assert_has(&out, "File: server\n");
	assert_has(&out, "Type: cpu\n");
	assert_has(&out, "Duration: 10s, Total samples = 60ms ");
	assert_has(&out, "60ms   100%   100%       60ms   100%  do_syscall_64\n");
	assert_has(&out, "60ms   100%  Inner::get() const (inline)\n");
	run("go tool pprof -top -symbolize=none -sample_index=samples one.pb.gz", &out);
	assert_has(&out, "Total samples = 6 ");
	run("go tool pprof -tags -symbolize=none one.pb.gz", &out);
	assert_has(&out, "service_name: Total 60ms of 60ms (  100%)");
	assert_has(&out, "30ms (50.00%): caf\xc3\xa9 \xef\xbf\xbd\n");
}

static void test_merge_by_pprof(void **state)
{
	_cleanup_(buf_done) struct buf out = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	int64_t count = 0, cpu_ns = 0;

	run("go tool pprof -proto -symbolize=none -output merged.pb.gz one.pb.gz two.pb.gz", &out);
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
	write_file(name, gzip.data, gzip.size);
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
	run("go tool pprof -proto -symbolize=none -output ab.pb.gz a.pb.gz b.pb.gz", &out);
	theirs = read_profile("ab.pb.gz");
	ours = merged("a.pb.gz", "b.pb.gz");
	for (size_t type = 0; type < 2; type++) {
		_cleanup_(buf_done) struct buf our_stacks = {}, their_stacks = {};

		assert_int_equal(profile_fold(ours, type, "service_name", &our_stacks), 0);
		assert_int_equal(profile_fold(theirs, type, "service_name", &their_stacks), 0);
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

	run("go tool pprof -proto -symbolize=none -output again.pb.gz one.pb.gz", &out);
	before = read_profile("one.pb.gz");
	after = read_profile("again.pb.gz");
	assert_int_equal(profile_fold(before, 1, NULL, &ours), 0);
	assert_int_equal(profile_fold(after, 1, NULL, &theirs), 0);
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

	write_file("main.go", go_program, sizeof(go_program) - 1);
	run("go run main.go", &out);
	cpu = read_profile("go-cpu.pb.gz");
	assert_int_equal(cpu->n_sample_types, 2);
	assert_string_equal(cpu->sample_types[1].type, "cpu");
	assert_int_equal(cpu->period, 10000000);
	assert_true(cpu->n_samples > 0);
	for (size_t i = 0; i < cpu->n_samples; i++)
		n_labelled += is_labelled(&cpu->samples[i]);
	assert_true(n_labelled > 0);
	assert_int_equal(profile_fold(cpu, 1, NULL, &folded), 0);
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
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
