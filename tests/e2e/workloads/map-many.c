// SPDX-License-Identifier: Apache-2.0
/*
 * Maps every file whose name stands on a line of standard input executable, says so, and burns CPU_MS of CPU time; when
 * OFFSET is given, in the code at that offset of the last file. usage: map-many CPU_MS [OFFSET]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

__attribute__((noinline)) void many_work(void)
{
	for (volatile int i = 0; i < 200000; i++)
		;
}

static char *map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	struct stat st;
	char *code = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		code = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	return code;
}

int main(int argc, char **argv)
{
	static char line[8192];
	char *code = MAP_FAILED;
	double until;
	int n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		code = map_file(line);
		n += code != MAP_FAILED;
	}
	printf("mapped %d\n", n);
	fflush(stdout);
	until = cpu_ms() + (argc > 1 ? atof(argv[1]) : 0);
	while (cpu_ms() < until) {
		for (int i = 0; i < 10; i++) {
			if (argc > 2)
				((void (*)(void))(code + strtol(argv[2], NULL, 0)))();
			else
				many_work();
		}
	}
	return 0;
}
