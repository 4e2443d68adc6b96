/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer wire: what the agent and its indexer say to each other in packets (symbolizer/packet.h) of fixed
 * layout.
 *
 * The child speaks first: a reply with INDEXER_TAG_HELLO, once its sandbox stands or has failed to. A request is
 * answered with one reply; before that the child may ask for files (symbolizer/debug-need.h), one at a time, and waits
 * for each answer. The size of a packet tells a need from a reply.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/child-process.h"
#include "symbolizer/debug-need.h"
#include "symbolizer/packet.h"

#define INDEXER_TAG_HELLO UINT64_MAX
#define INDEXER_REASON_BYTES 100
#define INDEXER_LINK_BYTES 256  /* a file name, as .gnu_debuglink has it */
#define INDEXER_MAX_NEEDS 65536 /* of one job: a split program has a file for each of its units */

enum indexer_job {
	INDEXER_IDENTIFY = 1, /* only the build id */
	INDEXER_INDEX = 2,    /* and the index file, into the second descriptor */
	INDEXER_DEBUG = 3,    /* the index file with inlined calls and lines */
	INDEXER_PERF_MAP = 4, /* the index of code that a process made, from what it tells of it */
	INDEXER_JITDUMP = 5,
	INDEXER_CONTAINER = 6,   /* struct container_facts, into the second descriptor */
	INDEXER_ENVIRONMENT = 7, /* struct environment_facts, likewise */
	INDEXER_CRI = 8,         /* struct container_facts, of what a runtime answers by CRI */
};

struct indexer_request {
	uint64_t tag; /* comes back in the reply */
	uint32_t job; /* enum indexer_job */
	uint32_t zero;
	/* Of the binary, for people, "": not told; the container's id; the names of the variables that are wanted.
	 * Foreign text. */
	char path[DEBUG_NEED_NAME_BYTES];
};

struct indexer_reply {
	uint64_t tag;
	int32_t status; /* 0 or -errno */
	uint8_t build_id_bytes;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	/* NUL-terminated printable ASCII; where status is 0: what was left out, "" if nothing was */
	char reason[INDEXER_REASON_BYTES];
	uint8_t zero[3];
	char debuglink[INDEXER_LINK_BYTES]; /* where its debug info lies; foreign text, "": not told */
};

/* A file that the child would like to have. */
struct indexer_need {
	uint64_t tag;
	uint32_t kind; /* enum debug_need_kind */
	uint32_t candidate;
	uint8_t build_id_bytes;
	uint8_t build_id[BUILD_ID_MAX_BYTES];
	uint8_t zero[3];
	char name[DEBUG_NEED_NAME_BYTES], dir[DEBUG_NEED_NAME_BYTES];
};

/* What comes of it; the descriptor rides along. */
struct indexer_given {
	int32_t status; /* 0, DEBUG_NEED_NONE or -errno */
	uint32_t zero;
	char path[DEBUG_NEED_NAME_BYTES];
};

_Static_assert(sizeof(struct indexer_request) == 16 + DEBUG_NEED_NAME_BYTES, "no holes");
_Static_assert(sizeof(struct indexer_reply) == 136 + INDEXER_LINK_BYTES, "no holes");
_Static_assert(sizeof(struct indexer_need) == 40 + 2 * DEBUG_NEED_NAME_BYTES, "no holes");
_Static_assert(sizeof(struct indexer_given) == 8 + DEBUG_NEED_NAME_BYTES, "no holes");
_Static_assert(sizeof(struct indexer_need) != sizeof(struct indexer_reply), "told apart by their size");

/* What the child says. */
struct indexer_word {
	bool is_need;
	union {
		struct indexer_reply reply;
		struct indexer_need need;
	};
};

/* 0, -errno, or enum packet_answer. */

/* out_fd -1: none, as for INDEXER_IDENTIFY. */
_must_check_ int indexer_wire_send_request(int socket, const struct indexer_request *request, int elf_fd, int out_fd);
/* Both descriptors become the caller's; ret_out_fd is -1 where none came. */
_must_check_ int indexer_wire_receive_request(int socket, struct indexer_request *ret, int *ret_elf_fd,
					      int *ret_out_fd);

_must_check_ int indexer_wire_send_reply(int socket, const struct indexer_reply *reply);
_must_check_ int indexer_wire_receive_word(int socket, struct indexer_word *ret);

_must_check_ int indexer_wire_send_need(int socket, uint64_t tag, const struct debug_need *need);
_must_check_ int indexer_wire_send_given(int socket, const struct indexer_given *given, int fd); /* -1: none */
/* The descriptor becomes the caller's; -1 where status is not 0. */
_must_check_ int indexer_wire_receive_given(int socket, struct indexer_given *ret, int *ret_fd);

static inline struct build_id indexer_reply_build_id(const struct indexer_reply *reply)
{
	struct build_id id = { .n_bytes = reply->build_id_bytes };

	memcpy(id.bytes, reply->build_id, sizeof(id.bytes));
	return id;
}

void indexer_need_get(const struct indexer_need *need, struct debug_need *ret);
