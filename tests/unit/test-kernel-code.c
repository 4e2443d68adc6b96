// SPDX-License-Identifier: Apache-2.0
/*
 * kernel code: a made-up kernel and module, compiled here, running nowhere: /proc, /sys and the host's root are
 * directories that tell of them as the kernel tells of itself, with KASLR. addr2line says what their addresses mean.
 */
#include "tests/unit/tool.h"

#include <inttypes.h>
#include <poll.h>

#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/stack-table.h"
#include "symbolizer/binary.h"
#include "symbolizer/indexer.h"
#include "symbolizer/kallsyms.h"
#include "symbolizer/kernel-files.h"
#include "workload/sideband.h"

#define LINK_START 0xffffffff81000000ULL
#define KASLR 0x12a00000ULL
#define MODULE_START 0xffffffffc0a05000ULL
#define RELEASE "6.1-test"

static const char *dir;

/* The kernel: inlined calls two deep, and a second symbol at one address. */
static const char kernel_source[] =
	"__attribute__((section(\".text.unlikely\"), naked)) void _text(void) { __asm__(\".globl _stext; _stext: "
	"ret\"); }\n"
	"int table[64];\n"
	"static inline __attribute__((always_inline)) int innermost(int a)\n"
	"{\n"
	"\treturn table[a & 63] * 7;\n"
	"}\n"
	"static inline __attribute__((always_inline)) int middle(int a)\n"
	"{\n"
	"\treturn innermost(a + 3) ^ 5;\n"
	"}\n"
	"__attribute__((noinline)) int do_work(int a)\n"
	"{\n"
	"\tfor (int i = 0; i < a; i++)\n"
	"\t\ttable[i & 63] += middle(i);\n"
	"\treturn table[3];\n"
	"}\n"
	"__attribute__((noinline)) int other_work(int a) { return do_work(a * 3) + 1; }\n"
	"extern __typeof__(other_work) work_alias __attribute__((alias(\"other_work\")));\n"
	"__attribute__((section(\".text.z\"), naked)) void _etext(void) { __asm__(\"ret\"); }\n";

static const char module_source[] =
	"int cells[16];\n"
	"static inline __attribute__((always_inline)) int mix(int a)\n"
	"{\n"
	"\treturn cells[a & 15] * 3;\n"
	"}\n"
	"__attribute__((noinline)) int foo_poll(int a)\n"
	"{\n"
	"\treturn mix(a) + mix(a + 1);\n"
	"}\n"
	"__attribute__((section(\".init.text\"))) int init_module(void) { return foo_poll(1); }\n"
	"__attribute__((section(\".exit.text\"))) void cleanup_module(void) { foo_poll(2); }\n";

