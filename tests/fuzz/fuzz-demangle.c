// SPDX-License-Identifier: Apache-2.0
/* demangle: any text as a linkage name. What our own passes accept, libiberty must spell the same way, to the byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbolizer/demangle-cpp.h"
#include "symbolizer/demangle-rust.h"
#include "symbolizer/demangle.h"
#include "tests/fuzz/fuzz.h"

#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)

static const char *const seeds[] = {
	"_Z3foov",
	"_ZN3foo3barEiPKc",
	"_ZNK3foo3barERKNS_3bazE.part.0.cold",
	"_ZNSt6vectorIiSaIiEE9push_backERKi",
	"_ZN3foo3barILi3ELb1ELNS_5colorE2EEEvT_DpOT0_",
	"_ZSt11make_uniqueI3FooJRKiS2_EENSt9_MakeUniqIT_E15__single_objectEDpOT0_",
	"_ZN1AC1IiEERKT_",
	"_ZN1AcvbEv",
	"_ZNSt8functionIFvvEEC2IZN1a1bEvEUlvE_vEET_",
	"_ZZN1a1bEvENKUlRKiE0_clES1_",
	"_ZN12_GLOBAL__N_11fEPFvPKcE",
	"_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE6appendEPKcm",
	"_ZL3fooRKSsPSt4pairIKiSaIcEE",
	"_Z1fIJiPKcEEvDpT_",
	"_Z1fIiENSt9enable_ifIXsr3std9is_signedIT_EE5valueES1_E4typeES1_",
	"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE",
	"_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE",
	"_RNvNtCs1234_7mycrate3foo3bar",
	"_RINvNtC3std3mem8align_ofjE",
	"_RNvXs_NtC1a1bNtB4_1cINtB4_1tAhj10_E1f.llvm.123",
	"_RNCNvMs0_NtCs1_1a1bINtB5_1cTlRmQSjEE1f0B7_",
	"_RINvC1a1fKb1_Kan5_Kp_L_DNtB2_1tEL_FEuE",
	"_ZooRoR1hRS_RS2_",
	"_Z1ZB11_GLOBAL__N1h",
	"_Z1fIJEEbDpPPFT_",
	"_ZZN1A1fEvENS_C1Ev",
	"_Z1fIJiEJicdEEvDp1AIT_T0_E",
	"_Z1fIiEv1AIcN1BcvT_EE",
	"_Z1fIiEvT_N1AUlS0_E_E",
	"_Z1fIRiRS0_EvRT0_",
	"_Z1fILZ1gE1h1EEvv",
	"_ZZ1fvEUlvE__0v",
	"_ZZ1fvENUt_E_0v",
	"_ZUt_IiEvv",
	"_ZZNK1A1fEE1gv",
	"_ZadIERS_v",
	"_Z1fRN1BcvPFvvEE",
	"_Z1fIOiEvRT_S1_",
	"_Z1fPN1AUlPFvvEE_E",
	"_ZZ1fvEZ1gvENK1A1hEv",
	"_Z1fPKDsNS_1hE",
	"_Z3runSt8functionIFviRKN1a1bEEES2_",
	"_ZN1a1fEPNS_3refIFbRiEEERKS3_",
	"_ZlsIcERSoS0_RKT_",
	"_ZThn16_N1a1bEv.part.0",
	"_ZTv0_n24_N1aIiED1Ev",
	"_ZTv88888888880_4_51av",
	"_RNvMINtC1a1bFGzzzzzzzzzz_EuEh1f",
	"_D8demangle4testFZv",
	"_D8demangle__T4testTiZ4testFZQaQb",
};

static void compare(const char *name, const char *ours, char *reference)
{
	if (!reference || strcmp(ours, reference) != 0) {
		fprintf(stderr, "%s\n ours     %s\n libiberty %s\n", name, ours, reference ? reference : "nothing");
		abort();
	}
	free(reference);
}

/* Asked by LeakSanitizer: libiberty loses what it has decoded of Unicode in a Rust name when it comes to a fault. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:print_ident\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char letters[] = "0123456789_.$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char name[512], text[DEMANGLE_MAX_BYTES + 1];

	if (size >= sizeof(name) || memchr(data, 0, size))
		return 0;
	for (size_t i = 0; i < size; i++)
		name[i] = strchr(letters, data[i]) ? (char)data[i] : letters[data[i] % strlen(letters)];
	name[size] = 0;
	if (demangle_cpp(name, size, text, sizeof(text)))
		compare(name, text, cplus_demangle_v3(name, OPTIONS));
	if (demangle_rust(name, size, text, sizeof(text)))
		compare(name, text, rust_demangle(name, OPTIONS));
	if (demangle(name, text) && strlen(text) > DEMANGLE_MAX_BYTES)
		abort();
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
