// SPDX-License-Identifier: Apache-2.0
/* elf-index against nm, readelf and objdump, on programs of this machine and on programs compiled here. */
#include "tests/unit/tool.h"

#include <ctype.h>
#include <elf.h>
#include <inttypes.h>

#define LIBC "/lib/x86_64-linux-gnu/libc.so.6"
#define NAME_SIZE 4096

/* One line of nm -S: address, size (0: none told), type, name without its version. */
struct nm_line {
	uint64_t addr, size;
	char type;
	char name[NAME_SIZE];
};

static bool parse_nm_line(const char *text, struct nm_line *ret)
{
	char line[NAME_SIZE + 64], name[NAME_SIZE], *version;

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text); /* sscanf() measures all that follows */

	ret->size = 0;
	if (sscanf(line, "%" SCNx64 " %" SCNx64 " %c %4095[^\n]", &ret->addr, &ret->size, &ret->type, name) != 4) {
		ret->size = 0;
		if (sscanf(line, "%" SCNx64 " %c %4095[^\n]", &ret->addr, &ret->type, name) != 3)
			return false;
	}
	version = strstr(name, "@");
	if (version)
		*version = 0;
	strcpy(ret->name, name);
	return strchr("TtWwi", ret->type) != NULL;
}

/* Whether nm lists this name at this address. */
static bool nm_has(const char *text, uint64_t addr, const char *name)
{
	struct nm_line l;

	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		if (parse_nm_line(p, &l) && l.addr == addr && strcmp(l.name, name) == 0)
			return true;
	}
	return false;
}

/* Every function of nm has one of nm's names for it, at its first byte and, where nothing lies in it, at its last. */
static size_t check_against_nm(const struct index *index, const char *text)
{
	struct nm_line l, next;
	size_t n = 0;

	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		const char *name, *rest = p + strcspn(p, "\n") + 1;

		if (!parse_nm_line(p, &l) || l.size == 0)
			continue;
		name = tool_name_at(index, l.addr);
		if (!name || !nm_has(p > text + 100000 ? p - 100000 : text, l.addr, name))
			fail_msg("%s at %" PRIx64 " is called %s", l.name, l.addr, name ? name : "nothing");
		n++;
		if (!parse_nm_line(rest, &next) || next.addr < l.addr + l.size)
			continue;
		assert_string_equal(tool_name_at(index, l.addr + l.size - 1), name);
		if (next.addr > l.addr + l.size && l.size > 1) {
			const char *behind = tool_name_at(index, l.addr + l.size);

			assert_true(!behind || !nm_has(p, l.addr, behind));
		}
	}
	return n;
}

static void check_file(const char *path, const char *nm_path, const char *nm_options, size_t n_least)
{
	_cleanup_(index_freep) struct index *index = tool_index_path(path);
	_cleanup_(buf_done) struct buf text = {};
	size_t n;

	tool_read(&text, "nm -n -S --defined-only %s '%s'", nm_options, nm_path);
	n = check_against_nm(index, text.data);
	print_message("%s: %zu functions as nm has them\n", path, n);
	assert_true(n >= n_least);
}

static void test_names_of_system_binaries(void **state)
{
	check_file(LIBC, LIBC, "-D", 1500);
	check_file("/bin/bash", "/bin/bash", "-D", 1000);
	check_file("/usr/bin/python3", "/usr/bin/python3", "-D", 1000);
}

static void test_segments_as_readelf(void **state)
{
	static const char *const paths[] = { LIBC, "/bin/bash", "/usr/bin/python3" };
	_cleanup_(buf_done) struct buf text = {};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_(index_freep) struct index *index = tool_index_path(paths[i]);
		const struct index_segment *s = index_segments(index);
		uint64_t offset, vaddr, filesz, memsz;

		tool_read(&text, "readelf -lW '%s' | awk '$1 == \"LOAD\" && /R E/ {print $2, $3, $5, $6}'", paths[i]);
		assert_int_equal(sscanf(text.data, "%" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &offset, &vaddr,
					&filesz, &memsz),
				 4);
		assert_int_equal(index_n_segments(index), 1);
		assert_int_equal(s->file_offset, offset);
		assert_int_equal(s->vaddr, vaddr);
		assert_int_equal(s->file_bytes, filesz);
		assert_int_equal(s->mem_bytes, memsz);
		assert_ptr_equal(index_find_segment(index, offset), s);
		assert_ptr_equal(index_find_segment(index, offset + filesz - 1), s);
		assert_null(index_find_segment(index, offset + filesz));
		assert_null(index_find_segment(index, offset - 1));
	}
}

