// SPDX-License-Identifier: Apache-2.0
/*
 * deep DEPTH: calls down DEPTH frames, each time along another random path through two functions, spins there for a
 * moment, comes back and starts again: hardly any two ticks see the same stack. Until it is killed.
 */
#include <stdint.h>
#include <stdlib.h>

static volatile uint64_t sink;
static uint64_t path = 88172645463325252ULL; /* xorshift64 */

__attribute__((noinline)) void left(int depth);
__attribute__((noinline)) void right(int depth);

static inline __attribute__((always_inline)) void descend(int depth)
{
	if (depth <= 0) {
		for (int k = 0; k < 100000; k++)
			sink += (uint64_t)k;
		return;
	}
	path ^= path << 13;
	path ^= path >> 7;
	path ^= path << 17;
	if (path & 1)
		left(depth - 1);
	else
		right(depth - 1);
	sink++; /* no tail call */
}

void left(int depth)
{
	descend(depth);
}

void right(int depth)
{
	descend(depth);
}

int main(int argc, char **argv)
{
	int depth = argc > 1 ? atoi(argv[1]) : 100;

	for (;;)
		descend(depth);
}
