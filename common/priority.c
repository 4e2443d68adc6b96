// SPDX-License-Identifier: Apache-2.0
#include "common/priority.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>

#include "common/clock.h"

/*
 * A short slice makes the scheduler run a thread soon after it wakes, whoever runs (since Linux 6.12, older ones ignore
 * it); it gives no more time, so unlike a real-time priority it can starve nobody. This is the shortest that there is.
 */
#define SLICE_NS (NS_PER_MS / 10)

int priority_be_prompt(int nice)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_NORMAL,
		.sched_nice = nice,
		.sched_runtime = SLICE_NS,
		.sched_flags = SCHED_FLAG_RESET_ON_FORK,
	};

	return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? -errno : 0;
}
