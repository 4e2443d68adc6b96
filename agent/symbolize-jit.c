// SPDX-License-Identifier: Apache-2.0
#include "agent/symbolize-jit.h"

#include <poll.h>
#include <time.h>

#include "agent/jit-maps.h"
#include "common/clock.h"
#include "workload/proc-snapshot.h"
#include "workload/process.h"

#define MAX_PARENTS 8 /* the table has room for them */
#define NO_HIERARCHY (-1)
#define LOOK_NS (100 * NS_PER_MS) /* between two looks at the files: code that came or moved since is told wrong */

struct symbolize_jit {
	struct processes *processes; /* borrowed */
	uint32_t tgid;
	struct jit_maps *maps;
	uint64_t looked_ns; /* CLOCK_MONOTONIC; 0: not yet */
};

/* Whose code it went on with when it was forked may tell of that. */
static int read_parents(struct processes *processes, int proc_fd, uint32_t tgid)
{
	for (size_t i = 0; i < MAX_PARENTS && proc_read_fork_parent(proc_fd, tgid, &tgid) == 0; i++) {
		int r = processes_read_one(processes, proc_fd, NO_HIERARCHY, tgid);

		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 0;
}

int symbolize_jit_new(struct processes *processes, int proc_fd, uint32_t tgid, struct symbolize_jit **ret)
{
	const struct jit_maps_config config = { .proc_fd = proc_fd, .processes = processes };
	_cleanup_(symbolize_jit_freep) struct symbolize_jit *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->processes = processes;
	s->tgid = tgid;
	r = read_parents(processes, proc_fd, tgid);
	if (r < 0)
		return r;
	r = jit_maps_new(&config, &s->maps);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

struct symbolize_jit *symbolize_jit_free(struct symbolize_jit *s)
{
	if (!s)
		return NULL;
	jit_maps_free(s->maps);
	free(s);
	return NULL;
}

static int wait(struct symbolize_jit *s)
{
	struct pollfd fd = { .fd = jit_maps_fd(s->maps), .events = POLLIN };
	int r;

	r = jit_maps_dispatch(s->maps, clock_now_ns(CLOCK_MONOTONIC), true);
	while (r == 0 && jit_maps_n_pending(s->maps)) {
		if (poll(&fd, 1, jit_maps_timeout_ms(s->maps, clock_now_ns(CLOCK_MONOTONIC))) < 0 && errno != EINTR)
			return -errno;
		r = jit_maps_dispatch(s->maps, clock_now_ns(CLOCK_MONOTONIC), true);
	}
	return r;
}

static int look(struct symbolize_jit *s)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (s->looked_ns && now_ns - s->looked_ns < LOOK_NS)
		return 0;
	jit_maps_look_again(s->maps);
	s->looked_ns = now_ns;
	return wait(s);
}

int symbolize_jit_find(struct symbolize_jit *s, uint64_t addr, struct index_frame *ret, size_t max, size_t *ret_n)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	struct process *process = processes_find(s->processes, s->tgid, 0, now_ns);
	uint32_t number = 0;
	int r;

	*ret_n = 0;
	r = process ? jit_maps_sampled(s->maps, process, now_ns, &number) : 0;
	if (r < 0 || number == 0)
		return r < 0 ? r : 0;
	r = look(s);
	if (r == 0)
		*ret_n = jit_maps_lookup(s->maps, number, addr, ret, max);
	return r;
}