static void test_build_id_as_readelf(void **state)
{
	_cleanup_(index_freep) struct index *index = tool_index_path(LIBC);
	_cleanup_(buf_done) struct buf text = {};
	char hex[BUILD_ID_HEX_SIZE];

	tool_read(&text, "readelf -nW %s | sed -n 's/.*Build ID: //p'", LIBC);
	build_id_to_hex(index_build_id(index), hex);
	assert_int_equal(strlen(hex), 40);
	assert_memory_equal(text.data, hex, 40);
}

/* objdump names the stubs of the file's own IFUNCs by their resolver: *ABS*+0xADDR@plt. */
static void check_stub(const struct index *index, uint64_t addr, const char *name)
{
	const char *found = tool_name_at(index, addr);
	uint64_t resolver;
	char expected[NAME_SIZE];

	assert_non_null(found);
	if (sscanf(name, "*ABS*+0x%" SCNx64, &resolver) != 1) {
		assert_string_equal(found, name);
		return;
	}
	snprintf(expected, sizeof(expected), "%s@plt", tool_name_at(index, resolver));
	assert_string_equal(found, expected);
}

static size_t check_stubs(const char *path)
{
	_cleanup_(index_freep) struct index *index = tool_index_path(path);
	_cleanup_(buf_done) struct buf text = {};
	char name[NAME_SIZE];
	uint64_t addr;
	size_t n = 0;

	tool_read(&text, "objdump -d '%s' | grep -E '^[0-9a-f]+ <[^>]*@plt>:'", path);
	for (const char *p = text.data; *p; p += strcspn(p, "\n") + 1) {
		if (sscanf(p, "%" SCNx64 " <%4095[^>]>", &addr, name) != 2)
			continue;
		check_stub(index, addr, name);
		n++;
	}
	print_message("%s: %zu stubs as objdump has them\n", path, n);
	return n;
}

static const char c_source[] =
	"#include <stdio.h>\n"
	"#include <stdlib.h>\n"
	"static __attribute__((noinline)) int hidden(int x) { return x * getpid() + 3; }\n"
	"__attribute__((noinline)) int shown(int x) { return hidden(x) + rand(); }\n"
	"__attribute__((weak, alias(\"shown\"))) int __shown_alias(int x);\n"
	"#ifndef NO_ASM\n__asm__(\".text\\n.globl by_hand\\nby_hand: ret\\nnop\\nnop\\n\");\n#endif\n"
	"int main(int argc, char **argv) { puts(\"x\"); return shown(argc); }\n";

static const char cpp_source[] = "#include <map>\n#include <string>\n#include <vector>\n#include <stdexcept>\n"
				 "namespace shop { struct basket { std::map<std::string, std::vector<int>> items;\n"
				 "__attribute__((noinline)) int count(const std::string &k) const {\n"
				 "  auto i = items.find(k); if (i == items.end()) throw std::runtime_error(k);\n"
				 "  return i->second.size(); } }; }\n"
				 "template <typename T> __attribute__((noinline)) T twice(T x) { return x + x; }\n"
				 "int main(int argc, char **argv) { shop::basket b; b.items[argv[0]].push_back(1);\n"
				 "return b.count(argv[0]) + twice(argc) + twice(1.5); }\n";

static const char rust_source[] =
	"use std::collections::HashMap;\n"
	"trait Shape { fn area(&self) -> f64; }\nstruct Square(f64);\n"
	"impl Shape for Square { #[inline(never)] fn area(&self) -> f64 { self.0 * self.0 } }\n"
	"#[inline(never)] fn largest<T: PartialOrd + Copy>(v: &[T]) -> T { let mut m = v[0];\n"
	"for &x in v { if x > m { m = x } } m }\n"
	"fn main() { let mut h = HashMap::new(); h.insert(1, Square(2.0).area());\n"
	"println!(\"{} {}\", largest(&[1, 2, 3]), h[&1]); }\n";

