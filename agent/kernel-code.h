/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel code: what the kernel runs, by name: its own functions, its modules', BPF programs' also when they are gone
 * again, with lines and inlined calls where this host has the debug info. Addresses leave it relative to their module:
 * a profile does not tell where the kernel lies. One thread; another reads the kernel's symbols (50 ms) until the first
 * name is asked for, and is waited for then.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/index.h"

struct binary;
struct debug_files;
struct debug_need;
struct kernel_code;
struct kernel_files_config;
struct sideband_event;
struct stack_frame;

/* proc_fd stays the caller's, and outlives the result. */
_must_check_ int kernel_code_new(int proc_fd, const struct kernel_files_config *files, struct kernel_code **ret);
struct kernel_code *kernel_code_free(struct kernel_code *k); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct kernel_code *, kernel_code_free);

/* Why no kernel function has a name; NULL: they have. */
const char *kernel_code_unnamed(struct kernel_code *k);

/* Pieces of code that came and were not kept, because too many came and went since kernel_code_expire(). */
uint64_t kernel_code_n_refused(const struct kernel_code *k);

/* News of code: SIDEBAND_KSYMBOL. */
_must_check_ int kernel_code_on_event(struct kernel_code *k, const struct sideband_event *event);

/*
 * Looks for modules that came or went, once a second at most: call it before samples are taken, and when a module may
 * have come. The second: so that the next look is one.
 */
_must_check_ int kernel_code_look(struct kernel_code *k);
void kernel_code_look_again(struct kernel_code *k);

/*
 * The frames of a sample that was taken at time_ns: kernel addresses that may mean something else later are replaced
 * by what never changes, and debug info is sought for what they lie in.
 */
_must_check_ int kernel_code_take(struct kernel_code *k, struct stack_frame *frames, size_t n, uint64_t time_ns);

/* Names its binaries by binaries_keep(). */
void kernel_code_keep(const struct kernel_code *k);

/* After binaries_dispatch(). */
_must_check_ int kernel_code_dispatch(struct kernel_code *k);
size_t kernel_code_n_waiting(const struct kernel_code *k); /* files that the indexer has no room for yet */

/*
 * Forgets what had gone before: no frame of a sample that was taken earlier may be looked up any more, and none is
 * still to come. CLOCK_BOOTTIME.
 */
_must_check_ int kernel_code_expire(struct kernel_code *k, uint64_t before_ns);

/* What the debug info of the kernel and its modules speaks of, as debug_source has it. */
int kernel_code_find_debug(const struct kernel_code *k, const struct debug_files *files, const struct binary *binary,
			   const struct debug_need *need, int *ret_fd, char *ret_path);

/*
 * As a module: code that the kernel had a name for and has none any more, of a module that came and went, or of what
 * one runs only once.
 */
#define KERNEL_CODE_GONE "kernel: gone too soon"

/* Where a frame lies, as profiles tell it. */
struct kernel_location {
	uint64_t addr;        /* relative to the module; for the kernel itself: its link address */
	const char *module;   /* "": the kernel itself */
	const char *build_id; /* hex; "": not known */
};

/*
 * The functions at a frame of kernel_code_take(), innermost first; 0: it has no name. Then *ret is written only where
 * the kernel tells of others.
 */
size_t kernel_code_lookup(struct kernel_code *k, const struct stack_frame *frame, struct kernel_location *ret,
			  struct index_frame *ret_functions, size_t max);
