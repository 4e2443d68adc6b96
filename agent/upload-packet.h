/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload packet: what the agent and its uploader say to each other (symbolizer/packet.h), of fixed layout.
 *
 * The agent speaks first, and once: the host's name, and a memory file with the [target] sections as text of a
 * configuration file. The uploader says UPLOAD_HELLO when its sandbox stands or has failed to; then, now and again, how
 * each target fares, and UPLOAD_BEAT behind the last. Where the agent's side of the socket ends, the uploader begins no
 * more requests, waits UPLOAD_END_NS for those on their way, and ends.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "common/clock.h"
#include "symbolizer/packet.h"
#include "uploader/uploader.h"

#define UPLOAD_HOST_BYTES 256
#define UPLOAD_KIND_BYTES 16
#define UPLOAD_FAULT_BYTES LANE_FAULT_BYTES
#define UPLOAD_END_NS (5 * NS_PER_S) /* docs/targets.md says it, too; most answers come within one */

struct upload_order {
	char host[UPLOAD_HOST_BYTES];
};

enum upload_word_kind {
	UPLOAD_HELLO = 1, /* status: 0 or -errno; fault */
	UPLOAD_TARGET,
	UPLOAD_BEAT, /* n_targets were told; fault: of the store */
};

struct upload_target_report {
	char name[QUEUE_NAME_BYTES], kind[UPLOAD_KIND_BYTES];
	char fault[UPLOAD_FAULT_BYTES];
	enum lane_state state;
	uint64_t n_queued_windows, n_queued_bytes;
	int64_t oldest_ns, last_success_ns; /* CLOCK_REALTIME; 0: none */
	struct queue_counters counters;
};

struct upload_word {
	uint32_t kind; /* enum upload_word_kind */
	int32_t status;
	uint32_t index; /* of the target; of a beat: how many there are */
	char fault[UPLOAD_FAULT_BYTES];
	struct upload_target_report target;
};

/* All: 0, -errno, or enum packet_answer. What does not look right is -EBADMSG. */

/* The descriptor stays the caller's; what came becomes the caller's. */
_must_check_ int upload_send_order(int socket, const struct upload_order *order, int settings_fd);
_must_check_ int upload_receive_order(int socket, struct upload_order *ret, int *ret_settings_fd);

_must_check_ int upload_send_word(int socket, const struct upload_word *word);
_must_check_ int upload_receive_word(int socket, struct upload_word *ret);
