// SPDX-License-Identifier: Apache-2.0
#include "agent/sideband-rings.h"

#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include "agent/cpu-event.h"
#include "agent/cpus.h"
#include "common/clock.h"

/*
 * Each wake-up is an interrupt, of 7 us in a virtual machine, that whoever makes the news pays for: of the 400 that a
 * start takes. So an exec wakes by our own program, and only who sleeps; this is for what else fills a ring.
 */
#define WAKEUP_BYTES (SIDEBAND_RING_MIN_BYTES / 4)

struct ring {
	int fd;     /* -1: there is none, its CPU has not been online */
	void *base; /* a header page, then data_bytes */
	size_t data_bytes;
};

struct sideband_rings {
	int epoll_fd;       /* of the rings */
	struct ring *rings; /* of all possible CPUs, by the kernel's number */
	size_t n_rings;
};

static size_t map_bytes(size_t data_bytes)
{
	return (size_t)sysconf(_SC_PAGESIZE) + data_bytes;
}

/* As large as the limit of locked memory allows (-EPERM beyond it). */
static int map_ring(struct ring *ring)
{
	for (size_t bytes = SIDEBAND_RING_BYTES;; bytes /= 2) {
		void *base = mmap(NULL, map_bytes(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);

		if (base != MAP_FAILED) {
			ring->base = base;
			ring->data_bytes = bytes;
			return 0;
		}
		if (errno != EPERM || bytes <= SIDEBAND_RING_MIN_BYTES)
			return -errno;
	}
}

/*
 * Of a mapped file the kernel tells the inode or the build id, not both. The inode is what we need: build ids can be
 * forged, and a file can be replaced by one with the same; the indexer reads the build id.
 */
static int open_dummy(unsigned int cpu)
{
	struct perf_event_attr attr = {
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.cgroup = 1,
		.ksymbol = 1,
		.use_clockid = 1,
		.clockid = CLOCK_BOOTTIME,
		.watermark = 1, /* wakeup_events never wakes the reader of a dummy event */
		.wakeup_watermark = WAKEUP_BYTES,
	};

	return cpu_event_open(&attr, cpu);
}

static void close_ring(struct ring *ring)
{
	if (ring->base)
		munmap(ring->base, map_bytes(ring->data_bytes));
	close_fd(ring->fd);
	*ring = (struct ring){ .fd = -1 };
}

static int open_ring(struct sideband_rings *s, size_t cpu)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct ring *ring = &s->rings[cpu];
	int r;

	ring->fd = open_dummy((unsigned int)cpu);
	if (ring->fd < 0)
		return ring->fd;
	r = map_ring(ring);
	if (r == 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, ring->fd, &event) < 0)
		r = -errno;
	if (r < 0)
		close_ring(ring);
	return r;
}

/* A CPU that goes offline meanwhile needs none: nothing runs there. */
static int open_online(struct sideband_rings *s)
{
	_cleanup_free_ unsigned int *online = NULL;
	size_t n_online;
	int r;

	r = cpus_read(CPUS_ONLINE, &online, &n_online);
	for (size_t i = 0; r == 0 && i < n_online && online[i] < s->n_rings; i++) {
		r = open_ring(s, online[i]);
		if (r == -ENODEV)
			r = 0;
	}
	return r;
}

int sideband_rings_new(struct sideband_rings **ret)
{
	_cleanup_(sideband_rings_freep) struct sideband_rings *s = NULL;
	size_t n_possible;
	int r;

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		return -errno;
	r = cpus_end(CPUS_POSSIBLE, &n_possible);
	if (r < 0)
		return r;
	s->rings = calloc(n_possible, sizeof(*s->rings));
	if (!s->rings)
		return -ENOMEM;
	s->n_rings = n_possible;
	for (size_t i = 0; i < n_possible; i++)
		s->rings[i].fd = -1;
	r = open_online(s);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

struct sideband_rings *sideband_rings_free(struct sideband_rings *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < s->n_rings; i++)
		close_ring(&s->rings[i]);
	free(s->rings);
	close_fd(s->epoll_fd);
	free(s);
	return NULL;
}

int sideband_rings_reopen(struct sideband_rings *s, size_t cpu, struct sideband_queue *q)
{
	struct ring *ring = &s->rings[cpu];
	int n, r;

	n = ring->base ? sideband_ring_read(ring->base, ring->data_bytes, q) : 0;
	close_ring(ring);
	r = open_ring(s, cpu);
	if (r == -ENODEV) /* offline again */
		r = 0;
	return n < 0 ? n : r;
}

int sideband_rings_fd(const struct sideband_rings *s)
{
	return s->epoll_fd;
}

bool sideband_rings_pending(const struct sideband_rings *s)
{
	for (size_t i = 0; i < s->n_rings; i++) {
		const struct perf_event_mmap_page *page = s->rings[i].base;

		if (page && __atomic_load_n(&page->data_head, __ATOMIC_RELAXED) != page->data_tail)
			return true;
	}
	return false;
}

/* Of an event that is only disabled the kernel would still look up the name of each mapping. */
void sideband_rings_sleep(struct sideband_rings *s)
{
	for (size_t i = 0; i < s->n_rings; i++)
		close_ring(&s->rings[i]);
}

int sideband_rings_wake(struct sideband_rings *s)
{
	return open_online(s);
}

int sideband_rings_read(struct sideband_rings *s, struct sideband_queue *q, uint64_t *ret_before_ns)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	int n_records = 0;

	for (size_t i = 0; i < s->n_rings; i++) {
		int r = s->rings[i].base ? sideband_ring_read(s->rings[i].base, s->rings[i].data_bytes, q) : 0;

		if (r < 0)
			return r;
		n_records += r;
	}
	*ret_before_ns = now_ns - SIDEBAND_SETTLE_NS;
	return n_records;
}
