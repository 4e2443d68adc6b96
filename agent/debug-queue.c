// SPDX-License-Identifier: Apache-2.0
#include "agent/debug-queue.h"

#include <utlist.h>

#include "agent/fetching.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/opener.h"
#include "symbolizer/binary.h"

struct debug_wish {
	uint32_t module;
	int fd; /* until it is handed in */
	struct binary *binary;
	struct debug_place place;
	int root_fd; /* its own one, -1: none */
	bool is_handed_in;
	bool is_refused; /* files lie in its root, and others share the binary */
	struct debug_wish *prev, *next;
};

void debug_queue_init(struct debug_queue *q)
{
	*q = (struct debug_queue){};
	debug_files_init(&q->files, DEBUG_FILES_HOST_DIR);
}

void debug_queue_attach(struct debug_queue *q, struct opener *opener)
{
	q->opener = opener;
}

static void close_info(const struct debug_wish_info *info)
{
	close_fd(info->fd);
	close_fd(info->root_fd);
}

static void drop(struct debug_queue *q, struct debug_wish *w)
{
	DL_DELETE(q->wishes, w);
	q->n--;
	close_fd(w->fd);
	close_fd(w->root_fd);
	free(w);
}

void debug_queue_done(struct debug_queue *q)
{
	while (q->wishes)
		drop(q, q->wishes);
	debug_files_done(&q->files);
}

int debug_queue_add(struct debug_queue *q, const struct debug_wish_info *info)
{
	struct debug_wish *w;

	if (q->n == DEBUG_QUEUE_MAX) {
		close_info(info);
		return -EAGAIN;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		close_info(info);
		return -ENOMEM;
	}
	w->module = info->module;
	w->fd = info->fd;
	w->root_fd = info->root_fd;
	w->place = (struct debug_place){
		.path = info->path,
		.root_fd = info->is_on_host ? q->opener->host_root_fd : info->root_fd,
		.is_on_host = info->is_on_host,
	};
	DL_APPEND(q->wishes, w);
	q->n++;
	return 0;
}

/* Its names are there: now its debug info can be asked for. Another module may have asked for it already. */
static int hand_in(struct debug_queue *q, struct debug_wish *w)
{
	int r;

	if (w->binary->debug_state != BINARY_DEBUG_UNASKED)
		return 0;
	w->is_handed_in = true;
	if (!w->binary->root && !w->place.is_on_host)
		w->place.root_fd = -1; /* others share it, who must not be told what lies in there */
	r = binaries_want_debug(q->opener->binaries, w->binary, w->place.path, take_fd(w->fd));
	return r == -ENOMEM ? r : 0;
}

static bool is_done(const struct debug_wish *w)
{
	if (!w->binary)
		return false;
	return w->binary->state != BINARY_PENDING && w->binary->debug_state != BINARY_DEBUG_PENDING;
}

/* This machine has none, now or when that was found out. */
static void fetch_if_missing(struct debug_queue *q, const struct debug_wish *w)
{
	if (q->fetching && binary_lacks_debug_info(w->binary))
		fetching_want(q->fetching, &w->binary->build_id);
}

/* The binary of a module may be known only later; NULL and not waiting: never. */
static int step(struct debug_queue *q, struct debug_wish *w)
{
	const struct module *module = modules_get(q->opener->modules, w->module);
	int r = 0;

	w->binary = module->binary;
	if (w->binary && w->binary->state == BINARY_READY && !w->is_handed_in)
		r = hand_in(q, w);
	if (is_done(w))
		fetch_if_missing(q, w);
	if (is_done(w) || (!w->binary && !module->is_waiting))
		drop(q, w);
	return r;
}

void debug_queue_keep(const struct debug_queue *q)
{
	const struct debug_wish *w;

	DL_FOREACH (q->wishes, w)
		modules_keep(q->opener->modules, w->module);
}

int debug_queue_dispatch(struct debug_queue *q)
{
	struct debug_wish *w, *next;
	int r = 0;

	DL_FOREACH_SAFE (q->wishes, w, next) {
		r = step(q, w);
		if (r < 0)
			break;
	}
	return r;
}

/* 0: the binary is that root's now; DEBUG_NEED_NONE: it cannot be. */
static int claim(struct debug_queue *q, struct debug_wish *w)
{
	struct debug_roots *roots = &q->opener->debug_roots;
	struct root_id root;
	uint32_t number;
	int r;

	if (!modules_find_root(q->opener->modules, w->binary, &root)) {
		roots->n_refused++;
		return DEBUG_NEED_NONE;
	}
	number = debug_roots_claim(roots, &root, w->root_fd);
	if (!number)
		return DEBUG_NEED_NONE;
	r = binaries_set_root(q->opener->binaries, w->binary, number);
	roots->n_refused += r == -EEXIST;
	return r == -EEXIST ? DEBUG_NEED_NONE : r;
}

/*
 * What lies in the process's root is for that root's processes alone, and where only the binary tells what it is
 * called, nobody saw it when the file was opened: so the binary becomes that root's own, unless others share it.
 */
static int claim_if_there(struct debug_queue *q, struct debug_wish *w, const struct debug_need *need)
{
	int r;

	if (w->binary->root || w->root_fd < 0 || w->is_refused || need->candidate > 0)
		return 0;
	if (!debug_files_are_in_root(&q->files, &w->place, w->root_fd, need))
		return 0;
	r = claim(q, w);
	if (r == 0)
		w->place.root_fd = w->root_fd;
	w->is_refused = r != 0;
	return r < 0 ? r : 0;
}

static int find(struct debug_queue *q, struct debug_wish *w, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	int r = claim_if_there(q, w, need);

	if (r == 0)
		r = debug_files_find(&q->files, &w->place, need, ret_fd, ret_path);
	if (r == DEBUG_NEED_NONE && q->fetching && need->kind == DEBUG_NEED_ALT)
		fetching_want(q->fetching, &need->build_id);
	return r;
}

int debug_queue_find(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
		     char *ret_path)
{
	struct debug_queue *q = context;
	struct debug_wish *w;

	DL_FOREACH (q->wishes, w) {
		if (w->is_handed_in && w->binary == binary)
			return find(q, w, need, ret_fd, ret_path);
	}
	return q->kernel ? kernel_code_find_debug(q->kernel, &q->files, binary, need, ret_fd, ret_path)
			 : DEBUG_NEED_NONE;
}
