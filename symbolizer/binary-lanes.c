// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary-lanes.h"

#include <sys/epoll.h>

#include "common/clock.h"
#include "symbolizer/indexer.h"

#define IDLE_NS (30 * NS_PER_S)           /* large files come in bursts, when a service starts */
#define DEBUG_TIMEOUT_NS (130 * NS_PER_S) /* its CPU time is 120 s at most: symbolizer/indexer-job.c */
#define DEBUG_LONGEST_NS (900 * NS_PER_S) /* on a busy host, where others come first */

struct binary_lanes {
	int epoll;
	struct indexer_client *clients[BINARY_N_LANES];
};

static int open_lane(struct binary_lanes *lanes, const struct binary_lanes_config *config, enum binary_lane lane)
{
	static char name[] = "cpuhound", small[] = INDEXER_COMMAND, large[] = INDEXER_PATIENT_COMMAND,
		    debug[] = INDEXER_DEBUG_COMMAND;
	static char *const argv[BINARY_N_LANES][3] = {
		[BINARY_LANE_SMALL] = { name, small },
		[BINARY_LANE_LARGE] = { name, large },
		[BINARY_LANE_DEBUG] = { name, debug },
	};
	struct indexer_client_config client = {
		.path = "/proc/self/exe",
		.argv = argv[lane],
		.max_queue = config->max_queue,
		.idle_ns = lane == BINARY_LANE_SMALL ? 0 : IDLE_NS,
	};
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	if (lane == BINARY_LANE_DEBUG) {
		client.timeout_ns = DEBUG_TIMEOUT_NS;
		client.longest_ns = DEBUG_LONGEST_NS;
		client.find = config->find_debug;
		client.find_context = config->find_context;
	}
	r = indexer_client_new(&client, &lanes->clients[lane]);
	if (r < 0)
		return r;
	return epoll_ctl(lanes->epoll, EPOLL_CTL_ADD, indexer_client_fd(lanes->clients[lane]), &event) < 0 ? -errno : 0;
}

int binary_lanes_new(const struct binary_lanes_config *config, struct binary_lanes **ret)
{
	_cleanup_(binary_lanes_freep) struct binary_lanes *lanes = calloc(1, sizeof(*lanes));
	int r = 0;

	if (!lanes)
		return -ENOMEM;
	lanes->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (lanes->epoll < 0)
		return -errno;
	for (int lane = 0; lane < BINARY_N_LANES && r == 0; lane++)
		r = open_lane(lanes, config, lane);
	if (r < 0)
		return r;
	*ret = take_ptr(lanes);
	return 0;
}

struct binary_lanes *binary_lanes_free(struct binary_lanes *lanes)
{
	if (!lanes)
		return NULL;
	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		indexer_client_free(lanes->clients[lane]);
	close_fd(lanes->epoll);
	free(lanes);
	return NULL;
}

static enum binary_lane lane_for(enum indexer_job job, uint64_t n_bytes)
{
	if (job == INDEXER_DEBUG)
		return BINARY_LANE_DEBUG;
	return n_bytes > BINARY_LARGE_BYTES ? BINARY_LANE_LARGE : BINARY_LANE_SMALL;
}

int binary_lanes_submit(struct binary_lanes *lanes, enum indexer_job job, uint64_t n_bytes, uint64_t tag, int fd,
			const char *path)
{
	return indexer_client_submit(lanes->clients[lane_for(job, n_bytes)], job, tag, fd, path);
}

int binary_lanes_fd(const struct binary_lanes *lanes)
{
	return lanes->epoll;
}

int binary_lanes_timeout_ms(const struct binary_lanes *lanes)
{
	int timeout_ms = -1;

	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		timeout_ms = clock_sooner_ms(timeout_ms, indexer_client_timeout_ms(lanes->clients[lane]));
	return timeout_ms;
}

int binary_lanes_dispatch(struct binary_lanes *lanes)
{
	int r = 0;

	for (int lane = 0; lane < BINARY_N_LANES && r == 0; lane++)
		r = indexer_client_dispatch(lanes->clients[lane]);
	return r;
}

bool binary_lanes_take(struct binary_lanes *lanes, struct indexer_result *ret)
{
	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		if (indexer_client_take(lanes->clients[lane], ret))
			return true;
	return false;
}

pid_t binary_lanes_pid(const struct binary_lanes *lanes, enum binary_lane lane)
{
	return indexer_client_pid(lanes->clients[lane]);
}

struct child_keeper_stats binary_lanes_stats(const struct binary_lanes *lanes, enum binary_lane lane)
{
	return indexer_client_stats(lanes->clients[lane]);
}

const char *binary_lanes_fault(const struct binary_lanes *lanes)
{
	const char *fault = NULL;

	for (int lane = 0; lane < BINARY_N_LANES && !fault; lane++)
		fault = indexer_client_fault(lanes->clients[lane]);
	return fault;
}
