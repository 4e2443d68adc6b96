// SPDX-License-Identifier: Apache-2.0
#include "agent/cpu-event.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

int cpu_event_open(struct perf_event_attr *attr, unsigned int cpu)
{
	long fd;

	attr->size = sizeof(*attr);
	attr->type = PERF_TYPE_SOFTWARE;
	attr->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED;
	fd = syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

int cpu_event_read(int fd, struct cpu_event_times *ret)
{
	struct cpu_event_times times;

	if (read(fd, &times, sizeof(times)) != sizeof(times))
		return -errno;
	*ret = times;
	return 0;
}
