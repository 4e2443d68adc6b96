// SPDX-License-Identifier: Apache-2.0
/*
 * realigned SECONDS: frames that a constant offset from the stack pointer does not describe: alloca, locals that are
 * aligned beyond the stack, both at once (gcc then keeps the frame's start in r10), spilled AVX registers.
 */
#include <alloca.h>
#include <immintrin.h>

#include "burn.h"

NOINLINE void with_avx(double seconds);
NOINLINE void with_both(double seconds, size_t n);
NOINLINE void with_aligned(double seconds, size_t n);
NOINLINE void with_alloca(double seconds, size_t n);
NOINLINE void without_avx(double seconds);

#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

__attribute__((target("avx"))) NOINLINE void with_avx(double seconds)
{
	__m256d kept = _mm256_set1_pd(seconds);

	KEEP(&kept);
	burn(seconds);
	KEEP(&kept);
}

/* For a CPU without AVX. */
NOINLINE void without_avx(double seconds)
{
	burn(seconds);
	AFTER_CALL();
}

NOINLINE void with_both(double seconds, size_t n)
{
	char aligned[256] __attribute__((aligned(64)));
	char *more = alloca(n);

	KEEP(aligned);
	KEEP(more);
	if (__builtin_cpu_supports("avx"))
		with_avx(seconds);
	else
		without_avx(seconds);
	KEEP(aligned);
}

NOINLINE void with_aligned(double seconds, size_t n)
{
	char aligned[256] __attribute__((aligned(64)));

	KEEP(aligned);
	with_both(seconds, n + 24);
	KEEP(aligned);
}

NOINLINE void with_alloca(double seconds, size_t n)
{
	char *more = alloca(n);

	KEEP(more);
	with_aligned(seconds, n + 8);
	KEEP(more);
}

int main(int argc, char **argv)
{
	double end = seconds_to_burn(argc, argv);

	for (size_t n = 1; thread_seconds() < end; n = n % 1000 + 17)
		with_alloca(0.005, n);
	return 0;
}
