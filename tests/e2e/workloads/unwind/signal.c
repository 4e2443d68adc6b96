// SPDX-License-Identifier: Apache-2.0
/*
 * signal SECONDS: a timer interrupts a loop of calls, wherever it is, every 5 ms; the handler runs on a stack of its
 * own and burns there for the next 4.
 */
#include <signal.h>
#include <sys/time.h>

#include "burn.h"

NOINLINE uint64_t tiny(uint64_t value);
NOINLINE void interrupted(double seconds);
NOINLINE void outer(double seconds);
NOINLINE void handler(int signal_number);

NOINLINE uint64_t tiny(uint64_t value)
{
	volatile uint64_t local[4] = { value };

	return local[value & 3] + 1;
}

NOINLINE void interrupted(double seconds)
{
	double end = thread_seconds() + seconds;
	uint64_t value = 1;

	while (thread_seconds() < end)
		for (int k = 0; k < 1000000; k++)
			value = tiny(value);
	burn_sink = value;
}

NOINLINE void outer(double seconds)
{
	interrupted(seconds);
	AFTER_CALL();
}

NOINLINE void handler(int signal_number)
{
	burn(0.004);
	AFTER_CALL();
}

int main(int argc, char **argv)
{
	stack_t stack = { .ss_sp = malloc(1 << 16), .ss_size = 1 << 16 };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESTART };
	struct itimerval every = { .it_interval = { .tv_usec = 5000 }, .it_value = { .tv_usec = 5000 } };

	if (!stack.ss_sp || sigaltstack(&stack, NULL) < 0 || sigaction(SIGALRM, &action, NULL) < 0 ||
	    setitimer(ITIMER_REAL, &every, NULL) < 0)
		return 1;
	outer(seconds_to_burn(argc, argv));
	return 0;
}
