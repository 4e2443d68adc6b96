// SPDX-License-Identifier: Apache-2.0
/*
 * Maps FILE executable and calls its code at OFFSET for CPU_MS of CPU time. Prints a line when it has it mapped.
 * With EXTRA, maps the page of the code that many more times, and calls the last of them: they do not merge.
 * usage: exec-file FILE OFFSET CPU_MS [EXTRA]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	int fd = argc > 3 ? open(argv[1], O_RDONLY) : -1;
	long offset = argc > 3 ? strtol(argv[2], NULL, 0) : 0, extra = argc > 4 ? atol(argv[4]) : 0;
	struct stat st;
	char *code;
	double start;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail("open");
	code = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED)
		fail("mmap");
	for (long i = 0; i < extra; i++) {
		/* the page of the code, once again: neighbours with the same offset do not merge */
		code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, offset & ~4095L);
		if (code == MAP_FAILED)
			fail("mmap");
		code -= offset & ~4095L;
	}
	puts("mapped");
	fflush(stdout);
	start = cpu_ms();
	while (cpu_ms() - start < atof(argv[3]))
		((void (*)(void))(code + offset))();
	return 0;
}