static void write_source(const char *dir, const char *name, const char *source)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(source, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* The path of a program compiled from c_source, with the given options. */
static const char *compile_c(const char *dir, const char *options)
{
	static char path[256];

	write_source(dir, "c.c", c_source);
	snprintf(path, sizeof(path), "%s/c", dir);
	tool_run("cc -w -O2 %s -o '%s' '%s/c.c'", options, path, dir);
	return path;
}

static void test_stubs_as_objdump(void **state)
{
	const char *dir = *state, *path;

	assert_true(check_stubs(LIBC) >= 20);
	assert_true(check_stubs("/usr/bin/python3") >= 100);
	path = compile_c(dir, "-fcf-protection=full -Wl,-z,lazy -Wl,-z,ibtplt");
	assert_true(check_stubs(path) >= 3);
	path = compile_c(dir, "-fcf-protection=none -Wl,-z,lazy");
	assert_true(check_stubs(path) >= 3);
	path = compile_c(dir, "-Wl,-z,now");
	assert_true(check_stubs(path) >= 3);
}

static void test_c_program(void **state)
{
	const char *path = compile_c(*state, "-fcf-protection=none");
	_cleanup_(index_freep) struct index *index = tool_index_path(path);
	_cleanup_(buf_done) struct buf text = {};
	uint64_t addr;

	check_file(path, path, "", 5);
	tool_read(&text, "nm '%s' | awk '$3 == \"shown\" {print $1}'", path);
	assert_int_equal(sscanf(text.data, "%" SCNx64, &addr), 1);
	assert_string_equal(tool_name_at(index, addr), "shown"); /* global before the weak alias */
	tool_read(&text, "nm '%s' | awk '$3 == \"by_hand\" {print $1}'", path);
	assert_int_equal(sscanf(text.data, "%" SCNx64, &addr), 1);
	assert_string_equal(tool_name_at(index, addr), "by_hand"); /* neither type nor size */
	assert_string_equal(tool_name_at(index, addr + 2), "by_hand");
	tool_read(&text, "nm '%s' | awk '$3 == \"hidden\" {print $1}'", path);
	assert_int_equal(sscanf(text.data, "%" SCNx64, &addr), 1);
	assert_string_equal(tool_name_at(index, addr), "hidden");
}

static void test_stripped(void **state)
{
	const char *path = compile_c(*state, "-rdynamic -DNO_ASM");
	_cleanup_(buf_done) struct buf text = {};
	uint64_t hidden;

	tool_read(&text, "nm '%s' | awk '$3 == \"hidden\" {print $1}'", path);
	assert_int_equal(sscanf(text.data, "%" SCNx64, &hidden), 1);
	tool_run("strip '%s'", path);
	check_file(path, path, "-D", 2);
	{
		_cleanup_(index_freep) struct index *index = tool_index_path(path);

		assert_null(tool_name_at(index, hidden)); /* between two symbols is not inside of the first */
	}
}

static void check_shown(const char *path, uint64_t addr)
{
	_cleanup_(index_freep) struct index *index = tool_index_path(path);

	assert_string_equal(tool_name_at(index, addr), "shown");
}

/* .dynsym is passed over only where .symtab says as much. */
static void test_better_dynsym(void **state)
{
	const char *path = compile_c(*state, "-rdynamic");
	_cleanup_(buf_done) struct buf text = {};
	uint64_t addr;

	tool_read(&text, "nm '%s' | awk '$3 == \"shown\" {print $1}'", path);
	assert_int_equal(sscanf(text.data, "%" SCNx64, &addr), 1);
	tool_run("objcopy --strip-symbol=shown '%s'", path);
	check_shown(path, addr); /* .symtab has the weak alias */
	tool_run("objcopy --strip-symbol=__shown_alias '%s'", path);
	check_shown(path, addr);
}

static void test_debugdata(void **state)
{
	const char *dir = *state, *path = compile_c(dir, "-rdynamic");
	char whole[300];

	snprintf(whole, sizeof(whole), "%s.whole", path);
	tool_run("cd '%s' && cp c c.whole && objcopy --only-keep-debug c debug && strip --strip-debug debug && "
		 "strip c && xz -f debug && objcopy --add-section .gnu_debugdata=debug.xz c",
		 dir);
	tool_run("! nm '%s' 2>/dev/null | grep -q hidden", path);
	check_file(path, whole, "", 5);
}

static void test_debugdata_bomb(void **state)
{
	const char *dir = *state, *path = compile_c(dir, "-rdynamic");

	tool_run("cd '%s' && strip c && head -c 300000000 /dev/zero | xz -1 > bomb && "
		 "objcopy --add-section .gnu_debugdata=bomb c",
		 dir);
	check_file(path, path, "-D", 2);
}

/* As a packer leaves it: only program headers. */
static void test_no_section_headers(void **state)
{
	const char *dir = *state;
	_cleanup_close_ int fd = -1;
	char original[300], path[300];
	Elf64_Ehdr h;

	for (int i = 0; i < 2; i++) {
		compile_c(dir, i ? "-rdynamic -Wl,--hash-style=sysv" : "-rdynamic -Wl,--hash-style=gnu");
		snprintf(original, sizeof(original), "%s/c", dir);
		snprintf(path, sizeof(path), "%s/c.bare", dir);
		tool_run("cp '%s' '%s'", original, path);
		fd = open(path, O_RDWR | O_CLOEXEC);
		assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
		h.e_shoff = h.e_shnum = h.e_shstrndx = 0;
		assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
		fd = close_fd(fd);
		check_file(path, original, "-D", 2);
	}
}

/* Every demangled name of nm -C is the name that the index has. */
static void check_demangled(const char *path, size_t n_least)
{
	_cleanup_(index_freep) struct index *index = tool_index_path(path);
	_cleanup_(buf_done) struct buf plain = {}, demangled = {};
	const char *p, *q;
	struct nm_line l, d;
	size_t n = 0;

	tool_read(&plain, "nm -n -S --defined-only '%s'", path);
	tool_read(&demangled, "nm -n -S -C --defined-only '%s'", path);
	for (p = plain.data, q = demangled.data; *p && *q; p += strcspn(p, "\n") + 1, q += strcspn(q, "\n") + 1) {
		struct index_frame frame;

		if (!parse_nm_line(p, &l) || !parse_nm_line(q, &d) || l.addr != d.addr || l.size == 0)
			continue;
		assert_int_equal(index_lookup(index, l.addr, &frame, 1), 1);
		if (strcmp(frame.linkage_name, l.name) != 0 || strcmp(l.name, d.name) == 0)
			continue;
		if (strncmp(frame.function, d.name, 1024) != 0)
			fail_msg("%s is '%s', not '%s'", l.name, frame.function, d.name);
		n++;
	}
	print_message("%s: %zu demangled as nm -C does\n", path, n);
	assert_true(n >= n_least);
}

static void test_cpp_program(void **state)
{
	const char *dir = *state;
	char path[256];

	write_source(dir, "p.cc", cpp_source);
	snprintf(path, sizeof(path), "%s/p", dir);
	tool_run("c++ -w -O1 -o '%s' '%s/p.cc'", path, dir);
	check_file(path, path, "", 10);
	check_demangled(path, 10);
}

static void check_rust(const char *dir, const char *mangling)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/r", dir);
	tool_run("PATH=$PATH:$HOME/.cargo/bin rustc -C opt-level=1 %s "
		 "-o '%s' '%s/r.rs' 2>/dev/null",
		 mangling, path, dir);
	check_file(path, path, "", 200);
	check_demangled(path, 200);
}

static void test_rust_program(void **state)
{
	const char *dir = *state;

	if (tool_status("PATH=$PATH:$HOME/.cargo/bin command -v rustc >/dev/null && "
			"PATH=$PATH:$HOME/.cargo/bin rustc --version >/dev/null 2>&1") != 0) {
		print_message("skipped: no rustc\n");
		skip();
	}
	write_source(dir, "r.rs", rust_source);
	check_rust(dir, ""); /* legacy, before Rust changed its mind */
	check_rust(dir, "-C symbol-mangling-version=v0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_system_binaries),
		cmocka_unit_test(test_segments_as_readelf),
		cmocka_unit_test(test_build_id_as_readelf),
		cmocka_unit_test(test_stubs_as_objdump),
		cmocka_unit_test(test_c_program),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_better_dynsym),
		cmocka_unit_test(test_debugdata),
		cmocka_unit_test(test_debugdata_bomb),
		cmocka_unit_test(test_no_section_headers),
		cmocka_unit_test(test_cpp_program),
		cmocka_unit_test(test_rust_program),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
