// SPDX-License-Identifier: Apache-2.0
#include "agent/window-writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>

struct window_writer {
	struct window_writer_config config;
	int event_fd;
	pthread_t thread;
	bool is_running;

	struct store *store; /* the thread's; what it counts is copied into stats under the lock */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t added, written;
	struct finished_window waiting[WINDOW_WRITER_MAX_WAITING]; /* the first is being written */
	size_t n_waiting;
	bool is_ending;
	struct window_writer_stats stats;
};

void finished_window_done(struct finished_window *window)
{
	label_values_done(&window->labels);
	buf_done(&window->profile);
}

static int write_window(struct window_writer *w, struct finished_window *window)
{
	int e = store_write(w->store, &window->info, &window->labels, &window->profile);

	return e == 0 ? last_window_write(w->config.state_fd, &window->end) : e;
}

static void note_store(struct window_writer *w)
{
	store_counts(w->store, &w->stats.store);
	w->stats.next_sequence = store_next_sequence(w->store);
}

static void note_outcome(struct window_writer *w, const struct finished_window *window, int e)
{
	w->stats.last_error = e;
	if (e < 0) {
		w->stats.n_failed++;
	} else {
		w->stats.n_written++;
		w->stats.n_written_bytes += window->info.n_bytes;
		w->stats.n_raw_bytes += window->profile.size;
		w->stats.last_end_realtime_ns = window->end.end_realtime_ns;
	}
	note_store(w);
}

static void tell(struct window_writer *w)
{
	uint64_t one = 1;

	if (write(w->event_fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}

static void *run(void *context)
{
	struct window_writer *w = context;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct finished_window window;
		int e;

		while (w->n_waiting == 0 && !w->is_ending)
			pthread_cond_wait(&w->added, &w->lock);
		if (w->n_waiting == 0)
			break;
		window = w->waiting[0];
		pthread_mutex_unlock(&w->lock);

		e = write_window(w, &window);

		pthread_mutex_lock(&w->lock);
		note_outcome(w, &window, e);
		finished_window_done(&window);
		w->n_waiting--;
		memmove(w->waiting, w->waiting + 1, w->n_waiting * sizeof(*w->waiting));
		pthread_cond_signal(&w->written);
		tell(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct window_writer *w)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	w->is_running = e == 0;
	return -e;
}

int window_writer_new(const struct window_writer_config *config, struct window_writer **ret)
{
	_cleanup_(window_writer_freep) struct window_writer *w = calloc(1, sizeof(*w));
	int e;

	if (!w)
		return -ENOMEM;
	w->config = *config;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->added, NULL);
	pthread_cond_init(&w->written, NULL);
	w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->event_fd < 0)
		return -errno;
	e = store_open(config->state_fd, STORE_WRITE, &w->store);
	if (e < 0)
		return e;
	store_limit(w->store, config->limit_bytes);
	note_store(w);
	e = start_thread(w);
	if (e < 0)
		return e;
	*ret = take_ptr(w);
	return 0;
}

void window_writer_wait_for_room(struct window_writer *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->n_waiting == WINDOW_WRITER_MAX_WAITING)
		pthread_cond_wait(&w->written, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void window_writer_finish(struct window_writer *w)
{
	if (!w->is_running)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_ending = true;
	pthread_cond_signal(&w->added);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	w->is_running = false;
}

struct window_writer *window_writer_free(struct window_writer *w)
{
	if (!w)
		return NULL;
	window_writer_finish(w);
	pthread_cond_destroy(&w->written);
	pthread_cond_destroy(&w->added);
	pthread_mutex_destroy(&w->lock);
	close_fd(w->event_fd);
	store_free(w->store);
	free(w);
	return NULL;
}

int window_writer_add(struct window_writer *w, struct finished_window *window)
{
	int answer = 0;

	pthread_mutex_lock(&w->lock);
	if (w->n_waiting == WINDOW_WRITER_MAX_WAITING) {
		w->stats.n_refused++;
		answer = WINDOW_WRITER_BUSY;
	} else {
		w->waiting[w->n_waiting++] = *window;
		*window = (struct finished_window){};
		pthread_cond_signal(&w->added);
	}
	pthread_mutex_unlock(&w->lock);
	return answer;
}

void window_writer_stats(struct window_writer *w, struct window_writer_stats *ret)
{
	uint64_t n;

	if (read(w->event_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		n = 0;
	pthread_mutex_lock(&w->lock);
	*ret = w->stats;
	ret->n_waiting = w->n_waiting;
	pthread_mutex_unlock(&w->lock);
}

int window_writer_fd(const struct window_writer *w)
{
	return w->event_fd;
}
