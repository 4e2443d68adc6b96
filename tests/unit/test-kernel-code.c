// SPDX-License-Identifier: Apache-2.0
/*
 * kernel code: a made-up kernel and module, compiled here, running nowhere: /proc, /sys and the host's root are
 * directories that tell of them as the kernel tells of itself, with KASLR. addr2line says what their addresses mean.
 */
#include "tests/unit/tool.h"

#include <inttypes.h>
#include <poll.h>

#include "agent/debug-queue.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/stack-table.h"
#include "common/clock.h"
#include "symbolizer/binary.h"
#include "symbolizer/children.h"
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

/* What /proc and /sys tell, and the files where distributions put them. */
static void make_kernel(void)
{
	tool_write(dir, "k.c", kernel_source);
	tool_write(dir, "m.c", module_source);
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
	struct debug_queue queue; /* for what the debug info of the kernel speaks of */
	char debug_dir[64];
	struct binaries *binaries;
	struct kernel_code *kernel;
	/* What was last described. */
	struct kernel_location location;
	struct buf text;
};

static void machine_init(struct machine *m)
{
	struct kernel_files_config files = { .release = RELEASE, .n_debug_dirs = 1 };
	struct binaries_config config = { .max_binaries = 100, .find_debug = debug_queue_find };

	*m = (struct machine){};
	m->proc_fd = tool_open_in(dir, "proc");
	m->sys_fd = files.sys_fd = tool_open_in(dir, "sys");
	m->root_fd = files.root_fd = tool_open_in(dir, "root");
	m->debug_fd = files.debug_dirs[0] = tool_open_in(dir, "debug");
	snprintf(m->debug_dir, sizeof(m->debug_dir), "%s/debug", dir);
	debug_queue_init(&m->queue);
	assert_int_equal(debug_files_add_dir(&m->queue.files, m->debug_dir), 0);
	config.find_context = &m->queue;
	assert_int_equal(binaries_new(&config, &m->binaries), 0);
	files.binaries = m->binaries;
	assert_int_equal(kernel_code_new(m->proc_fd, &files, &m->kernel), 0);
	m->queue.kernel = m->kernel;
}

