// SPDX-License-Identifier: Apache-2.0
/* demangle: names whose meaning the ABIs' documents give, and names made to explode. */
#include "tests/unit/tool.h"

#include <time.h>

#include "common/clock.h"
#include "symbolizer/demangle-cpp.h"
#include "symbolizer/demangle-rust.h"
#include "symbolizer/demangle.h"

static void check(const char *mangled, const char *expected)
{
	char name[DEMANGLE_MAX_BYTES + 1];

	if (!demangle(mangled, name))
		fail_msg("%s is not demangled", mangled);
	assert_string_equal(name, expected);
}

static void test_names(void **state)
{
	check("_Z3foov", "foo()");
	check("_ZN3foo3barEiPKc", "foo::bar(int, char const*)");
	check("_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)");
	check("_ZN3foo3barEv.cold", "foo::bar() [clone .cold]");
	check("_GLOBAL__I__Z3foov", "global constructors keyed to foo()");
	check("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad");
	check("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar");
	check("_RINvNtC3std3mem8align_ofjE", "std::mem::align_of::<usize>");
}

/* What our own passes do, and what they leave to libiberty. */
static void test_more_names(void **state)
{
	check("_ZNK1a1bIiLj3ELb1EE1cERKS1_.part.0.cold",
	      "a::b<int, 3u, true>::c(a::b<int, 3u, true> const&) const [clone .part.0] [clone .cold]");
	check("_ZN1AC2ERKS_", "A::A(A const&)");
	check("_ZN1a1bIcED0Ev", "a::b<char>::~b()");
	check("_ZNSaIcEC1Ev", "std::allocator<char>::allocator()");
	check("_ZN3FooixEm", "Foo::operator[](unsigned long)");
	check("_ZN3FoocvbEv", "Foo::operator bool()");
	check("_Z3maxIiET_S0_S0_", "int max<int>(int, int)");
	check("_Z1fRiRS_RS_", "f(int&, int&, int&)");
	check("_Z1fIOiEvRT_S1_", "void f<int&&>(int&, int&&)");
	check("_Z4makeI3FooJRKiS0_EEPT_DpOT0_", "Foo* make<Foo, int const&, Foo>(int const&, Foo&&)");
	check("_Z5applyIJicEEvDpT_", "void apply<int, char>(int, char)");
	check("_Z3runPFvPKciE", "run(void (*)(char const*, int))");
	check("_ZZN1a1fEvENKUliE_clEi", "a::f()::{lambda(int)#1}::operator()(int) const");
	check("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo()");
	check("_ZNSt7__cxx114swapB5cxx11Ev", "std::__cxx11::swap[abi:cxx11]()");
	check("_Z1fIiENSt9enable_ifIXsr3std9is_signedIT_EE5valueES1_E4typeES1_",
	      "std::enable_if<std::is_signed<int>::value, int>::type f<int>(int)");
	check("_ZThn16_N1a1bEv", "non-virtual thunk to a::b()");
	check("_ZN4llvm5errorERA5_Kc", "llvm::error(char const (&) [5])");
}

static void check_own(size_t (*pass)(const char *name, size_t size, char *ret, size_t ret_size),
		      const char *const both[2])
{
	char name[DEMANGLE_MAX_BYTES + 1];
	size_t n = pass(both[0], strlen(both[0]), name, sizeof(name));

	if (n == 0)
		fail_msg("%s is left to libiberty", both[0]);
	assert_string_equal(name, both[1]);
	assert_int_equal(n, strlen(name));
}

