// SPDX-License-Identifier: Apache-2.0
/* kernel places: notes and modules.dep written by hand, the paths that distributions use, and this kernel's build id.
 */
#include "tests/unit/tool.h"

#include "symbolizer/kernel-places.h"

static const char notes[] = "\4\0\0\0\5\0\0\0\1\1\0\0Linux\0\0\0" /* not ours, and too short for its padding */
			    "\4\0\0\0\3\0\0\0\2\0\0\0GNU\0xyz\0"  /* GNU, but another type */
			    "\4\0\0\0\4\0\0\0\3\0\0\0GNU\0\xde\xad\xbe\xef";

static void test_build_id(void **state)
{
	char bytes[64] = "\6\0\0\0\4\0\0\0\1\0\0\0Linux\0\0\0abcd"
			 "\4\0\0\0\24\0\0\0\3\0\0\0GNU\0ABCDEFGHIJKLMNOPQRST";
	struct build_id id = {};

	assert_true(kernel_places_build_id(bytes, 24 + 36, &id));
	assert_int_equal(id.n_bytes, 20);
	assert_memory_equal(id.bytes, "ABCDEFGHIJKLMNOPQRST", 20);
	for (size_t size = 0; size < 24 + 36; size++)
		assert_false(kernel_places_build_id(bytes, size, &id));
	assert_true(kernel_places_build_id(notes + 20, sizeof(notes) - 21, &id));
	assert_int_equal(id.n_bytes, 4);
	assert_memory_equal(id.bytes, "\xde\xad\xbe\xef", 4);
	bytes[24] = 5; /* a name of another length */
	assert_false(kernel_places_build_id(bytes, 24 + 36, &id));
	memset(bytes, 0xff, sizeof(bytes));
	assert_false(kernel_places_build_id(bytes, sizeof(bytes), &id));
}

/* readelf reads notes only from ELF files: give it one. */
static void test_this_kernel(void **state)
{
	_cleanup_(buf_done) struct buf bytes = {}, text = {};
	char hex[BUILD_ID_HEX_SIZE];
	struct build_id id;

	if (fs_read(AT_FDCWD, "/sys/kernel/notes", 1 << 20, &bytes) < 0) {
		print_message("skipped: no /sys/kernel/notes\n");
		skip();
	}
	tool_read(&text, "d=$(mktemp -d) && cat /sys/kernel/notes >$d/n && echo >$d/e.c && gcc -c -o $d/e.o $d/e.c && "
			 "objcopy --add-section .note.k=$d/n $d/e.o $d/k.o && readelf -n $d/k.o 2>/dev/null | "
			 "awk '/Build ID/ {printf \"%%s\", $3}'; rm -r $d");
	assert_true(kernel_places_build_id(bytes.data, bytes.size, &id));
	build_id_to_hex(&id, hex);
	assert_string_equal(hex, text.data);
}

static void test_module_path(void **state)
{
	static const char deps[] = "kernel/a/foo.ko: kernel/b/libfoo.ko\n"
				   "kernel/b/libfoo.ko:\n"
				   "kernel/c/foo-bar_baz.ko.xz: kernel/a/foo.ko\n"
				   "extra/zfs.ko.zst:\n"
				   "odd line\n"
				   "top.ko:\n";
	static const struct {
		const char *module, *path;
	} expected[] = {
		{ "foo", "kernel/a/foo.ko" },
		{ "libfoo", "kernel/b/libfoo.ko" },
		{ "foo_bar_baz", "kernel/c/foo-bar_baz.ko" },
		{ "zfs", "extra/zfs.ko" },
	};
	static const char *const missing[] = { "fo", "foo_bar", "bar", "", "foo_", "odd", "ko" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_true(kernel_places_module_path(deps, strlen(deps), expected[i].module, path, sizeof(path)));
		assert_string_equal(path, expected[i].path);
	}
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		assert_false(kernel_places_module_path(deps, strlen(deps), missing[i], path, sizeof(path)));
	assert_false(kernel_places_module_path(deps, strlen(deps), "foo", path, strlen("kernel/a/foo.ko")));
	assert_true(kernel_places_module_path(deps, strlen(deps), "foo", path, sizeof("kernel/a/foo.ko")));
}

static void check_list(const struct buf *list, const char *const *expected, size_t n)
{
	const char *path = list->data;

	for (size_t i = 0; i < n; i++, path += strlen(path) + 1)
		assert_string_equal(path, expected[i]);
	assert_ptr_equal(path, list->data + list->size);
}

static void test_list(void **state)
{
	static const struct build_id id = { .n_bytes = 4, .bytes = { 0xde, 0xad, 0xbe, 0xef } };
	static const char *const dir[] = {
		"/.build-id/de/adbeef.debug",
		"/boot/vmlinux-6.1",
		"/lib/modules/6.1/vmlinux",
		"/vmlinux-6.1",
	};
	static const char *const kernel[] = {
		"/usr/lib/debug/.build-id/de/adbeef.debug",
		"/usr/lib/debug/boot/vmlinux-6.1",
		"/usr/lib/debug/lib/modules/6.1/vmlinux",
		"/usr/lib/debug/vmlinux-6.1",
		"/lib/modules/6.1/build/vmlinux",
		"/lib/modules/6.1/vmlinux",
		"/boot/vmlinux-6.1",
	};
	static const char *const module[] = {
		"/usr/lib/debug/.build-id/de/adbeef.debug",
		"/usr/lib/debug/lib/modules/6.1/kernel/a/foo.ko.debug",
		"/usr/lib/debug/lib/modules/6.1/kernel/a/foo.ko",
		"/lib/modules/6.1/kernel/a/foo.ko",
	};
	struct kernel_place place = { .release = "6.1", .build_id = &id };
	_cleanup_(buf_done) struct buf list = {};

	assert_int_equal(kernel_places_list_dir(&place, &list), 0);
	check_list(&list, dir, ARRAY_SIZE(dir));
	buf_clear(&list);
	assert_int_equal(kernel_places_list_host(&place, &list), 0);
	check_list(&list, kernel, ARRAY_SIZE(kernel));
	buf_clear(&list);
	place.module_path = "kernel/a/foo.ko";
	assert_int_equal(kernel_places_list_host(&place, &list), 0);
	check_list(&list, module, ARRAY_SIZE(module));
	buf_clear(&list);
	place.module_path = ""; /* not listed: by its build id only */
	assert_int_equal(kernel_places_list_host(&place, &list), 0);
	check_list(&list, module, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_this_kernel),
		cmocka_unit_test(test_module_path),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