static void write_file(const char *name, const char *text)
{
	_cleanup_free_ char *path = NULL;
	FILE *f;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What /proc and /sys tell, and the files where distributions put them. */
static void make_kernel(void)
{
	write_file("k.c", kernel_source);
	write_file("m.c", module_source);
	tool_run("cd %s && mkdir -p proc sys/kernel sys/module/foo_mod/notes debug/boot root/lib/modules/" RELEASE
		 "/kernel/net root/usr/lib/debug/lib/modules/" RELEASE "/kernel/net",
		 dir);
	tool_run("cd %s && gcc -O2 -g -mcmodel=kernel -fno-pic -fno-stack-protector -fcf-protection=none "
		 "-fno-asynchronous-unwind-tables -nostdlib -static -no-pie -Wl,--build-id -Wl,-e,_text "
		 "-Wl,--sort-section=name -Wl,-Ttext=0x%" PRIx64 " k.c -o vmlinux 2>/dev/null",
		 dir, (uint64_t)LINK_START);
	tool_run("cd %s && gcc -O2 -g -mcmodel=kernel -fno-pic -fno-stack-protector -fcf-protection=none "
		 "-fno-asynchronous-unwind-tables -c m.c -o m.o && ld -r --build-id m.o -o foo-mod.ko",
		 dir);
	tool_run("cd %s && objcopy -O binary --only-section=.note.gnu.build-id vmlinux sys/kernel/notes && "
		 "objcopy -O binary --only-section=.note.gnu.build-id foo-mod.ko "
		 "sys/module/foo_mod/notes/.note.gnu.build-id",
		 dir);
	tool_run("cd %s && "
		 "python3 -c \"\n"
		 "import subprocess\n"
		 "def nm(*a): return [l.split() for l in subprocess.check_output(['nm', *a], text=True).splitlines()]\n"
		 "for a, t, n in nm('vmlinux'): print('%%016x %%s %%s' %% (int(a, 16) + %" PRIu64 ", t, n))\n"
		 "for a, t, n in [x for x in nm('foo-mod.ko') if len(x) == 3 and x[2] == 'foo_poll']:\n"
		 "    print('%%016x %%s %%s\\t[foo_mod]' %% (int(a, 16) + %" PRIu64 ", t, n))\n\" > proc/kallsyms",
		 dir, (uint64_t)KASLR, (uint64_t)MODULE_START);
	tool_run("cd %s && echo 'foo_mod 16384 0 - Live 0x%" PRIx64 "' > proc/modules", dir, (uint64_t)MODULE_START);
	tool_run("cd %s && echo 'kernel/net/foo-mod.ko.xz:' > root/lib/modules/" RELEASE "/modules.dep", dir);
}

struct machine {
	int proc_fd, sys_fd, root_fd, debug_fd;
	struct binaries *binaries;
	struct kernel_code *kernel;
};

static int open_dir(const char *name)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void machine_init(struct machine *m)
{
	const struct binaries_config config = { .max_binaries = 100 };
	struct kernel_files_config files = { .release = RELEASE, .n_debug_dirs = 1 };

	m->proc_fd = open_dir("proc");
	m->sys_fd = files.sys_fd = open_dir("sys");
	m->root_fd = files.root_fd = open_dir("root");
	m->debug_fd = files.debug_dirs[0] = open_dir("debug");
	assert_int_equal(binaries_new(&config, &m->binaries), 0);
	files.binaries = m->binaries;
	assert_int_equal(kernel_code_new(m->proc_fd, &files, &m->kernel), 0);
}

static void machine_done(struct machine *m)
{
	kernel_code_free(m->kernel);
	binaries_free(m->binaries);
	close_fd(m->proc_fd);
	close_fd(m->sys_fd);
	close_fd(m->root_fd);
	close_fd(m->debug_fd);
}

static void settle(struct machine *m)
{
	while (binaries_n_pending(m->binaries) + binaries_n_debug_pending(m->binaries) +
		       kernel_code_n_waiting(m->kernel) >
	       0) {
		struct pollfd p = { .fd = binaries_fd(m->binaries), .events = POLLIN };

		poll(&p, 1, binaries_timeout_ms(m->binaries));
		assert_int_equal(binaries_dispatch(m->binaries), 0);
		assert_int_equal(kernel_code_dispatch(m->kernel), 0);
	}
}

static struct stack_frame take(struct machine *m, uint64_t addr, uint32_t flags, uint64_t time_ns)
{
	struct stack_frame frame = { .addr = addr, .module = MODULE_KERNEL, .flags = flags };

	assert_int_equal(kernel_code_take(m->kernel, &frame, 1, time_ns), 0);
	return frame;
}

/* As addr2line prints it: a function and a place in turn. */
static void describe(struct machine *m, const struct stack_frame *frame, struct kernel_location *ret, struct buf *text)
{
	struct index_frame functions[16];
	size_t n = kernel_code_lookup(m->kernel, frame, ret, functions, ARRAY_SIZE(functions));

	buf_clear(text);
	assert_int_equal(buf_reserve(text, 0), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(functions[i].inlined, i + 1 < n);
		assert_int_equal(buf_printf(text, "%s\n%s:%u\n", functions[i].function,
					    functions[i].file ? functions[i].file : "??", functions[i].line),
				 0);
	}
}

static uint64_t symbol(const char *file, const char *name, size_t *ret_size)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t start, size;

	tool_read(&text, "cd %s && nm -S %s | awk '$4 == \"%s\" {print $1, $2}'", dir, file, name);
	assert_int_equal(sscanf(text.data, "%" SCNx64 " %" SCNx64, &start, &size), 2);
	*ret_size = size;
	return start;
}

