// SPDX-License-Identifier: Apache-2.0
/* deep SECONDS DEPTH: burns DEPTH calls of one function down. */
#include "burn.h"

NOINLINE void down(double seconds, int depth);

void down(double seconds, int depth)
{
	if (depth > 1)
		down(seconds, depth - 1);
	else
		burn(seconds);
	AFTER_CALL();
}

int main(int argc, char **argv)
{
	down(seconds_to_burn(argc, argv), argc > 2 ? atoi(argv[2]) : 300);
	AFTER_CALL();
	return 0;
}
