// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-chunks.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "agent/unwind-maps.h"
#include "common/log.h"

/* state says whose turn it is: WANTED and UNWANTED are the thread's, all others the owner's. */
struct slot {
	enum unwind_chunk_state state;
	struct unwind_chunk *chunk;
};

struct unwind_chunks {
	const struct unwind_maps *maps;
	int todo_fd, done_fd; /* events for the thread, and from it */
	bool is_started, is_over;
	pthread_t thread;
	struct slot slots[UNWIND_MAX_CHUNKS];
};

static enum unwind_chunk_state get_state(const struct slot *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

static void set_state(struct slot *slot, enum unwind_chunk_state state)
{
	__atomic_store_n(&slot->state, state, __ATOMIC_RELEASE);
}

static void signal_event(int fd)
{
	static const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		log_debug("cannot signal an event: %m"); /* only where 2^64 events wait already */
}

static void clear_event(int fd)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_debug("cannot read an event: %m");
}

/* All that are wanted from this number on, as far as they go at once: the kernel's wait is one. */
static void make(struct unwind_chunks *c, uint32_t first)
{
	struct unwind_chunk *chunks[UNWIND_MAPS_ADD_MOST];
	uint32_t numbers[UNWIND_MAPS_ADD_MOST], n = 0, n_there = 0;
	int r;

	for (uint32_t i = first; i < UNWIND_MAX_CHUNKS && n < UNWIND_MAPS_ADD_MOST; i++)
		if (get_state(&c->slots[i]) == UNWIND_CHUNK_WANTED)
			numbers[n++] = i;
	r = unwind_maps_add_chunks(c->maps, numbers, n, chunks, &n_there);
	if (n_there < n)
		log_debug("no memory for rows (chunk %u): %s", numbers[n_there], strerrordesc_np(-r));
	for (uint32_t i = 0; i < n; i++) {
		struct slot *slot = &c->slots[numbers[i]];

		if (i < n_there)
			slot->chunk = chunks[i];
		set_state(slot, i < n_there ? UNWIND_CHUNK_THERE : UNWIND_CHUNK_FAILED);
	}
}

static void remove_chunk(struct unwind_chunks *c, uint32_t number)
{
	struct slot *slot = &c->slots[number];
	int r = unwind_maps_remove_chunk(c->maps, number, take_ptr(slot->chunk));

	if (r < 0)
		log_debug("cannot remove chunk %u: %s", number, strerrordesc_np(-r));
	set_state(slot, UNWIND_CHUNK_ABSENT);
}

static void *run(void *arg)
{
	struct unwind_chunks *c = arg;

	while (!__atomic_load_n(&c->is_over, __ATOMIC_ACQUIRE)) {
		clear_event(c->todo_fd); /* waits for one */
		for (uint32_t i = 0; i < UNWIND_MAX_CHUNKS && !__atomic_load_n(&c->is_over, __ATOMIC_ACQUIRE); i++) {
			enum unwind_chunk_state state = get_state(&c->slots[i]);

			if (state == UNWIND_CHUNK_WANTED)
				make(c, i);
			else if (state == UNWIND_CHUNK_UNWANTED)
				remove_chunk(c, i);
			else
				continue;
			signal_event(c->done_fd);
		}
	}
	return NULL;
}

/* Signals are for the threads that wait for them. */
static int start(struct unwind_chunks *c)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->is_started = r == 0;
	return -r;
}

int unwind_chunks_new(const struct unwind_maps *maps, struct unwind_chunks **ret)
{
	_cleanup_(unwind_chunks_freep) struct unwind_chunks *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->maps = maps;
	c->todo_fd = eventfd(0, EFD_CLOEXEC);
	c->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->todo_fd < 0 || c->done_fd < 0)
		return -errno;
	r = start(c);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

/* The maps go with their owner: nothing needs to be taken out of them here. */
struct unwind_chunks *unwind_chunks_free(struct unwind_chunks *c)
{
	if (!c)
		return NULL;
	if (c->is_started) {
		__atomic_store_n(&c->is_over, true, __ATOMIC_RELEASE);
		signal_event(c->todo_fd);
		pthread_join(c->thread, NULL);
	}
	for (size_t i = 0; i < UNWIND_MAX_CHUNKS; i++)
		if (c->slots[i].chunk)
			munmap(c->slots[i].chunk, sizeof(*c->slots[i].chunk));
	close_fd(c->todo_fd);
	close_fd(c->done_fd);
	free(c);
	return NULL;
}

int unwind_chunks_fd(const struct unwind_chunks *c)
{
	return c->done_fd;
}

void unwind_chunks_clear_event(struct unwind_chunks *c)
{
	clear_event(c->done_fd);
}

enum unwind_chunk_state unwind_chunks_state(const struct unwind_chunks *c, uint32_t number)
{
	return get_state(&c->slots[number]);
}

struct unwind_chunk *unwind_chunks_get(const struct unwind_chunks *c, uint32_t number)
{
	assert(get_state(&c->slots[number]) == UNWIND_CHUNK_THERE);
	return c->slots[number].chunk;
}

void unwind_chunks_want(struct unwind_chunks *c, uint32_t number)
{
	set_state(&c->slots[number], UNWIND_CHUNK_WANTED);
}

void unwind_chunks_make_wanted(struct unwind_chunks *c)
{
	signal_event(c->todo_fd);
}

void unwind_chunks_drop(struct unwind_chunks *c, uint32_t number)
{
	set_state(&c->slots[number], UNWIND_CHUNK_UNWANTED);
	signal_event(c->todo_fd);
}
