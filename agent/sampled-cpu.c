// SPDX-License-Identifier: Apache-2.0
#include "agent/sampled-cpu.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>

#include "agent/cpu-event.h"
#include "common/clock.h"

static uint32_t n_offline(const struct sampled_cpu *cpu)
{
	return __atomic_load_n(&cpu->region->n_offline, __ATOMIC_ACQUIRE);
}

int sampled_cpu_open(struct sampled_cpu *cpu, int program_fd)
{
	struct perf_event_attr attr = {
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = cpu->period_ns,
		.disabled = 1,
	};
	_cleanup_close_ int fd = -1;

	cpu->n_offline = n_offline(cpu); /* first: that it goes off meanwhile must be found */
	if (__atomic_load_n(&cpu->region->is_leaving, __ATOMIC_ACQUIRE))
		return -ENODEV;
	fd = cpu_event_open(&attr, cpu->number);
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program_fd) < 0)
		return -errno;
	cpu->event_fd = take_fd(fd);
	return 0;
}

void sampled_cpu_close(struct sampled_cpu *cpu)
{
	close_fd(cpu->event_fd);
	cpu->event_fd = -1;
}

/* A tick between monotonic_ns and the read makes one more taken than due, which the account repairs. */
static int read_event(struct sampled_cpu *cpu, uint64_t epoch, uint64_t monotonic_ns, struct tick_reading *ret)
{
	struct cpu_event_times times;
	int r = cpu_event_read(cpu->event_fd, &times);

	if (r < 0)
		return r;
	cpu->passed = epoch;
	*ret = (struct tick_reading){
		.monotonic_ns = monotonic_ns,
		.enabled_ns = times.enabled_ns,
		.counted_ns = times.counted_ns,
		.idle_ns = cpu->idle_ns,
	};
	return 0;
}

int sampled_cpu_enable(struct sampled_cpu *cpu, uint64_t epoch)
{
	struct tick_reading now;
	int r;

	if (!sampled_cpu_is_open(cpu))
		return 0;
	r = read_event(cpu, epoch, clock_now_ns(CLOCK_MONOTONIC), &now);
	if (r < 0)
		return r;
	tick_account_begin(&cpu->account, cpu->period_ns, &now);
	return ioctl(cpu->event_fd, PERF_EVENT_IOC_ENABLE, 0) < 0 ? -errno : 0;
}

/* When the CPU went offline: since the last reading the event was enabled for so long. */
static uint64_t end_ns(const struct tick_reading *last, const struct tick_reading *now)
{
	return last->monotonic_ns + (now->enabled_ns - last->enabled_ns);
}

static int advance_to(struct sampled_cpu *cpu, uint64_t epoch, uint64_t monotonic_ns)
{
	bool has_gone = cpu->n_offline != n_offline(cpu);
	struct tick_reading now;
	int r;

	r = read_event(cpu, epoch, monotonic_ns, &now);
	if (r < 0)
		return r;
	if (has_gone) {
		now.monotonic_ns = end_ns(&cpu->account.last, &now);
		sampled_cpu_close(cpu);
	}
	tick_account_advance(&cpu->account, &now);
	return 0;
}

int sampled_cpu_advance(struct sampled_cpu *cpu, uint64_t epoch)
{
	return sampled_cpu_is_open(cpu) ? advance_to(cpu, epoch, clock_now_ns(CLOCK_MONOTONIC)) : 0;
}

int sampled_cpu_disable(struct sampled_cpu *cpu, uint64_t epoch)
{
	uint64_t monotonic_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (!sampled_cpu_is_open(cpu))
		return 0;
	if (ioctl(cpu->event_fd, PERF_EVENT_IOC_DISABLE, 0) < 0)
		return -errno;
	return advance_to(cpu, epoch, monotonic_ns);
}

int sampled_cpu_set_period(struct sampled_cpu *cpu, uint64_t period_ns)
{
	__u64 value = period_ns;

	if (sampled_cpu_is_open(cpu) && ioctl(cpu->event_fd, PERF_EVENT_IOC_PERIOD, &value) < 0)
		return -errno;
	cpu->period_ns = period_ns;
	return 0;
}

int sampled_cpu_barrier(struct sampled_cpu *cpu, uint64_t epoch)
{
	struct tick_reading unused;

	return sampled_cpu_is_open(cpu) ? read_event(cpu, epoch, 0, &unused) : 0;
}

const struct cpu_buf *sampled_cpu_buf(const struct sampled_cpu *cpu)
{
	return &cpu->region->buf[cpu->region->active & 1];
}

void sampled_cpu_swap(struct sampled_cpu *cpu)
{
	__atomic_store_n(&cpu->region->active, cpu->region->active ^ 1, __ATOMIC_SEQ_CST);
}

const struct cpu_buf *sampled_cpu_take(struct sampled_cpu *cpu)
{
	const struct cpu_buf *buf = &cpu->region->buf[~cpu->region->active & 1];

	cpu->ticks.entries += buf->n_entries;
	cpu->ticks.idle += buf->n_idle;
	cpu->ticks.filtered += buf->n_filtered;
	cpu->ticks.records += buf->n_records;
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		cpu->ticks.lost[k] += buf->n_lost[k];
	return buf;
}

void sampled_cpu_release(struct sampled_cpu *cpu)
{
	memset(&cpu->region->buf[~cpu->region->active & 1], 0, offsetof(struct cpu_buf, records));
}
