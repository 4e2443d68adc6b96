// SPDX-License-Identifier: Apache-2.0
/* Takes a name of 15 bytes after the other, until all byte values but 0 were there, and burns 60 ms of CPU in each. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

__attribute__((noinline)) void comms_work(void)
{
	for (volatile int i = 0; i < 200000; i++)
		;
}

int main(void)
{
	for (int first = 1; first < 256; first += 15) {
		double until = cpu_ms() + 60;
		char name[16] = "";

		for (int i = 0; i < 15 && first + i < 256; i++)
			name[i] = (char)(first + i);
		prctl(PR_SET_NAME, name);
		while (cpu_ms() < until)
			comms_work();
	}
	printf("%.3f\n", cpu_ms());
	return 0;
}
