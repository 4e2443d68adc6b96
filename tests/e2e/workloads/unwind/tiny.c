// SPDX-License-Identifier: Apache-2.0
/* libtiny: see tiny.h; and 200 functions that are called for the first time each time the library is opened. */
#include "tiny.h"

uint64_t bind_all(uint64_t value);

uint64_t tiny_add(uint64_t value)
{
	return value + 1;
}

uint64_t tiny_push(uint64_t value)
{
	__asm__ volatile("" : "+r"(value) : : "rbx", "r12", "r13", "r14", "r15", "rbp");
	return value;
}

uint64_t tiny_frame(uint64_t value)
{
	volatile uint64_t local[40];

	local[value % 40] = value;
	return local[value % 40];
}

#define ONE(N)                                                                                                         \
	uint64_t bound_##N(uint64_t value);                                                                            \
	uint64_t bound_##N(uint64_t value)                                                                             \
	{                                                                                                              \
		return value ^ N;                                                                                      \
	}
#define TEN(M, N) M(N##0) M(N##1) M(N##2) M(N##3) M(N##4) M(N##5) M(N##6) M(N##7) M(N##8) M(N##9)
#define FIFTY(M, N) TEN(M, N##0) TEN(M, N##1) TEN(M, N##2) TEN(M, N##3) TEN(M, N##4)
#define ALL(M) FIFTY(M, 1) FIFTY(M, 2) FIFTY(M, 3) FIFTY(M, 4)

ALL(ONE)

#define CALL(N) value += bound_##N(value);

uint64_t bind_all(uint64_t value)
{
	ALL(CALL)
	return value;
}
