// SPDX-License-Identifier: Apache-2.0
#include "agent/tap.h"

#include <string.h>

#include "agent/resolve.h"
#include "agent/stack-table.h"
#include "common/clock.h"

struct tap {
	struct tap_config config;
	char *service, *container; /* what the configuration points to */
	struct stack_table *stacks;
	uint64_t jit_window, window_ns;
	uint64_t start_ns;
	int64_t start_realtime_ns;
	uint64_t n_left_out;
};

static int copy_text(const char *text, char **ret)
{
	if (!text || !text[0])
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static void start(struct tap *t, uint64_t start_ns, uint64_t jit_window, uint64_t window_ns)
{
	t->jit_window = jit_window;
	t->window_ns = window_ns;
	t->start_ns = start_ns;
	t->start_realtime_ns = (int64_t)(start_ns + clock_now_ns(CLOCK_REALTIME) - clock_now_ns(CLOCK_MONOTONIC));
}

int tap_new(const struct tap_config *config, uint64_t start_ns, uint64_t jit_window, uint64_t window_ns,
	    struct tap **ret)
{
	_cleanup_(tap_freep) struct tap *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	start(t, start_ns, jit_window, window_ns);
	r = copy_text(config->service, &t->service);
	if (r == 0)
		r = copy_text(config->container, &t->container);
	if (r == 0)
		r = stack_table_new(TAP_STACKS_BYTES, &t->stacks);
	if (r < 0)
		return r;
	t->config = *config;
	t->config.service = t->service;
	t->config.container = t->container;
	*ret = take_ptr(t);
	return 0;
}

struct tap *tap_free(struct tap *t)
{
	if (!t)
		return NULL;
	stack_table_free(t->stacks);
	free(t->service);
	free(t->container);
	free(t);
	return NULL;
}

int tap_restart(struct tap *t, uint64_t start_ns, uint64_t jit_window, uint64_t window_ns)
{
	struct stack_table *next;
	int r = stack_table_new(TAP_STACKS_BYTES, &next);

	if (r < 0)
		return r;
	stack_table_free(t->stacks);
	t->stacks = next;
	start(t, start_ns, jit_window, window_ns);
	t->n_left_out = 0;
	return 0;
}

int tap_add(struct tap *t, uint32_t tgid, const struct resolved *sample, uint64_t period_ns)
{
	struct stack_labels labels = sample->labels;
	int r;

	if (t->config.pid && (uint32_t)t->config.pid != tgid)
		return 0;
	if (t->config.tells_pid)
		labels.tgid = tgid;
	r = stack_table_add(t->stacks, &labels, sample->frames, sample->n_frames, period_ns);
	if (r != STACK_TABLE_FULL)
		return r;
	t->n_left_out++;
	return 0;
}

const struct tap_config *tap_config(const struct tap *t)
{
	return &t->config;
}

const struct stack_table *tap_stacks(const struct tap *t)
{
	return t->stacks;
}

uint64_t tap_jit_window(const struct tap *t)
{
	return t->jit_window;
}

uint64_t tap_window_ns(const struct tap *t)
{
	return t->window_ns;
}

uint64_t tap_start_ns(const struct tap *t)
{
	return t->start_ns;
}

int64_t tap_start_realtime_ns(const struct tap *t)
{
	return t->start_realtime_ns;
}

uint64_t tap_n_left_out(const struct tap *t)
{
	return t->n_left_out;
}
