// SPDX-License-Identifier: Apache-2.0
/*
 * A library for late-library. With -DOTHER it is another one, of the same size, whose functions have other frames: what
 * was known of the first one is wrong for it at every address.
 */
#include <stdint.h>

#define AFTER_CALL() __asm__ volatile("" : : : "memory")

#ifdef OTHER
#define NAME(n) other_##n
#define WORDS 70
#else
#define NAME(n) one_##n
#define WORDS 7
#endif

__attribute__((noinline)) void NAME(inner)(double seconds, void (*call)(double));
__attribute__((noinline)) void NAME(middle)(double seconds, void (*call)(double));
void enter(double seconds, void (*call)(double));

void NAME(inner)(double seconds, void (*call)(double))
{
	uint64_t local[WORDS];

	__asm__ volatile("" : : "r"(local) : "memory");
	call(seconds);
	__asm__ volatile("" : : "r"(local) : "memory");
}

void NAME(middle)(double seconds, void (*call)(double))
{
	uint64_t local[WORDS + 2];

	__asm__ volatile("" : : "r"(local) : "memory");
	NAME(inner)(seconds, call);
	__asm__ volatile("" : : "r"(local) : "memory");
}

void enter(double seconds, void (*call)(double))
{
	NAME(middle)(seconds, call);
	AFTER_CALL();
}
