// SPDX-License-Identifier: Apache-2.0
#include "agent/window-writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>

#include "agent/window-files.h"
#include "common/compress.h"

struct window_writer {
	struct window_writer_config config;
	int event_fd;
	pthread_t thread;
	bool is_running;

	struct window_files files; /* the thread's; copied into stats under the lock */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t added, written;
	struct finished_window waiting[WINDOW_WRITER_MAX_WAITING]; /* the first is being written */
	size_t n_waiting;
	bool is_ending;
	struct window_writer_stats stats;
};

static int write_window(struct window_writer *w, const struct finished_window *window, size_t *ret_n_bytes)
{
	_cleanup_(buf_done) struct buf packed = {};
	const struct window_name name = {
		.start_realtime_ns = window->start_realtime_ns,
		.host = w->config.host,
		.sequence = window->end.sequence,
	};
	int e;

	e = compress_add(COMPRESSION_ZSTD, window->profile.data, window->profile.size, &packed);
	if (e == 0)
		e = window_files_write(&w->files, &name, packed.data, packed.size);
	if (e == 0)
		e = last_window_write(w->config.state_fd, &window->end);
	*ret_n_bytes = packed.size;
	return e;
}

static void note_outcome(struct window_writer *w, const struct finished_window *window, int e, size_t n_bytes)
{
	w->stats.last_error = e;
	if (e < 0) {
		w->stats.n_failed++;
	} else {
		w->stats.n_written++;
		w->stats.n_written_bytes += n_bytes;
		w->stats.n_raw_bytes += window->profile.size;
		w->stats.last_end_realtime_ns = window->end.end_realtime_ns;
	}
	w->stats.n_files = w->files.n_files;
	w->stats.n_file_bytes = w->files.n_bytes;
	w->stats.next_sequence = w->files.next_sequence;
	w->stats.n_evicted = w->files.n_evicted;
	w->stats.n_evicted_bytes = w->files.n_evicted_bytes;
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
		size_t n_bytes = 0;
		int e;

		while (w->n_waiting == 0 && !w->is_ending)
			pthread_cond_wait(&w->added, &w->lock);
		if (w->n_waiting == 0)
			break;
		window = w->waiting[0];
		pthread_mutex_unlock(&w->lock);

		e = write_window(w, &window, &n_bytes);

		pthread_mutex_lock(&w->lock);
		note_outcome(w, &window, e, n_bytes);
		buf_done(&window.profile);
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
	e = window_files_open(config->windows_fd, config->windows_limit_bytes, &w->files);
	if (e < 0)
		return e;
	w->stats.n_files = w->files.n_files;
	w->stats.n_file_bytes = w->files.n_bytes;
	w->stats.next_sequence = w->files.next_sequence;
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
		window->profile = (struct buf){};
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
