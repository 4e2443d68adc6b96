/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel modules: which lay where, and when, as far as it can be known. No event tells of them, so /proc/modules is
 * looked at again and again, and /proc/kallsyms read again when something new is there. A module may have come and gone
 * at any time between two looks: where two of them claim an address at such a time, neither has it. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/kallsyms.h"

struct kernel_file;
struct kernel_modules;

struct kernel_module {
	char name[64]; /* MODULE_NAME_LEN is 56 */
	uint64_t start, end;
	uint64_t born_ns;               /* of CLOCK_BOOTTIME; it was not there before */
	uint64_t seen_ns, last_ns;      /* between these it surely was there */
	uint64_t gone_ns;               /* it is no more; UINT64_MAX: it is there */
	uint64_t pinned_ns;             /* the youngest time of a pin, which may be later */
	uint32_t first_look, last_look; /* that showed it */
	const struct kallsyms *names;   /* NULL: none were there any more when they were read */
	struct kallsyms *own_names;     /* the same, unless they came with everybody's */
	const struct kernel_file *file; /* the user's, who asked for it; NULL: nobody did */
	bool is_loading;
	struct kernel_module *init_of; /* this is what that one runs only once; it lies elsewhere. NULL: it is not */
	uint32_t number;               /* in pins */
};

/* The first look. proc_fd stays the caller's, and outlives the table. */
_must_check_ int kernel_modules_new(int proc_fd, struct kernel_modules **ret);
struct kernel_modules *kernel_modules_free(struct kernel_modules *k); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct kernel_modules *, kernel_modules_free);

/* Names for what the first look saw; read after it. They outlive the table. */
void kernel_modules_set_names(struct kernel_modules *k, const struct kallsyms *names);

/* Is this a kernel with modules? */
bool kernel_modules_are_told(const struct kernel_modules *k);

/*
 * It is time to look again after a second, or 20 times as long as the last look took. Early: when something
 * was there at a time of which the last look cannot tell; likewise, after a tenth of a second. What cannot be read
 * changes nothing.
 */
bool kernel_modules_is_due(const struct kernel_modules *k);
_must_check_ int kernel_modules_look(struct kernel_modules *k);
_must_check_ int kernel_modules_look_early(struct kernel_modules *k, uint64_t time_ns);
void kernel_modules_look_again(struct kernel_modules *k); /* it is time at once */

/* What lay at an address at a time; NULL: nothing, or it cannot be known. *ret_pin stands for it until
 * it is forgotten. */
struct kernel_module *kernel_modules_pin(struct kernel_modules *k, uint64_t addr, uint64_t time_ns, uint64_t *ret_pin);

/* No kernel address, and no pin of symbolizer/ksymbols.h. */
static inline bool kernel_modules_is_pin(uint64_t addr)
{
	return addr >> 62 == 1;
}

/* *ret_addr is the address that was pinned. */
struct kernel_module *kernel_modules_get(struct kernel_modules *k, uint64_t pin, uint64_t *ret_addr);

/* Modules that were not kept, because too many came and went since kernel_modules_expire(). */
uint64_t kernel_modules_n_refused(const struct kernel_modules *k);

/* Forgets what was gone before: only pins of earlier times are void. */
void kernel_modules_expire(struct kernel_modules *k, uint64_t before_ns);