static void read_addr2line(const char *file, const char *section, uint64_t addr, struct buf *ret)
{
	tool_read(ret, "cd %s && addr2line -f -i %s -e %s 0x%" PRIx64 " | sed 's/ (discriminator.*//'", dir, section,
		  file, addr);
}

/* Every byte of a function; how many chains had inlined calls. */
static size_t compare(struct machine *m, const char *file, const char *section, const char *name, uint64_t shift)
{
	_cleanup_(buf_done) struct buf expected = {}, text = {};
	size_t size, n_inlined = 0;
	uint64_t start = symbol(file, name, &size);
	struct kernel_location location;

	for (uint64_t addr = start; addr < start + size; addr++) {
		const struct stack_frame frame = take(m, addr + shift, 0, 1);

		read_addr2line(file, section, addr, &expected);
		describe(m, &frame, &location, &text);
		assert_string_equal(text.data, expected.data);
		n_inlined += strstr(text.data, section[0] ? "mix\n" : "middle\n") != NULL;
	}
	return n_inlined;
}

static void check_build_id(const struct kernel_location *location, const char *file)
{
	_cleanup_(buf_done) struct buf text = {};

	tool_read(&text, "cd %s && readelf -n %s | awk '/Build ID/ {printf \"%%s\", $3}'", dir, file);
	assert_string_equal(location->build_id, text.data);
}

static void test_names_only(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct kernel_location location;
	struct stack_frame frame;
	struct machine m;
	size_t size;
	uint64_t addr = symbol("vmlinux", "do_work", &size);

	machine_init(&m);
	assert_null(kernel_code_unnamed(m.kernel));
	frame = take(&m, addr + KASLR + 5, 0, 1);
	settle(&m);
	describe(&m, &frame, &location, &text);
	assert_string_equal(text.data, "do_work\n??:0\n");
	assert_int_equal(location.addr, addr + 5); /* not where it ran */
	assert_string_equal(location.module, "");
	check_build_id(&location, "vmlinux");

	frame = take(&m, MODULE_START + 2, 0, 1);
	settle(&m);
	describe(&m, &frame, &location, &text);
	assert_string_equal(text.data, "foo_poll\n??:0\n");
	assert_int_equal(location.addr, 2);
	assert_string_equal(location.module, "foo_mod");
	check_build_id(&location, "foo-mod.ko");
	frame = take(&m, 0xffffffffc0b00000, 0, 1);
	assert_int_equal(kernel_code_lookup(m.kernel, &frame, &location, &(struct index_frame){}, 1), 0);
	machine_done(&m);
}

/* A kernel that is slow to tell its symbols holds nobody up but who asks for a name. */
static void test_slow_kallsyms(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct kernel_location location;
	struct stack_frame frame;
	struct machine m;
	size_t size;
	uint64_t addr = symbol("vmlinux", "do_work", &size);

	tool_run("cd %s && mv proc/kallsyms kallsyms && mkfifo proc/kallsyms", dir);
	machine_init(&m);
	assert_int_equal(kernel_code_dispatch(m.kernel), 0);
	assert_int_equal(kernel_code_n_waiting(m.kernel), 0);
	tool_run("cd %s && (sleep 0.1; cat kallsyms > proc/kallsyms) > /dev/null 2>&1 &", dir);
	frame = take(&m, addr + KASLR, 0, 1);
	settle(&m);
	describe(&m, &frame, &location, &text);
	assert_string_equal(text.data, "do_work\n??:0\n");
	machine_done(&m);
}

