// SPDX-License-Identifier: Apache-2.0
/*
 * exceptions SECONDS (catch|destructor): throws again and again, and burns in the block that catches, or in a
 * destructor that runs while the exception passes.
 */
#include <cstring>

#include "burn.h"

#define SLICE 0.01

struct Guard {
	double seconds;
	NOINLINE ~Guard();
};

Guard::~Guard()
{
	burn(seconds);
	AFTER_CALL();
}

extern "C" NOINLINE void thrower(int value)
{
	if (burn_sink != 1)
		throw value;
}

extern "C" NOINLINE void catcher(void)
{
	try {
		thrower(1);
	} catch (int) {
		burn(SLICE);
		AFTER_CALL();
	}
}

extern "C" NOINLINE void guarded(void)
{
	Guard guard = { SLICE };

	thrower(2);
	AFTER_CALL();
}

extern "C" NOINLINE void outer(bool in_destructor)
{
	try {
		if (in_destructor)
			guarded();
		else
			catcher();
		AFTER_CALL();
	} catch (int) {
		AFTER_CALL();
	}
}

int main(int argc, char **argv)
{
	double end = seconds_to_burn(argc, argv);
	bool in_destructor = argc > 2 && strcmp(argv[2], "destructor") == 0;

	while (thread_seconds() < end)
		outer(in_destructor);
	return 0;
}
