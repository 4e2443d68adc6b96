/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind chunks: makes and removes chunks of memory that the walker reads, in a thread of its own: the kernel takes
 * some 10 ms for either, because it waits for every program that runs. A new chunk can be used before that wait is
 * over. Everything else is for the owner's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

struct unwind_chunks;
struct unwind_maps;

enum unwind_chunk_state {
	UNWIND_CHUNK_ABSENT = 0,
	UNWIND_CHUNK_WANTED, /* being made */
	UNWIND_CHUNK_SHOWN,  /* the walker sees it, and the thread still waits for the kernel: it cannot be dropped */
	UNWIND_CHUNK_THERE,
	UNWIND_CHUNK_UNWANTED, /* being removed */
	UNWIND_CHUNK_FAILED,   /* the kernel gave no memory for it */
};

_must_check_ int unwind_chunks_new(const struct unwind_maps *maps, struct unwind_chunks **ret);
struct unwind_chunks *unwind_chunks_free(struct unwind_chunks *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwind_chunks *, unwind_chunks_free);

/* Readable when the thread has finished something, until unwind_chunks_clear_event(). */
int unwind_chunks_fd(const struct unwind_chunks *c);
void unwind_chunks_clear_event(struct unwind_chunks *c);

enum unwind_chunk_state unwind_chunks_state(struct unwind_chunks *c, uint32_t number);
struct unwind_chunk *unwind_chunks_get(struct unwind_chunks *c, uint32_t number); /* of one that is SHOWN or THERE */

/* Some are about to be shown, within a millisecond unless the thread gets no CPU; no event tells of that. */
bool unwind_chunks_are_coming(struct unwind_chunks *c);

void unwind_chunks_want(struct unwind_chunks *c, uint32_t number); /* one that is ABSENT or FAILED; then: */
void unwind_chunks_make_wanted(struct unwind_chunks *c);           /* all of them at once */
void unwind_chunks_drop(struct unwind_chunks *c, uint32_t number); /* one that is THERE: nothing refers to it */
