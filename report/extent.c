// SPDX-License-Identifier: Apache-2.0
#include "report/extent.h"

#include <stdbool.h>
#include <string.h>

#include "common/clock.h"
#include "pprof/profile.h"
#include "report/source.h"
#include "store/matcher.h"
#include "store/selection.h"
#include "store/store.h"

#define HOST_COMMENT "host " /* "host NAME, Linux ...", as the agent writes it */
#define MAX_HOSTS_BYTES ((size_t)8 << 20)

int extent_init(struct extent *e)
{
	*e = (struct extent){};
	return pool_init(&e->hosts, EXTENT_MAX_HOSTS, MAX_HOSTS_BYTES);
}

void extent_done(struct extent *e)
{
	pool_done(&e->hosts);
	wall_time_done(&e->wall);
}

static int add_host(struct extent *e, const char *name, size_t size)
{
	uint32_t number;

	return pool_add(&e->hosts, name, size, &number);
}

int extent_add_file(struct extent *e, const struct source_item *item)
{
	const struct profile *p = item->profile;
	bool is_named = false;
	int r = wall_time_add(&e->wall, item->window.start_ns, item->window.duration_ns);

	for (size_t i = 0; r == 0 && i < p->n_comments; i++) {
		const char *text = p->comments[i], *host;

		if (strncmp(text, HOST_COMMENT, strlen(HOST_COMMENT)) != 0)
			continue;
		host = text + strlen(HOST_COMMENT);
		r = add_host(e, host, strcspn(host, ","));
		is_named = true;
	}
	return r == 0 && !is_named ? add_host(e, "", 0) : r;
}

static int add_window(struct extent *e, const struct window_info *window)
{
	int r = wall_time_add(&e->wall, window->start_ns, window->duration_ns);

	return r == 0 ? add_host(e, window->host, strlen(window->host)) : r;
}

/* A window that is gone meanwhile is missing from the answer as well. */
static int add_windows(struct extent *e, struct window_cursor *cursor, const struct selection *selection)
{
	int r = 0;

	while (r >= 0 && r != STORE_END) {
		struct window_info window;

		r = window_cursor_next(cursor, &window);
		for (size_t i = 0; r == 0 && i < selection->n_matchers; i++)
			if (strcmp(matcher_key(selection->matchers[i]), "host") == 0 &&
			    !matcher_takes(selection->matchers[i], window.host))
				r = STORE_GONE;
		if (r == 0)
			r = add_window(e, &window);
	}
	return r < 0 ? r : 0;
}

int extent_add_store(struct extent *e, struct store *s, const struct selection *selection)
{
	const struct selection time = { .since_ns = selection->since_ns,
					.until_ns = selection->until_ns,
					.files = selection->files };
	_cleanup_(window_cursor_freep) struct window_cursor *cursor = NULL;
	int r = store_select(s, &time, &cursor);

	return r == 0 ? add_windows(e, cursor, selection) : r;
}

size_t extent_n_hosts(const struct extent *e)
{
	return e->hosts.n;
}

double extent_seconds(struct extent *e)
{
	return (double)wall_time_sum(&e->wall).covered_ns / NS_PER_S;
}
