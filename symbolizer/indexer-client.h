/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer client: the parent's side of the indexer: a bounded queue of files, one of them with the child at a time,
 * a watchdog over it, and a new child when one is lost. A file that took the child down is answered with a reason;
 * one whose child was killed from outside gets another try. No call here waits for the child.
 * One thread: call indexer_client_dispatch() when the descriptor is readable or the timeout has passed, then take
 * the results.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"
#include "symbolizer/indexer-wire.h"

struct indexer_client;

struct indexer_client_config {
	const char *path; /* the program to start; it and argv are borrowed for the client's life */
	char *const *argv;
	size_t max_queue;         /* files that wait; each holds a descriptor */
	uint64_t timeout_ns;      /* for one file, without the time in which the child waited for a CPU; 0: 10 s */
	uint64_t longest_ns;      /* the same with that time; 0: 120 s */
	uint64_t rss_limit_bytes; /* of anonymous memory; 0: 256 MiB */
	uint64_t idle_ns;         /* the child is let go after so long without work; 0: never */
	/* Finds a file for the job with this tag, as debug_source has it. NULL: there are none. */
	int (*find)(void *context, uint64_t tag, const struct debug_need *need, int *ret_fd, char *ret_path);
	void *find_context;
};

/* One answered request. The descriptors and the path belong to who takes it, until indexer_result_done(). */
struct indexer_result {
	uint64_t tag;
	enum indexer_job job;
	int status; /* 0 or -errno; -EFAULT: the child crashed over it */
	char reason[INDEXER_REASON_BYTES];
	struct build_id build_id;
	char debuglink[INDEXER_LINK_BYTES]; /* foreign text; "": none */
	unsigned int n_missing;             /* files that it asked for and nobody had, of those that it knows of */
	bool lacks_alt;                     /* of these, one that dwz had made */
	char *path;                         /* as it was submitted; NULL: none was */
	int elf_fd;
	int index_fd; /* sealed memory file; -1: none. Not checked yet: index_open() does */
};

_must_check_ int indexer_client_new(const struct indexer_client_config *config, struct indexer_client **ret);
struct indexer_client *indexer_client_free(struct indexer_client *c); /* ends the child; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct indexer_client *, indexer_client_free);

/*
 * Queues a file; takes elf_fd in every case. text: of the request (indexer-wire.h), a binary's path for one; it is cut;
 * NULL: none. -EAGAIN: the queue is full.
 */
_must_check_ int indexer_client_submit(struct indexer_client *c, enum indexer_job job, uint64_t tag, int elf_fd,
				       const char *text);

int indexer_client_fd(const struct indexer_client *c);
int indexer_client_timeout_ms(const struct indexer_client *c); /* -1: never */
_must_check_ int indexer_client_dispatch(struct indexer_client *c);

/* False: none is ready. */
bool indexer_client_take(struct indexer_client *c, struct indexer_result *ret);
void indexer_result_done(struct indexer_result *result); /* lets go of what was not taken out of it */

struct child_keeper_stats indexer_client_stats(const struct indexer_client *c);
pid_t indexer_client_pid(const struct indexer_client *c);         /* 0: not running */
const char *indexer_client_fault(const struct indexer_client *c); /* why the last start failed; NULL: it did not */