/* Frequent in large programs: our own pass does them, not libiberty, which takes ten times as long. */
static void test_own_pass(void **state)
{
	static const char *const names[][2] = {
		{ "_Z3runSt8functionIFviRKN1a1bEEE", "run(std::function<void (int, a::b const&)>)" },
		{ "_ZN1a1fENS_3refIFbvEEES2_", "a::f(a::ref<bool ()>, a::ref<bool ()>)" },
		{ "_ZlsRSoRK3Foo", "operator<<(std::ostream&, Foo const&)" },
		{ "_ZNK3FooltERKS_", "Foo::operator<(Foo const&) const" },
		{ "_ZThn16_N1a1bEv", "non-virtual thunk to a::b()" },
		{ "_ZTv0_n24_N1aD1Ev.cold", "virtual thunk to a::~a() [clone .cold]" },
	};
	char name[DEMANGLE_MAX_BYTES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_own(demangle_cpp, names[i]);
	assert_false(demangle_cpp("_ZThn_1fv", strlen("_ZThn_1fv"), name, sizeof(name)));
	assert_false(demangle_cpp("_ZTv0_1fv", strlen("_ZTv0_1fv"), name, sizeof(name)));
	assert_false(demangle("_ZTv9999999999_0_1fv", name)); /* further than any class is long */
}

static void test_rust(void **state)
{
	check("_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
	      "<alloc::string::String as core::fmt::Debug>::fmt");
	check("_ZN3foo28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "foo::{{closure}}");
	check("_RNvMs_NtC1a1bNtB4_1c1f", "<a::b::c>::f");
	check("_RNvXs_C1aNtB4_1cNtB4_1t1f", "<a::c as a::t>::f");
	check("_RNCNvC1a1fs_0", "a::f::{closure#1}");
	check("_RINvC1a1fTlRmQSjEAhj10_Kb1_Kan5_E", "a::f::<(i32, &u32, &mut [usize]), [u8; 16], true, -5>");
	check("_RINvC1a1fhEC1b.llvm.1234567", "a::f::<u8>"); /* what made it, and what LLVM appends, are not told */
	check("_RINvC1a1fDNtB2_1tEL_E", "a::f::<dyn a::t>");
	check("_RINvC1a1fFUKCRhEuE", "a::f::<unsafe extern \"C\" fn(&u8)>");
}

/* What stands earlier in the name: as a path of a value it has another spelling than as a type. */
static void test_rust_references(void **state)
{
	static const char *const names[][2] = {
		{ "_RINvC1a1fINtB2_1cmENtB2_1dE", "a::f::<a::c<u32>, a::d>" },
		{ "_RINvC1a1fINtB2_1cmERB7_E", "a::f::<a::c<u32>, &a::c<u32>>" },
		{ "_RINvC1a1fINtB2_1cmETB7_B7_EE", "a::f::<a::c<u32>, (a::c<u32>, a::c<u32>)>" },
		{ "_RINvINtC1a1cmE1fRB2_E", "a::c::<u32>::f::<&a::c<u32>>" },
		{ "_RINvNvINtC1a1cmE1f1gNtB4_1dNtB2_1eE", "a::c::<u32>::f::g::<a::c<u32>::d, a::c<u32>::f::e>" },
		{ "_RINvC1a1fRShSB8_E", "a::f::<&[u8], [[u8]]>" },
		{ "_RINvXC1aC1bC1c1fB3_B6_E", "<b as c>::f::<a, b>" }, /* where the impl stands is not written */
		{ "_RNvMC1aNtB2_1b1f", "<a::b>::f" },
	};
	char name[DEMANGLE_MAX_BYTES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check_own(demangle_rust, names[i]);
	assert_false(demangle("_RINvC1a1fRhNtB7_1cE", name)); /* a type is no path */
}

static void test_d(void **state)
{
	check("_D8demangle4testFZv", "demangle.test()");
	check("_D8demangle4testFaZv", "demangle.test(char)");
	check("_D3std5stdio4File5closeMFZv", "std.stdio.File.close()");
	check("_D8demangle9__T4testZv", "demangle.test!()");
	check("_D8demangle4test6__ctorMFZC8demangle4test", "demangle.test.this()");
}

/* C++20, as far as libiberty 2.40 goes; and other languages, which stay as they are. */
static void test_others(void **state)
{
	static const char *const unchanged[] = { "$s4main3fooyyF",
						 "ada__text_io__put_line",
						 "camlStdlib__List__map_123",
						 "foo.part.0",
						 "foo.cold",
						 "_D",
						 "_D4",
						 "_Dmain",
						 "_DYNAMIC" };
	char name[DEMANGLE_MAX_BYTES + 1];

	check("_ZN1AssERKS_", "A::operator<=>(A const&)");
	check("_Z1fDu", "f(char8_t)");
	for (size_t i = 0; i < ARRAY_SIZE(unchanged); i++) {
		if (demangle(unchanged[i], name))
			fail_msg("%s became %s", unchanged[i], name);
	}
}

/* Two references double a D name each time: many are not followed. */
static void test_d_explosion(void **state)
{
	char mangled[600] = "_D1a1bFS1c", name[DEMANGLE_MAX_BYTES + 1];

	for (size_t i = 0; i < 60; i++)
		strcat(mangled, "QcQc");
	strcat(mangled, "Zv");
	assert_false(demangle(mangled, name));
}

/* for<...> of 62^10 lifetimes, in a part of the name that is not told. */
static void test_rust_binders(void **state)
{
	uint64_t start_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID);
	char name[DEMANGLE_MAX_BYTES + 1];

	check("_RNvMINtC1a1bFGz_EuEh1f", "<u8>::f");
	assert_false(demangle("_RNvMINtC1a1bFGzzzzzzzzzz_EuEh1f", name));
	assert_false(demangle("_RNvMINtC1a1bDGzzzzzzzzzz_C1tEL_Eh1f", name));
	assert_true(clock_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns < NS_PER_S / 10);
}

static void test_no_names(void **state)
{
	static const char *const plain[] = { "",   "main", "_",    "_Z",  "_ZN3foo", "_Z99x",
					     "_R", "_RNv", "_ZZZ", "__Z", "Z3foov",  "_GLOBAL_OFFSET_TABLE_" };
	char name[DEMANGLE_MAX_BYTES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (demangle(plain[i], name))
			fail_msg("%s became %s", plain[i], name);
	}
}

/* Each argument is a pair of the one before: 2^30 ints in 300 bytes. Cut, and at once. */
static void test_explosion(void **state)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint64_t start_ns = clock_now_ns(CLOCK_THREAD_CPUTIME_ID);
	char mangled[1024] = "_Z1f1AIiiE", name[DEMANGLE_MAX_BYTES + 1];
	size_t size = strlen(mangled);

	for (int i = 0; i < 30; i++)
		size += (size_t)snprintf(mangled + size, sizeof(mangled) - size, "S_IS%c_S%c_E", digits[i], digits[i]);
	assert_true(demangle(mangled, name));
	assert_int_equal(strlen(name), DEMANGLE_MAX_BYTES);
	name[41] = 0;
	assert_string_equal(name, "f(A<int, int>, A<A<int, int>, A<int, int>");
	assert_true(clock_now_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns < NS_PER_S / 10);
}

static void test_deep(void **state)
{
	char mangled[8192] = "_Z1f", name[DEMANGLE_MAX_BYTES + 1], expected[DEMANGLE_MAX_BYTES + 1] = "f(int";

	memset(mangled + 4, 'P', 900);
	strcpy(mangled + 904, "i");
	memset(expected + 5, '*', 900);
	strcpy(expected + 905, ")");
	check(mangled, expected);
	memset(mangled + 4, 'P', 8000);
	strcpy(mangled + 8004, "i");
	assert_false(demangle(mangled, name)); /* deeper than the library goes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),    cmocka_unit_test(test_more_names),
		cmocka_unit_test(test_own_pass), cmocka_unit_test(test_rust),
		cmocka_unit_test(test_d),        cmocka_unit_test(test_d_explosion),
		cmocka_unit_test(test_others),   cmocka_unit_test(test_rust_binders),
		cmocka_unit_test(test_no_names), cmocka_unit_test(test_explosion),
		cmocka_unit_test(test_deep),     cmocka_unit_test(test_rust_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
