// SPDX-License-Identifier: Apache-2.0
/*
 * A library to be put in the place of another: NAME_outer() calls NAME_leaf(), which burns. Built with another FRAME it
 * has other code and other unwind rows at the same addresses.
 */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

void JOIN(NAME, outer)(volatile int *n);

static __attribute__((noinline, noclone)) int JOIN(NAME, leaf)(volatile int *n)
{
	volatile char frame[FRAME];

	for (int i = 0; i < 20000; i++)
		frame[i % FRAME] = (char)(*n += i);
	return frame[0];
}

void JOIN(NAME, outer)(volatile int *n)
{
	volatile char frame[FRAME * 2];

	frame[1] = (char)*n;
	for (int i = 0; i < 10; i++)
		frame[0] = (char)JOIN(NAME, leaf)(n);
}
