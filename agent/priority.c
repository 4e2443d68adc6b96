// SPDX-License-Identifier: Apache-2.0
#include "agent/priority.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>

#include "common/clock.h"

/*
 * The thread needs little, but at once. A short slice makes the scheduler run it soon after it wakes, whoever runs
 * (since Linux 6.12, older ones ignore it); it gives no more time, so unlike a real-time priority it can starve nobody.
 */
#define NICE (-5)
#define SLICE_NS (NS_PER_MS / 10) /* the shortest that there is */

int priority_raise(void)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_NORMAL,
		.sched_nice = NICE,
		.sched_runtime = SLICE_NS,
		.sched_flags = SCHED_FLAG_RESET_ON_FORK,
	};

	return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? -errno : 0;
}