static void test_kernel_lines(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct kernel_location location;
	struct stack_frame frame;
	struct machine m;
	size_t size;
	uint64_t addr = symbol("vmlinux", "other_work", &size);

	tool_run("cd %s && cp vmlinux debug/boot/vmlinux-" RELEASE, dir);
	machine_init(&m);
	take(&m, addr + KASLR, 0, 1);
	settle(&m);
	assert_true(compare(&m, "vmlinux", "", "do_work", KASLR) > 0);
	/* A return address at the very end belongs to the call before it; the name is the one that kallsyms has. */
	frame = take(&m, addr + KASLR + size, STACK_FRAME_IS_CALLER, 1);
	describe(&m, &frame, &location, &text);
	assert_int_equal(location.addr, addr + size);
	assert_non_null(strstr(text.data, "other_work\n"));
	assert_non_null(strstr(text.data, "/k.c:17\n"));
	machine_done(&m);
}

static void test_module_lines(void **state)
{
	struct machine m;

	tool_run("cd %s && cp foo-mod.ko root/usr/lib/debug/lib/modules/" RELEASE "/kernel/net/foo-mod.ko.debug", dir);
	machine_init(&m);
	take(&m, MODULE_START, 0, 1);
	settle(&m);
	assert_true(compare(&m, "foo-mod.ko", "-j .text", "foo_poll", MODULE_START) > 0);
	machine_done(&m);
}

/* Split off, as distributions do: the module's own file has no more than symbols, and the next place is tried. */
static void test_split_module(void **state)
{
	struct machine m;

	tool_run("cd %s && cp foo-mod.ko root/lib/modules/" RELEASE "/kernel/net/foo-mod.ko && "
		 "objcopy --only-keep-debug foo-mod.ko debug/x.debug && strip -g -o debug/y foo-mod.ko && "
		 "mkdir -p debug/lib/modules/" RELEASE "/kernel/net && mv debug/y debug/lib/modules/" RELEASE
		 "/kernel/net/foo-mod.ko",
		 dir);
	machine_init(&m);
	take(&m, MODULE_START, 0, 1);
	settle(&m);
	assert_true(compare(&m, "foo-mod.ko", "-j .text", "foo_poll", MODULE_START) > 0);
	machine_done(&m);
}

/* Another build under the right name, and one that was changed afterwards: neither is believed. */
static void test_wrong_file(void **state)
{
	static const char *const changes[] = {
		"sed s/do_work/dx_work/ k.c > w.c && gcc -O2 -g -mcmodel=kernel -fno-pic -nostdlib -static -no-pie "
		"-Wl,--build-id -Wl,-e,_text -Wl,-Ttext=0xffffffff81000000 w.c -o w",
		"objcopy --redefine-sym do_work=a --redefine-sym other_work=b --redefine-sym work_alias=c "
		"--redefine-sym _stext=d --redefine-sym _text=e --redefine-sym _etext=f vmlinux w",
	};
	_cleanup_(buf_done) struct buf text = {};
	struct kernel_location location;
	struct stack_frame frame;
	size_t size;
	uint64_t addr = symbol("vmlinux", "do_work", &size);

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct machine m;

		tool_run("cd %s && { %s; } 2>/dev/null && cp w debug/boot/vmlinux-" RELEASE, dir, changes[i]);
		machine_init(&m);
		frame = take(&m, addr + KASLR, 0, 1);
		settle(&m);
		describe(&m, &frame, &location, &text);
		assert_string_equal(text.data, "do_work\n??:0\n");
		machine_done(&m);
	}
}

/* A FIFO, a directory and garbage where files may lie: nothing hangs, the next place is tried. */
static void test_traps(void **state)
{
	struct machine m;
	size_t size;

	tool_run("cd %s && mkfifo debug/boot/vmlinux-" RELEASE " && mkdir -p debug/lib/modules/" RELEASE
		 "/vmlinux root/usr/lib/debug/boot && head -c 5000 /dev/zero > debug/vmlinux-" RELEASE
		 " && cp vmlinux root/usr/lib/debug/boot/vmlinux-" RELEASE,
		 dir);
	machine_init(&m);
	take(&m, symbol("vmlinux", "do_work", &size) + KASLR, 0, 1);
	settle(&m);
	assert_true(compare(&m, "vmlinux", "", "do_work", KASLR) > 0);
	machine_done(&m);
}

