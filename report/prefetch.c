// SPDX-License-Identifier: Apache-2.0
#include "report/prefetch.h"

#include <pthread.h>
#include <stdbool.h>

#include "pprof/profile.h"
#include "store/selection.h"
#include "store/store.h"

struct prefetch {
	struct store *store;
	struct window_cursor *cursor;
	const struct selection *selection;
	pthread_t thread;
	bool is_running; /* to be joined */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool is_ready;   /* the window below waits for the caller */
	bool is_stopped; /* the caller wants no more */
	int result;
	struct window_info window;
	struct profile *profile;
};

static int read_next(struct prefetch *p, struct window_info *ret, struct profile **ret_profile)
{
	_cleanup_(profile_freep) struct profile *profile = NULL;
	int r = window_cursor_next(p->cursor, ret);

	if (r == 0)
		r = store_load(p->store, ret, &profile);
	if (r == 0)
		r = selection_keep_samples(p->selection, profile);
	if (r == 0)
		*ret_profile = take_ptr(profile);
	return r;
}

/* Waits until there is room. Whether the caller still wants it: else the profile is not taken. */
static bool hand_over(struct prefetch *p, int result, const struct window_info *window, struct profile *profile)
{
	bool is_wanted;

	pthread_mutex_lock(&p->lock);
	while (p->is_ready && !p->is_stopped)
		pthread_cond_wait(&p->changed, &p->lock);
	is_wanted = !p->is_stopped;
	if (is_wanted) {
		p->is_ready = true;
		p->result = result;
		p->window = *window;
		p->profile = profile;
		pthread_cond_signal(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return is_wanted;
}

static void *run(void *arg)
{
	struct prefetch *p = arg;
	bool goes_on = true;

	while (goes_on) {
		struct window_info window = {};
		struct profile *profile = NULL;
		int r = read_next(p, &window, &profile);

		goes_on = hand_over(p, r, &window, profile);
		if (!goes_on)
			profile_free(profile);
		goes_on &= r >= 0 && r != STORE_END;
	}
	return NULL;
}

static void join(struct prefetch *p)
{
	if (p->is_running)
		pthread_join(p->thread, NULL);
	p->is_running = false;
}

int prefetch_new(struct store *s, struct window_cursor *c, const struct selection *selection, struct prefetch **ret)
{
	struct prefetch *p = calloc(1, sizeof(*p));
	int error;

	if (!p)
		return -ENOMEM;
	p->store = s;
	p->cursor = c;
	p->selection = selection;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	error = pthread_create(&p->thread, NULL, run, p);
	p->is_running = error == 0;
	if (error == 0)
		*ret = p;
	else
		prefetch_free(p);
	return -error;
}

struct prefetch *prefetch_free(struct prefetch *p)
{
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->is_stopped = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	join(p);
	profile_free(p->profile);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

int prefetch_next(struct prefetch *p, struct window_info *ret, struct profile **ret_profile)
{
	int r;

	if (!p->is_running)
		return STORE_END;
	pthread_mutex_lock(&p->lock);
	while (!p->is_ready)
		pthread_cond_wait(&p->changed, &p->lock);
	p->is_ready = false;
	r = p->result;
	*ret = p->window;
	*ret_profile = take_ptr(p->profile);
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (r < 0 || r == STORE_END)
		join(p);
	return r;
}