static void machine_done(struct machine *m)
{
	kernel_code_free(m->kernel);
	binaries_free(m->binaries);
	debug_queue_done(&m->queue);
	buf_done(&m->text);
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
static void describe(struct machine *m, const struct stack_frame *frame)
{
	struct index_frame functions[16];
	size_t n = kernel_code_lookup(m->kernel, frame, &m->location, functions, ARRAY_SIZE(functions));

	buf_clear(&m->text);
	assert_int_equal(buf_reserve(&m->text, 0), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(functions[i].inlined, i + 1 < n);
		assert_int_equal(buf_printf(&m->text, "%s\n%s:%u\n", functions[i].function,
					    functions[i].file ? functions[i].file : "??", functions[i].line),
				 0);
	}
}

static void check(struct machine *m, const struct stack_frame *frame, const char *text, const char *module,
		  uint64_t addr)
{
	describe(m, frame);
	assert_string_equal(m->text.data, text);
	if (!text[0])
		return;
	assert_string_equal(m->location.module, module);
	assert_int_equal(m->location.addr, addr);
}

/* No name, and no address that would tell where modules lie. */
static void check_gone(struct machine *m, const struct stack_frame *frame)
{
	check(m, frame, "", "", 0);
	assert_string_equal(m->location.module, KERNEL_CODE_GONE);
	assert_int_equal(m->location.addr, 0);
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

/* Every byte of a function; some chains have inlined calls. */
static void compare(struct machine *m, const char *file, const char *section, const char *name, uint64_t shift)
{
	_cleanup_(buf_done) struct buf expected = {};
	size_t size, n_inlined = 0;
	uint64_t start = symbol(file, name, &size);

	for (uint64_t addr = start; addr < start + size; addr++) {
		const struct stack_frame frame = take(m, addr + shift, 0, 1);

		read_addr2line(file, section, addr, &expected);
		describe(m, &frame);
		assert_string_equal(m->text.data, expected.data);
		n_inlined += strstr(m->text.data, section[0] ? "mix\n" : "middle\n") != NULL;
	}
	assert_true(n_inlined > 0);
}

static void check_build_id(const struct machine *m, const char *file)
{
	_cleanup_(buf_done) struct buf text = {};

	tool_read(&text, "cd %s && readelf -n %s | awk '/Build ID/ {printf \"%%s\", $3}'", dir, file);
	assert_string_equal(m->location.build_id, text.data);
}

/* A machine on which an address was met and all is read that there is. */
static struct stack_frame start_at(struct machine *m, uint64_t addr)
{
	struct stack_frame frame;

	machine_init(m);
	frame = take(m, addr, 0, 1);
	settle(m);
	return frame;
}

/* Where a function of the kernel runs. */
static uint64_t kernel_addr(const char *name)
{
	size_t size;

	return symbol("vmlinux", name, &size) + KASLR;
}

static void test_names_only(void **state)
{
	uint64_t addr = kernel_addr("do_work") + 5;
	struct machine m;
	struct stack_frame frame = start_at(&m, addr);

	assert_null(kernel_code_unnamed(m.kernel));
	check(&m, &frame, "do_work\n??:0\n", "", addr - KASLR); /* not where it ran */
	check_build_id(&m, "vmlinux");

	frame = take(&m, MODULE_START + 2, 0, 1);
	settle(&m);
	check(&m, &frame, "foo_poll\n??:0\n", "foo_mod", 2);
	check_build_id(&m, "foo-mod.ko");
	frame = take(&m, 0xffffffffc0b00000, 0, 1);
	check_gone(&m, &frame);
	machine_done(&m);
}

/* A kernel that is slow to tell its symbols holds nobody up but who asks for a name. */
static void test_slow_kallsyms(void **state)
{
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
	describe(&m, &frame);
	assert_string_equal(m.text.data, "do_work\n??:0\n");
	machine_done(&m);
}

static void test_kernel_lines(void **state)
{
	struct stack_frame frame;
	struct machine m;
	size_t size;
	uint64_t addr = symbol("vmlinux", "other_work", &size);

	tool_run("cd %s && cp vmlinux debug/boot/vmlinux-" RELEASE, dir);
	start_at(&m, addr + KASLR);
	compare(&m, "vmlinux", "", "do_work", KASLR);
	/* A return address at the very end belongs to the call before it; the name is the one that kallsyms has. */
	frame = take(&m, addr + KASLR + size, STACK_FRAME_IS_CALLER, 1);
	describe(&m, &frame);
	assert_int_equal(m.location.addr, addr + size);
	assert_non_null(strstr(m.text.data, "other_work\n"));
	assert_non_null(strstr(m.text.data, "/k.c:17\n"));
	machine_done(&m);
}

static void test_module_lines(void **state)
{
	struct machine m;

	tool_run("cd %s && cp foo-mod.ko root/usr/lib/debug/lib/modules/" RELEASE "/kernel/net/foo-mod.ko.debug", dir);
	start_at(&m, MODULE_START);
	compare(&m, "foo-mod.ko", "-j .text", "foo_poll", MODULE_START);
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
	start_at(&m, MODULE_START);
	compare(&m, "foo-mod.ko", "-j .text", "foo_poll", MODULE_START);
	machine_done(&m);
}

/* What dwz moved out of two kernels, named as from the kernel's file and as from the root: both ways in both trees. */
static void test_dwz(void **state)
{
	static const struct {
		const char *name, *vmlinux, *common;
	} places[] = {
		{ "../.dwz/k", "debug/boot/vmlinux-" RELEASE, "debug/.dwz/k" },
		{ "/usr/lib/debug/.dwz/k", "debug/boot/vmlinux-" RELEASE, "debug/.dwz/k" },
		{ "../.dwz/k", "root/usr/lib/debug/boot/vmlinux-" RELEASE, "root/usr/lib/debug/.dwz/k" },
		{ "/usr/lib/debug/.dwz/k", "root/boot/vmlinux-" RELEASE, "root/usr/lib/debug/.dwz/k" },
	};

	tool_run("cd %s && mkdir -p debug/.dwz root/boot root/usr/lib/debug/boot root/usr/lib/debug/.dwz", dir);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct machine m;

		tool_run("cd %s && cp vmlinux a && cp vmlinux b && dwz -m k -M %s a b && "
			 "readelf -S a | grep -q gnu_debugaltlink && cp a %s && cp k %s",
			 dir, places[i].name, places[i].vmlinux, places[i].common);
		start_at(&m, kernel_addr("do_work"));
		compare(&m, "vmlinux", "", "do_work", KASLR);
		machine_done(&m);
		tool_run("cd %s && rm %s %s", dir, places[i].vmlinux, places[i].common);
	}
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
	uint64_t addr = kernel_addr("do_work");

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct stack_frame frame;
		struct machine m;

		tool_run("cd %s && { %s; } 2>/dev/null && cp w debug/boot/vmlinux-" RELEASE, dir, changes[i]);
		frame = start_at(&m, addr);
		check(&m, &frame, "do_work\n??:0\n", "", addr - KASLR);
		machine_done(&m);
	}
}

