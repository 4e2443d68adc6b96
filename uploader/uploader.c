// SPDX-License-Identifier: Apache-2.0
#include "uploader/uploader.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/suffix.h"

#define LOOK_NS (5 * NS_PER_S) /* how long a new window may be unknown; looking costs 1.4 ms of CPU */
#define DIR_MODE 0750

struct uploader {
	struct store *store;
	struct source source;
	struct http *http;
	struct lane_world world;
	struct lane lanes[UPLOADER_MAX_TARGETS];
	size_t n_lanes;
	uint64_t look_ns; /* CLOCK_MONOTONIC */
	char fault[LANE_FAULT_BYTES];
};

static int open_folder(int dir_fd, const char *name, int *ret)
{
	if (mkdirat(dir_fd, name, DIR_MODE) == 0 && fsync(dir_fd) < 0)
		return -errno;
	*ret = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

static int add_lane(struct uploader *u, const struct upload_settings *settings, const struct upload_clock *now)
{
	struct lane *l = &u->lanes[u->n_lanes];
	int r = lane_init(l, &u->world, settings, now);

	if (r < 0) {
		lane_done(l);
		return r;
	}
	u->n_lanes++;
	return 0;
}

/* One that is not configured any more wants no windows: whoever deletes them reads all of targets/. */
static int disable(struct uploader *u, const char *name)
{
	struct queue q;
	int r;

	for (size_t i = 0; i < u->n_lanes; i++) {
		if (strcmp(u->lanes[i].queue.name, name) == 0)
			return 0;
	}
	r = queue_read(u->world.targets_fd, name, &q);
	if (r != 0 || !q.is_enabled)
		return r < 0 ? r : 0;
	q.is_enabled = false;
	return queue_write(u->world.targets_fd, &q);
}

static int disable_others(struct uploader *u)
{
	const struct dirent *entry;
	DIR *dir;
	int r = fs_open_dir(u->world.targets_fd, &dir);

	if (r < 0)
		return r;
	while (r == 0 && (entry = readdir(dir))) {
		_cleanup_free_ char *name = NULL;

		if (!has_suffix(entry->d_name, ".json"))
			continue;
		name = strndup(entry->d_name, strlen(entry->d_name) - strlen(".json"));
		r = !name ? -ENOMEM : queue_is_name(name) ? disable(u, name) : 0;
	}
	closedir(dir);
	return r;
}

static int open_world(struct uploader *u, const struct uploader_options *o)
{
	int r;

	u->world = (struct lane_world){ .targets_fd = -1, .bad_fd = -1, .host = o->host };
	u->world.source = &u->source;
	r = store_open(o->store_fd, STORE_READ, &u->store);
	if (r != 0)
		return r == STORE_NONE ? UPLOADER_NO_STORE : r;
	source_init(&u->source, u->store);
	r = open_folder(o->store_fd, "targets", &u->world.targets_fd);
	if (r == 0)
		r = open_folder(o->store_fd, "bad", &u->world.bad_fd);
	if (r == 0)
		r = http_new(&u->http);
	u->world.http = u->http;
	return r;
}

int uploader_new(const struct uploader_options *o, const struct upload_clock *now, struct uploader **ret)
{
	_cleanup_(uploader_freep) struct uploader *u = calloc(1, sizeof(*u));
	int r;

	if (!u)
		return -ENOMEM;
	if (o->n_targets > UPLOADER_MAX_TARGETS)
		return -E2BIG;
	r = open_world(u, o);
	for (size_t i = 0; r == 0 && i < o->n_targets; i++)
		r = add_lane(u, &o->targets[i], now);
	if (r == 0)
		r = disable_others(u);
	if (r == 0)
		*ret = take_ptr(u);
	return r;
}

struct uploader *uploader_free(struct uploader *u)
{
	if (!u)
		return NULL;
	for (size_t i = 0; i < u->n_lanes; i++)
		lane_done(&u->lanes[i]);
	http_free(u->http);
	if (u->store) {
		close_fd(u->world.targets_fd);
		close_fd(u->world.bad_fd);
	}
	source_done(&u->source);
	store_free(u->store);
	free(u);
	return NULL;
}

static int look(struct uploader *u, const struct upload_clock *now)
{
	uint64_t oldest;
	int r = source_oldest(&u->source, &oldest);

	for (size_t i = 0; r == 0 && i < u->n_lanes; i++)
		r = lane_note_gone(&u->lanes[i], oldest, now);
	if (r < 0)
		return r;
	source_drop_before(&u->source, oldest);
	return source_add_new(&u->source);
}

static int look_sometimes(struct uploader *u, const struct upload_clock *now)
{
	int r;

	if (now->monotonic_ns < u->look_ns)
		return 0;
	u->look_ns = now->monotonic_ns + LOOK_NS;
	u->fault[0] = 0;
	r = look(u, now);
	if (r == 0 || r == -ENOMEM)
		return r;
	snprintf(u->fault, sizeof(u->fault), "cannot read the store: %s; trying again", strerror(-r));
	return 0;
}

int uploader_dispatch(struct uploader *u, const struct upload_clock *now)
{
	int r;

	http_dispatch(u->http);
	r = look_sometimes(u, now);
	for (size_t i = 0; r == 0 && i < u->n_lanes; i++)
		r = lane_step(&u->lanes[i], now);
	return r;
}

void uploader_end(struct uploader *u)
{
	u->world.is_ending = true;
}

bool uploader_has_ended(const struct uploader *u)
{
	size_t i = 0;

	while (i < u->n_lanes && !lane_is_busy(&u->lanes[i]))
		i++;
	return u->world.is_ending && i == u->n_lanes;
}

int uploader_fd(const struct uploader *u)
{
	return http_fd(u->http);
}

int uploader_timeout_ms(const struct uploader *u, const struct upload_clock *now)
{
	uint64_t wake_ns = u->look_ns;

	for (size_t i = 0; i < u->n_lanes; i++) {
		uint64_t ns = lane_wake_ns(&u->lanes[i]);

		if (ns < wake_ns)
			wake_ns = ns;
	}
	return clock_sooner_ms(http_timeout_ms(u->http), clock_ms_until(wake_ns, now->monotonic_ns));
}

size_t uploader_n_targets(const struct uploader *u)
{
	return u->n_lanes;
}

void uploader_stats(const struct uploader *u, size_t i, struct uploader_stats *ret)
{
	const struct lane *l = &u->lanes[i];

	*ret = (struct uploader_stats){
		.name = l->queue.name,
		.kind = l->settings->kind->name,
		.state = lane_state(l),
		.last_success_ns = l->last_success_ns,
		.fault = l->fault,
		.counters = l->queue.counters,
	};
	for (size_t k = 0; k < u->source.n; k++) {
		const struct source_window *w = &u->source.windows[k];

		if (queue_has_passed(&l->queue, w->sequence))
			continue;
		ret->n_queued_windows++;
		ret->n_queued_bytes += w->disk_bytes;
		if (ret->oldest_ns == 0 || w->start_ns < ret->oldest_ns)
			ret->oldest_ns = w->start_ns;
	}
}

const char *uploader_fault(const struct uploader *u)
{
	return u->fault;
}
