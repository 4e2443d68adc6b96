// SPDX-License-Identifier: Apache-2.0
/* vfork SECONDS: children by vfork() burn on their parent's stack before they exit. */
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

#define SLICE 0.05

NOINLINE void spawn(void);
NOINLINE void outer(int n);

NOINLINE void spawn(void)
{
	pid_t child = vfork();

	if (child == 0) {
		burn(SLICE);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

NOINLINE void outer(int n)
{
	for (int i = 0; i < n; i++)
		spawn();
}

int main(int argc, char **argv)
{
	outer((int)(seconds_to_burn(argc, argv) / SLICE));
	AFTER_CALL();
	return 0;
}
