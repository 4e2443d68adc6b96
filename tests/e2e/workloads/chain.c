/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main -> f5 -> f4 -> f3 -> f2 -> f1 -> the leaf, without frame pointers, for MS milliseconds of CPU time: "chain MS
 * LEAF [KIB]". LEAF: "plain"; "odd", whose CFI no row can hold; "endless", whose CFI never ends; "thread", odd in
 * another thread. f5 uses KIB of stack; every frame holds a secret, said in SECRET.
 */
#include <alloca.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef SECRET
#define SECRET "nothing to hide"
#endif

static volatile unsigned long sink;
static double until;
static void (*leaf)(long n);

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CFA = (rsp + 8) * 1, which no compiler would say; and an expression that jumps to its own beginning. */
__asm__(".text\n"
	"odd: .cfi_startproc\n"
	".cfi_escape 0x0f,4,0x77,8,0x31,0x1e\n"
	"1: dec %rdi\n jnz 1b\n ret\n"
	".cfi_endproc\n.size odd, .-odd\n.type odd, @function\n"
	"endless: .cfi_startproc\n"
	".cfi_escape 0x0f,3,0x2f,0xfd,0xff\n"
	"1: dec %rdi\n jnz 1b\n ret\n"
	".cfi_endproc\n.size endless, .-endless\n.type endless, @function\n");
void odd(long n);
void endless(long n);

static __attribute__((noinline)) void plain(long n)
{
	for (long i = 0; i < n; i++)
		sink += (unsigned long)i * sink;
}

static __attribute__((noinline)) void f1(const char *secret)
{
	char mine[64];

	snprintf(mine, sizeof(mine), "%s", secret);
	do
		leaf(200000);
	while (now() < until);
	sink += (unsigned long)mine[5];
}

#define FRAME(name, next)                                                                                              \
	static __attribute__((noinline)) void name(const char *secret)                                                 \
	{                                                                                                              \
		char mine[64];                                                                                         \
                                                                                                                       \
		snprintf(mine, sizeof(mine), "%s", secret);                                                            \
		next(mine);                                                                                            \
		sink += (unsigned long)mine[7];                                                                        \
	}
FRAME(f2, f1)
FRAME(f3, f2)
FRAME(f4, f3)

static __attribute__((noinline)) void f5(long kib)
{
	char *room = alloca((size_t)kib * 1024 + 64);

	memset(room, 1, (size_t)kib * 1024 + 64);
	snprintf(room, 64, SECRET);
	f4(room);
	sink += (unsigned long)room[3];
}

static void *thread(void *kib)
{
	f5((long)kib);
	return NULL;
}

int main(int argc, char **argv)
{
	long kib = argc > 3 ? atol(argv[3]) : 0;
	pthread_t id;

	until = now() + atof(argv[1]) / 1000;
	leaf = strcmp(argv[2], "plain") == 0 ? plain : strcmp(argv[2], "endless") == 0 ? endless : odd;
	if (strcmp(argv[2], "thread") != 0) {
		f5(kib);
		sink++;
		return 0;
	}
	if (pthread_create(&id, NULL, thread, (void *)kib) != 0)
		return 1;
	pthread_join(id, NULL);
	return 0;
}