/* Two programs at one place, each sampled in its time; what comes later changes nothing that was taken. */
static void test_bpf(void **state)
{
	struct sideband_event event = {
		.kind = SIDEBAND_KSYMBOL,
		.start = 0xffffffffc0c00000,
		.size = 0x80,
		.time_ns = 100,
		.is_bpf = true,
		.name = "bpf_prog_6deef7357e7b4530_first",
	};
	_cleanup_(buf_done) struct buf text = {};
	struct kernel_location location;
	struct stack_frame first, second;
	struct index_frame function;
	struct machine m;

	machine_init(&m);
	assert_int_equal(kernel_code_on_event(m.kernel, &event), 0);
	event.unregister = true;
	event.time_ns = 200;
	assert_int_equal(kernel_code_on_event(m.kernel, &event), 0);
	event = (struct sideband_event){ .kind = SIDEBAND_KSYMBOL,
					 .start = event.start,
					 .size = 0x40,
					 .time_ns = 300,
					 .name = "bpf_prog_6deef7357e7b4530_second" };
	assert_int_equal(kernel_code_on_event(m.kernel, &event), 0);
	first = take(&m, event.start + 0x10, 0, 150);
	second = take(&m, event.start + 0x40, STACK_FRAME_IS_CALLER, 350);
	settle(&m);
	describe(&m, &first, &location, &text);
	assert_string_equal(text.data, "first [bpf]\n??:0\n");
	assert_string_equal(location.module, "bpf");
	assert_int_equal(location.addr, 0x10);
	assert_string_equal(location.build_id, "");
	describe(&m, &second, &location, &text);
	assert_string_equal(text.data, "second [bpf]\n??:0\n");
	assert_int_equal(location.addr, 0x40);
	assert_int_equal(kernel_code_lookup(m.kernel, &second, &location, &function, 1), 1);
	assert_string_equal(function.linkage_name, "bpf_prog_6deef7357e7b4530_second");
	machine_done(&m);
}

/* What is missing is said, and the rest goes on. */
static void test_lacks(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	struct kernel_location location;
	struct stack_frame frame;
	struct machine m;
	size_t size;
	uint64_t addr = symbol("vmlinux", "do_work", &size);

	tool_run("cd %s && rm proc/modules && rm -r sys/kernel sys/module && cp vmlinux debug/boot/vmlinux-" RELEASE,
		 dir);
	machine_init(&m);
	frame = take(&m, addr + KASLR, 0, 1);
	settle(&m);
	describe(&m, &frame, &location, &text);
	assert_string_equal(text.data, "do_work\n??:0\n"); /* no build id: no file is known to be the right one */
	assert_string_equal(location.build_id, "");
	machine_done(&m);

	tool_run("cd %s && sed -i 's/^[0-9a-f]*/0000000000000000/' proc/kallsyms", dir);
	machine_init(&m);
	assert_string_equal(kernel_code_unnamed(m.kernel), "the kernel hides its addresses from this user");
	frame = take(&m, addr + KASLR, 0, 1);
	assert_int_equal(kernel_code_lookup(m.kernel, &frame, &location, &(struct index_frame){}, 1), 0);
	machine_done(&m);

	tool_run("cd %s && rm proc/kallsyms", dir);
	machine_init(&m);
	assert_string_equal(kernel_code_unnamed(m.kernel), "this kernel has no /proc/kallsyms");
	frame = take(&m, addr + KASLR, 0, 1);
	assert_int_equal(kernel_code_lookup(m.kernel, &frame, &location, &(struct index_frame){}, 1), 0);
	machine_done(&m);
}

static int setup(void **state)
{
	int r = tool_dir_new(state);

	dir = *state;
	if (r == 0)
		make_kernel();
	return r;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, tool_dir_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_only),   TEST(test_slow_kallsyms), TEST(test_kernel_lines),
		TEST(test_module_lines), TEST(test_split_module),  TEST(test_wrong_file),
		TEST(test_traps),        TEST(test_bpf),           TEST(test_lacks),
	};

	if (argc > 1 && strcmp(argv[1], INDEXER_COMMAND) == 0)
		return indexer_main();
	if (argc > 1 && strcmp(argv[1], INDEXER_DEBUG_COMMAND) == 0)
		return debug_indexer_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
