// SPDX-License-Identifier: Apache-2.0
/*
 * Makes room for code and tells of a function in it in /tmp/perf-PID.map; says where the room is. Then, for each line
 * on standard input, tells of a function of that name 256 bytes further on. Ends with the input.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP 0x100

static char map_name[64];

static void tell(const char *code, const char *name)
{
	FILE *map = fopen(map_name, "a");

	if (!map)
		return;
	fprintf(map, "%lx %x %s\n", (unsigned long)code, STEP / 2, name);
	fclose(map);
}

int main(void)
{
	char *code = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char line[256];

	if (code == MAP_FAILED)
		return 1;
	snprintf(map_name, sizeof(map_name), "/tmp/perf-%d.map", (int)getpid());
	tell(code, "first");
	printf("%p\n", (void *)code);
	fflush(stdout);
	for (size_t n = 1; fgets(line, sizeof(line), stdin); n++) {
		line[strcspn(line, "\n")] = 0;
		tell(code + n * STEP, line);
		puts("told");
		fflush(stdout);
	}
	unlink(map_name);
	return 0;
}
