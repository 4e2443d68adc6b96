/* SPDX-License-Identifier: Apache-2.0 */
/* A library with inlined calls in inlined calls, ranges, loops and data, for tests/hostile. */
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))
#define COLD __attribute__((cold, noinline))

volatile int seed_sink;

INLINE int inner(int n)
{
	for (int i = 0; i < n; i++)
		seed_sink += i * n;
	return seed_sink;
}

INLINE int middle(int n)
{
	return n & 1 ? inner(n + 1) : inner(n - 1) * 3;
}

COLD static int unlikely(int n)
{
	return middle(-n) + (int)sizeof(size_t);
}

int seed_middle(int n)
{
	if (__builtin_expect(n > 1000000, 0))
		return unlikely(n);
	return middle(n) + middle(n * 2);
}

static int by_pointer(const void *a, int (*f)(int))
{
	return f(*(const int *)a);
}

int seed_outer(int n)
{
	int sum = 0;

	switch (n % 7) {
	case 0:
		sum = seed_middle(n);
		break;
	case 1:
		sum = by_pointer(&n, seed_middle);
		break;
	case 2:
		sum = inner(sum);
		break;
	default:
		sum = middle(n) - inner(sum);
	}
	return sum;
}