/* A FIFO, a directory and garbage where files may lie: nothing hangs, the next place is tried. */
static void test_traps(void **state)
{
	struct machine m;

	tool_run("cd %s && mkfifo debug/boot/vmlinux-" RELEASE " && mkdir -p debug/lib/modules/" RELEASE
		 "/vmlinux root/usr/lib/debug/boot && head -c 5000 /dev/zero > debug/vmlinux-" RELEASE
		 " && cp vmlinux root/usr/lib/debug/boot/vmlinux-" RELEASE,
		 dir);
	start_at(&m, kernel_addr("do_work"));
	compare(&m, "vmlinux", "", "do_work", KASLR);
	machine_done(&m);
}

static void tell(struct machine *m, const char *name, uint64_t start, uint64_t size, uint64_t time_ns, bool unregister)
{
	const struct sideband_event event = {
		.kind = SIDEBAND_KSYMBOL,
		.start = start,
		.size = size,
		.time_ns = time_ns,
		.unregister = unregister,
		.is_bpf = true,
		.name = name,
	};

	assert_int_equal(kernel_code_on_event(m->kernel, &event), 0);
}

#define BPF_START 0xffffffffc0c00000ULL

/* Two programs at one place, each sampled in its time; what comes later changes nothing that was taken. */
static void test_bpf(void **state)
{
	struct stack_frame first, second;
	struct index_frame function;
	struct machine m;

	machine_init(&m);
	tell(&m, "bpf_prog_6deef7357e7b4530_first", BPF_START, 0x80, 100, false);
	tell(&m, "bpf_prog_6deef7357e7b4530_first", BPF_START, 0x80, 200, true);
	tell(&m, "bpf_prog_6deef7357e7b4530_second", BPF_START, 0x40, 300, false);
	first = take(&m, BPF_START + 0x10, 0, 150);
	second = take(&m, BPF_START + 0x40, STACK_FRAME_IS_CALLER, 350);
	settle(&m);
	check(&m, &first, "first [bpf]\n??:0\n", "bpf", 0x10);
	assert_string_equal(m.location.build_id, "");
	check(&m, &second, "second [bpf]\n??:0\n", "bpf", 0x40);
	assert_int_equal(kernel_code_lookup(m.kernel, &second, &m.location, &function, 1), 1);
	assert_string_equal(function.linkage_name, "bpf_prog_6deef7357e7b4530_second");
	machine_done(&m);
}

/* More programs than are kept in one window are counted; in as many windows as there are there is room for all. */
static void test_bpf_churn(void **state)
{
	struct stack_frame frame;
	struct machine m;
	uint64_t time_ns = 0;

	machine_init(&m);
	for (size_t window = 0; window < 4; window++) {
		for (uint64_t i = 0; i < 50000; i++, time_ns += NS_PER_MS) {
			tell(&m, "bpf_prog_6deef7357e7b4530_p", BPF_START + i * 0x1000, 0x80, time_ns, false);
			tell(&m, "bpf_prog_6deef7357e7b4530_p", BPF_START + i * 0x1000, 0x80, time_ns + 1, true);
		}
		frame = take(&m, BPF_START + 49999 * 0x1000, 0, time_ns - NS_PER_MS);
		check(&m, &frame, "p [bpf]\n??:0\n", "bpf", 0);
		assert_int_equal(kernel_code_n_refused(m.kernel), 0);
		assert_int_equal(kernel_code_expire(m.kernel, time_ns), 0);
	}
	for (uint64_t i = 0; i < 70000; i++)
		tell(&m, "bpf_prog_6deef7357e7b4530_p", BPF_START, 0x80, time_ns + i, false);
	assert_in_range(kernel_code_n_refused(m.kernel), 70000 - 65536, 70000 - 65536 + 1001);
	assert_int_equal(kernel_code_expire(m.kernel, time_ns + 10 * NS_PER_S), 0);
	assert_int_equal(kernel_code_n_refused(m.kernel), 0);
	machine_done(&m);
}

