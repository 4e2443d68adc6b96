// SPDX-License-Identifier: Apache-2.0
/*
 * stack FRAMES [STREAM_MIB]: burns CPU time until it is killed, with FRAMES frames on the stack of the burning
 * thread, through 36 functions of their own code and frame sizes. With STREAM_MIB the innermost function reads that
 * much memory over and over, so that every tick finds caches full of other data.
 *
 * FRAMES counts from burn() to the outermost frame: _start, or with -DOWN_ROOT a root in our own code that both
 * CFI (no return address) and frame pointers (a frame pointer of 0) know as the outermost; libc's frames have no
 * frame pointers, so only there do both kinds of walkers see the same stack.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PER_LINE 8 /* words of a cache line */

static volatile uint64_t sink;
static volatile uint64_t *streamed;
static size_t n_streamed;

__attribute__((noinline)) static void burn(void)
{
	volatile uint64_t local = 1; /* so that it has a frame */

	for (;;) {
		for (size_t i = 0; i < n_streamed; i += PER_LINE)
			local += streamed[i];
		for (int k = 0; k < 10000 && !n_streamed; k++)
			local += (uint64_t)k;
		sink = local;
	}
}

/* Function N needs N times 8 bytes of stack and calls the next; an empty asm keeps what it has there. */
#define LEVEL(N, NEXT)                                                                                                 \
	__attribute__((noinline, aligned(64))) void level##N(int more);                                                \
	void level##N(int more)                                                                                        \
	{                                                                                                              \
		uint64_t local[1 + (N)];                                                                               \
                                                                                                                       \
		__asm__ volatile("" : : "r"(local) : "memory");                                                        \
		if (more > 0)                                                                                          \
			NEXT(more - 1);                                                                                \
		else                                                                                                   \
			burn();                                                                                        \
		__asm__ volatile("" : : "r"(local) : "memory");                                                        \
	}

void level0(int more);
LEVEL(35, level0)
LEVEL(34, level35)
LEVEL(33, level34)
LEVEL(32, level33)
LEVEL(31, level32)
LEVEL(30, level31)
LEVEL(29, level30)
LEVEL(28, level29)
LEVEL(27, level28)
LEVEL(26, level27)
LEVEL(25, level26)
LEVEL(24, level25)
LEVEL(23, level24)
LEVEL(22, level23)
LEVEL(21, level22)
LEVEL(20, level21)
LEVEL(19, level20)
LEVEL(18, level19)
LEVEL(17, level18)
LEVEL(16, level17)
LEVEL(15, level16)
LEVEL(14, level15)
LEVEL(13, level14)
LEVEL(12, level13)
LEVEL(11, level12)
LEVEL(10, level11)
LEVEL(9, level10)
LEVEL(8, level9)
LEVEL(7, level8)
LEVEL(6, level7)
LEVEL(5, level6)
LEVEL(4, level5)
LEVEL(3, level4)
LEVEL(2, level3)
LEVEL(1, level2)
LEVEL(0, level1)

#ifdef OWN_ROOT
#define N_OUTER 2 /* burn, own_root */

void own_root(int more);
__asm__(".pushsection .text\n"
	".type own_root, @function\n"
	"own_root:\n"
	".cfi_startproc\n"
	".cfi_undefined rip\n"
	"	push %rbp\n"
	".cfi_adjust_cfa_offset 8\n"
	"	xor %ebp, %ebp\n"
	"	call level0\n"
	"	ud2\n"
	".cfi_endproc\n"
	".size own_root, . - own_root\n"
	".popsection\n");
#define begin own_root
#else
#define N_OUTER 5 /* burn, main, libc's two, _start */
#define begin level0
#endif

int main(int argc, char **argv)
{
	int n_frames = argc > 1 ? atoi(argv[1]) : 17;
	size_t stream_bytes = argc > 2 ? (size_t)atoi(argv[2]) << 20 : 0;

	if (n_frames <= N_OUTER)
		return 2;
	if (stream_bytes > 0) {
		streamed = malloc(stream_bytes);
		if (!streamed)
			return 1;
		memset((void *)streamed, 1, stream_bytes);
		n_streamed = stream_bytes / sizeof(*streamed);
	}
	begin(n_frames - N_OUTER - 1);
	return (int)sink; /* never: but main() keeps its frame */
}
