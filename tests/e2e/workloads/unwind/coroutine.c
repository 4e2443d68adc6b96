// SPDX-License-Identifier: Apache-2.0
/* coroutine SECONDS: a coroutine and main() burn in turns, each on its own stack. */
#include <ucontext.h>

#include "burn.h"

#define STACK_BYTES (1 << 18)
#define SLICE 0.003

static ucontext_t main_context, coroutine_context;
static double end;

NOINLINE void coroutine_middle(void);
NOINLINE void coroutine_main(void);
NOINLINE void main_side(void);

NOINLINE void coroutine_middle(void)
{
	burn(SLICE);
	swapcontext(&coroutine_context, &main_context);
	AFTER_CALL();
}

NOINLINE void coroutine_main(void)
{
	for (;;)
		coroutine_middle();
}

NOINLINE void main_side(void)
{
	burn(SLICE);
	swapcontext(&main_context, &coroutine_context);
	AFTER_CALL();
}

int main(int argc, char **argv)
{
	end = seconds_to_burn(argc, argv);
	if (getcontext(&coroutine_context) < 0)
		return 1;
	coroutine_context.uc_stack.ss_sp = malloc(STACK_BYTES);
	coroutine_context.uc_stack.ss_size = STACK_BYTES;
	makecontext(&coroutine_context, coroutine_main, 0);
	while (thread_seconds() < end)
		main_side();
	return 0;
}
