// SPDX-License-Identifier: Apache-2.0
/*
 * shares CPU_SECONDS SEED: f1..f8 burn 1, 2, 4, 8, 16, 23, 23 and 23 % of CPU_SECONDS of this process's CPU time, in
 * random order and portions, so that no period of the sampler can fall in step. Prints what each function really
 * got by the kernel's clock ("f1 NANOSECONDS"), then "total NANOSECONDS" of the process so far.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>

#define PORTION_NS 400000 /* at most, for one share of 1 % */

static const int percents[8] = { 1, 2, 4, 8, 16, 23, 23, 23 };
static uint64_t burnt_ns[8];
static volatile uint64_t sink;

/*
 * Not the one of libc, which keeps no frame pointer: a tick there would show the caller's caller. The kernel is
 * entered from within f1..f8 themselves.
 */
static inline __attribute__((always_inline)) uint64_t cpu_ns(void)
{
	struct timespec t;
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(SYS_clock_gettime), "D"(CLOCK_PROCESS_CPUTIME_ID), "S"(&t)
			 : "rcx", "r11", "memory");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#define BURNER(name, i)                                                                                                \
	static __attribute__((noinline)) void name(uint64_t ns)                                                        \
	{                                                                                                              \
		uint64_t start = cpu_ns(), now;                                                                        \
		do {                                                                                                   \
			for (int k = 0; k < 4000; k++)                                                                 \
				sink += (uint64_t)k * (i + 3);                                                         \
			now = cpu_ns();                                                                                \
		} while (now - start < ns);                                                                            \
		burnt_ns[i] += now - start;                                                                            \
	}

BURNER(f1, 0)
BURNER(f2, 1)
BURNER(f3, 2)
BURNER(f4, 3)
BURNER(f5, 4)
BURNER(f6, 5)
BURNER(f7, 6)
BURNER(f8, 7)

static void (*const burners[8])(uint64_t) = { f1, f2, f3, f4, f5, f6, f7, f8 };

static void shuffle(int *order)
{
	for (int i = 7; i > 0; i--) {
		int k = (int)(random() % (i + 1)), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
}

/* Every function gets its share of one round; a round's length is random. */
static __attribute__((noinline)) void run_round(void)
{
	int order[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	uint64_t unit_ns = PORTION_NS / 8 + (uint64_t)random() % PORTION_NS;

	shuffle(order);
	for (int i = 0; i < 8; i++)
		burners[order[i]]((uint64_t)percents[order[i]] * unit_ns);
}

int main(int argc, char **argv)
{
	uint64_t end_ns = cpu_ns() + (uint64_t)(argc > 1 ? atof(argv[1]) * 1e9 : 1e9);

	srandom(argc > 2 ? (unsigned int)atoi(argv[2]) : 1);
	while (cpu_ns() < end_ns)
		run_round();
	for (int i = 0; i < 8; i++)
		printf("f%d %llu\n", i + 1, (unsigned long long)burnt_ns[i]);
	printf("total %llu\n", (unsigned long long)cpu_ns());
	return 0;
}
