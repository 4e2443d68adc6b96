// SPDX-License-Identifier: Apache-2.0
/* debuglink: the section as objcopy writes it, and as somebody else might. */
#include "tests/unit/tool.h"

#include "symbolizer/debuglink.h"

/* What is read of a library whose section holds these bytes (as printf(1) takes them). */
static int read_link(const char *dir, const char *bytes, struct debuglink *ret)
{
	_cleanup_(elffile_done) struct elffile f = {};
	_cleanup_close_ int fd = -1;

	tool_run("cd '%s' && printf 'int x;' > x.c && gcc -shared -fPIC -o x.so x.c && printf '%s' > link && "
		 "objcopy --add-section .gnu_debuglink=link x.so",
		 dir, bytes);
	fd = tool_open_in(dir, "x.so");
	assert_int_equal(elffile_open(fd, &f), 0);
	return debuglink_read(&f, ret);
}

static void test_as_objcopy_writes_it(void **state)
{
	_cleanup_(elffile_done) struct elffile f = {};
	_cleanup_close_ int fd = -1, debug_fd = -1;
	struct debuglink link;
	uint32_t crc;

	/* Longer than a piece, and no multiple of one. */
	tool_run("cd '%s' && head -c 700001 /bin/bash > some.debug && printf 'int x;' > x.c && "
		 "gcc -shared -fPIC -o x.so x.c && objcopy --add-gnu-debuglink=some.debug x.so",
		 (char *)*state);
	fd = tool_open_in(*state, "x.so");
	debug_fd = tool_open_in(*state, "some.debug");
	assert_int_equal(elffile_open(fd, &f), 0);
	assert_int_equal(debuglink_read(&f, &link), 0);
	assert_string_equal(link.name, "some.debug");
	assert_int_equal(debuglink_crc(debug_fd, &crc), 0);
	assert_int_equal(link.crc, crc);
}

static void test_other_bytes(void **state)
{
	struct debuglink link;
	char name[300];

	assert_int_equal(read_link(*state, "abc\\000\\001\\002\\003\\004", &link), 0);
	assert_string_equal(link.name, "abc");
	assert_int_equal(link.crc, 0x04030201);
	assert_int_equal(read_link(*state, "abcd\\000\\000\\000\\000\\001\\002\\003\\004", &link), 0);
	assert_int_equal(link.crc, 0x04030201);
	assert_int_equal(read_link(*state, "abcd\\000\\000\\000\\000\\001\\002\\003", &link), DEBUGLINK_NONE);
	assert_int_equal(read_link(*state, "abcdefgh", &link), DEBUGLINK_NONE); /* no end */
	assert_int_equal(read_link(*state, "\\000\\000\\000\\000\\001\\002\\003\\004", &link), DEBUGLINK_NONE);
	memset(name, 'x', 255);
	strcpy(name + 255, "\\000\\001\\002\\003\\004");
	assert_int_equal(read_link(*state, name, &link), 0);
	assert_int_equal(strlen(link.name), 255);
	memset(name, 'x', 256);
	strcpy(name + 256, "\\000\\000\\000\\000\\001\\002\\003\\004");
	assert_int_equal(read_link(*state, name, &link), DEBUGLINK_NONE);
}

static void test_none(void **state)
{
	_cleanup_(elffile_done) struct elffile f = {};
	_cleanup_close_ int fd = tool_open("/proc/self/exe");
	struct debuglink link;
	uint32_t crc;

	assert_int_equal(elffile_open(fd, &f), 0);
	assert_int_equal(debuglink_read(&f, &link), DEBUGLINK_NONE);
	assert_int_equal(debuglink_crc(-1, &crc), -EBADF);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, tool_dir_new, tool_dir_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_as_objcopy_writes_it),
		TEST(test_other_bytes),
		TEST(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
