/* SPDX-License-Identifier: Apache-2.0 */
/* Burns for so many milliseconds of CPU time in calls that are inlined three deep, at -O2. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inlined.h"

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	double end_ms = strtod(argv[1], NULL);
	uint32_t x = (uint32_t)argc;

	while (cpu_ms() < end_ms)
		x = burn(x);
	return x == 1;
}
