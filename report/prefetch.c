// SPDX-License-Identifier: Apache-2.0
#include "report/prefetch.h"

#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>

#include "common/buf.h"
#include "pprof/profile.h"
#include "report/stack-facts.h"
#include "store/selection.h"
#include "store/store.h"

#define N_THREADS 2
#define N_AHEAD (N_THREADS + 1) /* one is ready, and each thread is at one */

/* What a profile of minutes takes, and its bytes, several times over. */
#define KEPT_BYTES (16 << 20)

/* A window on its way: reserved for who makes it until it is ready. */
struct place {
	bool is_ready;
	int result;
	struct window_info window;
	struct profile *profile;
	struct stack_facts *facts;
};

struct prefetch {
	pthread_t threads[N_THREADS];
	size_t n_threads; /* to be joined */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t has_room, has_ready;
	struct store *store;
	struct window_cursor *cursor;
	const struct selection *selection;
	bool wants_facts;
	struct place places[N_AHEAD];
	uint64_t n_begun, n_taken; /* in the order of the cursor */
	bool is_ended;             /* no more is begun */
};

/* With the lock. */
static void end(struct prefetch *p)
{
	p->is_ended = true;
	pthread_cond_broadcast(&p->has_room);
}

/* The next one's bytes, in a place of its own; NULL: there is none, or the caller wants no more. */
static struct place *begin_next(struct prefetch *p, struct buf *ret)
{
	struct place *place = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->is_ended && p->n_begun - p->n_taken == N_AHEAD)
		pthread_cond_wait(&p->has_room, &p->lock);
	if (!p->is_ended) {
		place = &p->places[p->n_begun++ % N_AHEAD];
		place->result = window_cursor_next(p->cursor, &place->window);
		if (place->result == 0)
			place->result = store_read_bytes(p->store, &place->window, ret);
		if (place->result < 0 || place->result == STORE_END)
			end(p);
	}
	pthread_mutex_unlock(&p->lock);
	return place;
}

static void select_samples(struct prefetch *p, struct place *place)
{
	pthread_mutex_lock(&p->lock);
	if (place->result == STORE_BAD)
		place->result = store_quarantine(p->store, &place->window);
	if (place->result == 0)
		place->result = selection_keep_samples(p->selection, place->profile);
	pthread_mutex_unlock(&p->lock);
}

static void hand_over(struct prefetch *p, struct place *place)
{
	pthread_mutex_lock(&p->lock);
	if (place->result < 0)
		end(p);
	place->is_ready = true;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_signal(&p->has_ready); /* one waits for it */
}

static bool make_next(struct prefetch *p)
{
	_cleanup_(buf_done) struct buf bytes = {};
	struct place *place = begin_next(p, &bytes);

	if (!place)
		return false;
	if (place->result == 0)
		place->result = store_decode(&bytes, &place->profile);
	select_samples(p, place);
	if (place->result == 0 && p->wants_facts)
		place->result = stack_facts_new(place->profile, &place->facts);
	hand_over(p, place);
	return true;
}

static void *run(void *arg)
{
	while (make_next(arg))
		;
	return NULL;
}

static void stop(struct prefetch *p)
{
	pthread_mutex_lock(&p->lock);
	end(p);
	pthread_mutex_unlock(&p->lock);
	for (; p->n_threads > 0; p->n_threads--)
		pthread_join(p->threads[p->n_threads - 1], NULL);
}

int prefetch_new(struct store *s, struct window_cursor *c, const struct selection *selection, bool wants_facts,
		 struct prefetch **ret)
{
	struct prefetch *p = calloc(1, sizeof(*p));
	int error = 0;

	if (!p)
		return -ENOMEM;
	p->store = s;
	p->cursor = c;
	p->selection = selection;
	p->wants_facts = wants_facts;
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->has_room, NULL);
	pthread_cond_init(&p->has_ready, NULL);
	while (error == 0 && p->n_threads < N_THREADS) {
		error = pthread_create(&p->threads[p->n_threads], NULL, run, p);
		p->n_threads += error == 0;
	}
	if (p->n_threads == 0) { /* one will do */
		prefetch_free(p);
		return -error;
	}
	*ret = p;
	return 0;
}

struct prefetch *prefetch_free(struct prefetch *p)
{
	if (!p)
		return NULL;
	stop(p);
	for (size_t i = 0; i < N_AHEAD; i++) {
		profile_free(p->places[i].profile);
		free(p->places[i].facts);
	}
	pthread_cond_destroy(&p->has_room);
	pthread_cond_destroy(&p->has_ready);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

int prefetch_next(struct prefetch *p, struct window_info *ret, struct profile **ret_profile,
		  struct stack_facts **ret_facts)
{
	struct place *place = &p->places[p->n_taken % N_AHEAD];
	int r;

	if (p->n_threads == 0)
		return STORE_END;
	pthread_mutex_lock(&p->lock);
	while (!place->is_ready)
		pthread_cond_wait(&p->has_ready, &p->lock);
	r = place->result;
	*ret = place->window;
	*ret_profile = r == 0 ? take_ptr(place->profile) : profile_free(place->profile);
	*ret_facts = take_ptr(place->facts);
	*place = (struct place){};
	p->n_taken++;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_signal(&p->has_room);
	if (r < 0 || r == STORE_END)
		stop(p);
	return r;
}
