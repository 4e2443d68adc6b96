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

#define MAKE_MOST 16 /* at once: 32 MiB; each has a descriptor meanwhile */

/*
 * state says whose turn it is: WANTED, SHOWN and UNWANTED are the thread's, all others the owner's. SHOWN is set before
 * the kernel is told: from then on the chunk may be seen at any time, of which the owner keeps note.
 */
struct slot {
	enum unwind_chunk_state state;
	bool is_seen;
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

/* Whose number is wanted, from the first one on. */
static uint32_t find_wanted(const struct unwind_chunks *c, uint32_t first, uint32_t ret[static MAKE_MOST])
{
	uint32_t n = 0;

	for (uint32_t i = first; i < UNWIND_MAX_CHUNKS && n < MAKE_MOST; i++)
		if (get_state(&c->slots[i]) == UNWIND_CHUNK_WANTED)
			ret[n++] = i;
	return n;
}

static void give_up(struct unwind_chunks *c, uint32_t number)
{
	struct slot *slot = &c->slots[number];

	if (slot->chunk)
		munmap(take_ptr(slot->chunk), sizeof(*slot->chunk));
	set_state(slot, UNWIND_CHUNK_FAILED);
}

/* All that are wanted from this number on, as far as they go at once: the kernel's wait is one. */
static void make(struct unwind_chunks *c, uint32_t first)
{
	uint32_t numbers[MAKE_MOST], n = find_wanted(c, first, numbers), n_made = 0, n_shown = 0;
	int fds[MAKE_MOST], r = 0;

	for (; n_made < n; n_made++) {
		r = unwind_maps_make_chunk(&fds[n_made], &c->slots[numbers[n_made]].chunk);
		if (r < 0)
			break;
	}
	for (uint32_t i = 0; i < n_made; i++)
		set_state(&c->slots[numbers[i]], UNWIND_CHUNK_SHOWN);
	signal_event(c->done_fd);
	if (n_made > 0)
		r = unwind_maps_show_chunks(c->maps, numbers, fds, n_made, &n_shown);
	for (uint32_t i = 0; i < n_made; i++)
		close_fd(fds[i]); /* the array and the mapping keep the chunk */
	if (n_shown < n)
		log_debug("no memory for rows (chunk %u): %s", numbers[n_shown], strerrordesc_np(-r));
	for (uint32_t i = 0; i < n_shown; i++)
		set_state(&c->slots[numbers[i]], UNWIND_CHUNK_THERE);
	for (uint32_t i = n_shown; i < n; i++)
		give_up(c, numbers[i]);
}

static void remove_chunk(struct unwind_chunks *c, uint32_t number)
{
	struct slot *slot = &c->slots[number];
	int r = unwind_maps_remove_chunk(c->maps, number, take_ptr(slot->chunk));

	if (r < 0)
		log_debug("cannot remove chunk %u: %s", number, strerrordesc_np(-r));
	set_state(slot, UNWIND_CHUNK_ABSENT);
}

static uint32_t find_first(const struct unwind_chunks *c, enum unwind_chunk_state state)
{
	uint32_t i = 0;

	while (i < UNWIND_MAX_CHUNKS && get_state(&c->slots[i]) != state)
		i++;
	return i;
}

/* Somebody waits for what is wanted, and nobody for what is not. false: there is neither. */
static bool work(struct unwind_chunks *c)
{
	uint32_t wanted = find_first(c, UNWIND_CHUNK_WANTED), unwanted = find_first(c, UNWIND_CHUNK_UNWANTED);

	if (wanted < UNWIND_MAX_CHUNKS)
		make(c, wanted);
	else if (unwanted < UNWIND_MAX_CHUNKS)
		remove_chunk(c, unwanted);
	else
		return false;
	signal_event(c->done_fd);
	return true;
}

static bool is_over(const struct unwind_chunks *c)
{
	return __atomic_load_n(&c->is_over, __ATOMIC_ACQUIRE);
}

static void *run(void *arg)
{
	struct unwind_chunks *c = arg;

	while (!is_over(c)) {
		clear_event(c->todo_fd); /* waits for one */
		while (!is_over(c) && work(c))
			;
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

enum unwind_chunk_state unwind_chunks_state(struct unwind_chunks *c, uint32_t number)
{
	struct slot *slot = &c->slots[number];
	enum unwind_chunk_state state = get_state(slot);

	if (state != UNWIND_CHUNK_SHOWN)
		return state;
	slot->is_seen = slot->is_seen || unwind_maps_shows(c->maps, number);
	return slot->is_seen ? UNWIND_CHUNK_SHOWN : UNWIND_CHUNK_WANTED;
}

struct unwind_chunk *unwind_chunks_get(struct unwind_chunks *c, uint32_t number)
{
	enum unwind_chunk_state state = unwind_chunks_state(c, number);

	assert(state == UNWIND_CHUNK_SHOWN || state == UNWIND_CHUNK_THERE);
	return c->slots[number].chunk;
}

bool unwind_chunks_are_coming(struct unwind_chunks *c)
{
	for (uint32_t i = 0; i < UNWIND_MAX_CHUNKS; i++)
		if (get_state(&c->slots[i]) == UNWIND_CHUNK_SHOWN && unwind_chunks_state(c, i) == UNWIND_CHUNK_WANTED)
			return true;
	return false;
}

void unwind_chunks_want(struct unwind_chunks *c, uint32_t number)
{
	c->slots[number].is_seen = false;
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
