/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finisher wire: what the agent and its finisher say to each other in packets (symbolizer/packet.h).
 *
 * The child speaks first: a reply with FINISHER_TAG_HELLO, once its sandbox stands or has failed to. Then it is asked
 * for copies, one at a time. If it lacks a binary, it answers FINISHER_NEEDS_MODULE: the agent sends that, or that
 * there is none, and asks again.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"
#include "symbolizer/packet.h"

#define FINISHER_TAG_HELLO UINT64_MAX
#define FINISHER_MAX_MAPPINGS 2048 /* 64 KiB: a packet must fit into the socket */

enum finisher_kind {
	FINISHER_MODULE = 1, /* a binary, as its descriptor; none: there is none to be had */
	FINISHER_COPY,       /* finish a copy; the process's mappings follow, sorted */
};

struct finisher_request {
	uint64_t tag;    /* of the copy; comes back in the reply */
	uint32_t kind;   /* enum finisher_kind */
	uint32_t number; /* the module's, or the copy's in struct copy_area */
	uint32_t n_mappings;
	uint32_t zero;
};

#define FINISHER_NO_MODULE 0 /* anonymous memory */

/* Executable memory of the process at the time of the copy. */
struct finisher_mapping {
	uint64_t start, end, file_offset;
	uint32_t module;
	uint32_t zero;
};

/* How the stack ended. */
enum finisher_stop {
	FINISHER_ROOT = 0,
	FINISHER_SHORT,         /* more stack than was copied */
	FINISHER_READ_FAULT,    /* memory that is not in the copy, or could not be copied */
	FINISHER_NO_MAPPING,    /* an address in no code that was mapped */
	FINISHER_NO_BINARY,     /* the binary could not be had */
	FINISHER_NO_CFI,        /* code without CFI, and no frame pointer that leads on */
	FINISHER_JIT,           /* the same in anonymous memory */
	FINISHER_BAD_CFI,       /* CFI that libunwind refuses */
	FINISHER_NOT_ADVANCING, /* the next frame does not lie above this one */
	FINISHER_DEPTH,
	FINISHER_FATAL, /* it took the finisher down, or too long: the module should not be given again */
	FINISHER_LOST,  /* said by the client: the child was lost */
	FINISHER_STOP_N,
	FINISHER_NEEDS_MODULE = 100,
};

enum finisher_flag {
	FINISHER_GUESSED = 1 << 0, /* a frame was found by its frame pointer in a file's code without CFI */
};

struct finisher_reply {
	uint64_t tag;
	uint32_t stop;                   /* enum finisher_stop */
	uint32_t module;                 /* that is needed, or was at fault */
	uint32_t flags;                  /* enum finisher_flag */
	uint32_t n_pcs;                  /* innermost first; what is kept of each frame is as in bpf/walk.bpf.h */
	int32_t status;                  /* of a hello: 0 or -errno */
	char reason[CHILD_REASON_BYTES]; /* of a hello: NUL-terminated printable ASCII */
	uint64_t pcs[CPUHOUND_MAX_USER_FRAMES]; /* as many as there are are sent */
};

_Static_assert(sizeof(struct finisher_request) == 24, "no holes");
_Static_assert(sizeof(struct finisher_mapping) == 32, "no holes");
_Static_assert(offsetof(struct finisher_reply, pcs) == 128, "no holes");

/* All: 0, -errno, or enum packet_answer. */

/* fd -1: there is no such binary. It stays the caller's. */
_must_check_ int finisher_wire_send_module(int socket, uint64_t tag, uint32_t module, int fd);
_must_check_ int finisher_wire_send_copy(int socket, uint64_t tag, uint32_t copy,
					 const struct finisher_mapping *mappings, size_t n_mappings);
/* *ret_fd becomes the caller's; -1: none came. */
_must_check_ int finisher_wire_receive_request(int socket, struct finisher_request *ret,
					       struct finisher_mapping ret_mappings[static FINISHER_MAX_MAPPINGS],
					       int *ret_fd);

_must_check_ int finisher_wire_send_reply(int socket, const struct finisher_reply *reply);
_must_check_ int finisher_wire_receive_reply(int socket, struct finisher_reply *ret);
