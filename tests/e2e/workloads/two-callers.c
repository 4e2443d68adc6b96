// SPDX-License-Identifier: Apache-2.0
/* two-callers: one function, which two others call, one of them three times as often; one calls itself first. */
#include <stdint.h>

static volatile uint64_t sink;

__attribute__((noinline)) static void leaf(void)
{
	for (int k = 0; k < 1000000; k++)
		sink += (uint64_t)k;
	__asm__ volatile(""); /* no tail call */
}

__attribute__((noinline)) static void often(void)
{
	leaf();
	__asm__ volatile("");
}

__attribute__((noinline)) static void seldom(int depth)
{
	if (depth > 0)
		seldom(depth - 1);
	else
		leaf();
	__asm__ volatile("");
}

int main(void)
{
	for (unsigned int i = 0;; i++)
		if (i % 4)
			often();
		else
			seldom(3);
}