static void look(struct machine *m)
{
	kernel_code_look_again(m->kernel);
	assert_int_equal(kernel_code_look(m->kernel), 0);
}

/* The module of the beginning goes, and another build of it comes to where it was, with debug info of its own. */
static void test_module_comes(void **state)
{
	_cleanup_(buf_done) struct buf expected = {};
	struct stack_frame of_first, early, of_second, gone;
	struct machine m;

	tool_run("cd %s && mv root/lib/modules/" RELEASE "/modules.dep .", dir);
	machine_init(&m);
	of_first = take(&m, MODULE_START + 2, 0, clock_now_ns(CLOCK_BOOTTIME));
	tool_run("cd %s && sed s/foo_poll/bar_poll/g m.c > n.c && gcc -O2 -g -mcmodel=kernel -fno-pic "
		 "-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -c n.c && "
		 "ld -r --build-id n.o -o n.ko && objcopy -O binary --only-section=.note.gnu.build-id n.ko "
		 "sys/module/foo_mod/notes/.note.gnu.build-id && mv modules.dep root/lib/modules/" RELEASE
		 " && cp n.ko root/lib/modules/" RELEASE "/kernel/net/foo-mod.ko",
		 dir);
	tool_run("cd %s && sed -i s/16384/20480/ proc/modules && sed -i 's/foo_poll\t/bar_poll\t/' proc/kallsyms && "
		 "echo 'new_mod 4096 0 - Live 0xffffffffc0b00000' >> proc/modules && "
		 "printf 'ffffffffc0b00000 t new_poll\\t[new_mod]\\n' >> proc/kallsyms",
		 dir);
	early = take(&m, 0xffffffffc0b00007, 0, clock_now_ns(CLOCK_BOOTTIME)); /* nobody has looked yet */
	look(&m);
	of_second = take(&m, MODULE_START + 2, 0, clock_now_ns(CLOCK_BOOTTIME));
	settle(&m);
	check(&m, &early, "new_poll\n??:0\n", "new_mod", 7);
	check(&m, &of_first, "foo_poll\n??:0\n", "foo_mod", 2);
	check_build_id(&m, "foo-mod.ko");
	read_addr2line("n.ko", "-j .text", 2, &expected);
	assert_non_null(strstr(expected.data, "/n.c:"));
	check(&m, &of_second, expected.data, "foo_mod", 2);
	check_build_id(&m, "n.ko");
	machine_done(&m);

	/* Nothing comes to where it was: what lies in the table of the beginning is not believed. */
	machine_init(&m);
	tool_run("cd %s && : > proc/modules", dir);
	look(&m);
	gone = take(&m, MODULE_START + 2, 0, clock_now_ns(CLOCK_BOOTTIME));
	check_gone(&m, &gone);
	machine_done(&m);
}

/* What is missing is said, and the rest goes on. */
static void test_lacks(void **state)
{
	uint64_t addr = kernel_addr("do_work");
	struct stack_frame frame;
	struct machine m;

	tool_run("cd %s && rm proc/modules && rm -r sys/kernel sys/module && cp vmlinux debug/boot/vmlinux-" RELEASE,
		 dir);
	frame = start_at(&m, addr);
	check(&m, &frame, "do_work\n??:0\n", "", addr - KASLR); /* no build id: no file is known to be the right one */
	assert_string_equal(m.location.build_id, "");
	machine_done(&m);

	tool_run("cd %s && sed -i 's/^[0-9a-f]*/0000000000000000/' proc/kallsyms", dir);
	frame = start_at(&m, addr);
	assert_string_equal(kernel_code_unnamed(m.kernel), "the kernel hides its addresses from this user");
	check(&m, &frame, "", "", 0);
	machine_done(&m);

	tool_run("cd %s && rm proc/kallsyms", dir);
	frame = start_at(&m, addr);
	assert_string_equal(kernel_code_unnamed(m.kernel), "this kernel has no /proc/kallsyms");
	check(&m, &frame, "", "", 0);
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
		TEST(test_names_only),   TEST(test_slow_kallsyms), TEST(test_kernel_lines), TEST(test_module_lines),
		TEST(test_split_module), TEST(test_dwz),           TEST(test_wrong_file),   TEST(test_traps),
		TEST(test_bpf),          TEST(test_bpf_churn),     TEST(test_module_comes), TEST(test_lacks),
	};
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
