// SPDX-License-Identifier: Apache-2.0
/* What a terminal may see of foreign strings, and how names are cut. */
#include <fcntl.h>
#include <pty.h>
#include <string.h>

#include "cli/text.h"
#include "tests/unit/cmocka-all.h"

#define BAD "\xef\xbf\xbd"

static void assert_text(const char *s, size_t max_chars, const char *expected)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(buf_add_str(&b, "> "), 0);
	assert_int_equal(text_add(&b, s, max_chars), 0);
	assert_string_equal(b.data + 2, expected);
}

static void assert_function(const char *s, size_t max_chars, const char *expected)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(text_add_function(&b, s, max_chars), 0);
	assert_string_equal(b.data, expected);
	assert_true(text_n_chars(&b) <= max_chars);
}

static void test_clean(void **state)
{
	assert_text("plain", 80, "plain");
	assert_text("", 80, "");
	assert_text("caf\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x90\x95", 80, "caf\xc3\xa9 \xe2\x86\x92 \xf0\x9f\x90\x95");
	assert_text("\x1b[2J\x1b]0;title\x07", 80, BAD "[2J" BAD "]0;title" BAD);
	assert_text("a\tb\nc\rd\x7f", 80, "a" BAD "b" BAD "c" BAD "d" BAD);
	assert_text("\xff\xc3", 80, BAD BAD);
	assert_text("\xc2\x9b"
		    "31m \xc2\x80 \xc2\xa0",
		    80, BAD BAD "31m " BAD BAD " \xc2\xa0"); /* U+009B is a CSI */
	assert_text("\xe2\x80\xae"
		    "gpj.exe\xe2\x81\xa6\xe2\x80\x8f",
		    80, BAD "gpj.exe" BAD BAD);                                          /* backwards */
	assert_text("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa6", 80, BAD BAD "\xe2\x80\xa6"); /* lines; a real ellipsis */
}

static void test_cut(void **state)
{
	_cleanup_free_ char *huge = malloc(100001);
	_cleanup_(buf_done) struct buf b = {};

	assert_text("0123456789", 10, "0123456789");
	assert_text("0123456789", 9,
		    "0123\xe2\x80\xa6"
		    "6789");
	assert_text("0123456789", 8,
		    "0123\xe2\x80\xa6"
		    "789");
	assert_text("0123456789", 0,
		    "01\xe2\x80\xa6"
		    "89"); /* never less than 5 */
	assert_text("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 5,
		    "\xc3\xa9\xc3\xa9\xe2\x80\xa6\xc3\xa9\xc3\xa9");
	assert_non_null(huge);
	memset(huge, 'x', 100000);
	huge[100000] = 0;
	assert_int_equal(text_add(&b, huge, SIZE_MAX), 0);
	assert_int_equal(b.size, TEXT_MAX_CHARS);
}

static void test_cpp(void **state)
{
	static const char push[] = "std::vector<int, std::allocator<int> >::push_back(int const&)";

	assert_function(push, 80, push);
	assert_function(push, 60, "std::vector<int, std::allocator<int> >::push_back(\xe2\x80\xa6)");
	assert_function(push, 40, "std::vector<\xe2\x80\xa6>::push_back(\xe2\x80\xa6)");
	assert_function(push, 21, "std::vecto\xe2\x80\xa6sh_back(\xe2\x80\xa6)");
	assert_function("void f<(Kind)3>(int, long) const", 24, "void f<(\xe2\x80\xa6)3>(\xe2\x80\xa6) const");
	assert_function("(anonymous namespace)::run(std::string, int)", 40, "(anonymous namespace)::run(\xe2\x80\xa6)");
	assert_function("ns::(anonymous namespace)::run(int, int)", 36, "ns::(anonymous namespace)::run(\xe2\x80\xa6)");
	assert_function("a::{lambda(int, int)#1}::operator()(int, int) const", 44,
			"a::{lambda(\xe2\x80\xa6)#1}::operator()(\xe2\x80\xa6) const");
}

static void test_operators(void **state)
{
	assert_function("bool operator< <char, int>(A<char> const&, B)", 28,
			"bool operator< <\xe2\x80\xa6>(\xe2\x80\xa6)");
	assert_function("Out<char>& operator<< <traits>(Out<char>&, int)", 32,
			"Out<\xe2\x80\xa6>& operator<< <\xe2\x80\xa6>(\xe2\x80\xa6)");
	assert_function("Ptr<Some::Class>::operator->() const", 30, "Ptr<\xe2\x80\xa6>::operator->() const");
	assert_function("call<fn(u8) -> u16, Other>::done", 20, "call<\xe2\x80\xa6>::done");
	assert_function("bool operator<=><int, long>(int)", 24, "bool operator<=><\xe2\x80\xa6>(\xe2\x80\xa6)");
	assert_function("int operator-><some::Type>(int)", 24, "int operator-><\xe2\x80\xa6>(\xe2\x80\xa6)");
}

static void test_rust_and_go(void **state)
{
	assert_function("<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop", 51,
			"<alloc::vec::Vec<\xe2\x80\xa6> as core::ops::drop::Drop>::drop");
	assert_function("core::ptr::drop_in_place<alloc::string::String>", 30,
			"core::ptr::drop_in_place<\xe2\x80\xa6>");
	assert_function("net/http.(*conn).serve(0x1, 0x2)", 30, "net/http.(*conn).serve(\xe2\x80\xa6)");
	assert_function("github.com/some/where/very/long.(*Server).Serve", 31,
			"github.com/some\xe2\x80\xa6(*Server).Serve");
}

static void test_hostile(void **state)
{
	char open[3001];

	assert_function("f<<<<<<<<<<(((((((", 12, "f<<<<<\xe2\x80\xa6(((((");
	assert_function(")>)>)>)>)>)>)>", 9, ")>)>\xe2\x80\xa6)>)>");
	memset(open, '(', 1500);
	memset(open + 1500, ')', 1500);
	open[3000] = 0;
	assert_function(open, 20, "((\xe2\x80\xa6))");
}

static void test_width(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct winsize size = { .ws_col = 77 };
	int ours, theirs;
	size_t n;
	FILE *f;

	setenv("COLUMNS", "200", 1);
	f = open_memstream(&text, &n);
	assert_non_null(f);
	assert_int_equal(text_width(f), 120); /* no terminal: whatever COLUMNS says */
	fclose(f);
	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, &size), 0);
	f = fdopen(theirs, "w");
	assert_non_null(f);
	assert_int_equal(text_width(f), 200);
	setenv("COLUMNS", "1", 1);
	assert_int_equal(text_width(f), 40);
	setenv("COLUMNS", "wide", 1);
	assert_int_equal(text_width(f), 77);
	unsetenv("COLUMNS");
	assert_int_equal(text_width(f), 77);
	fclose(f);
	close(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),     cmocka_unit_test(test_cut),         cmocka_unit_test(test_cpp),
		cmocka_unit_test(test_operators), cmocka_unit_test(test_rust_and_go), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
