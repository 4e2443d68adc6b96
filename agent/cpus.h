/* SPDX-License-Identifier: Apache-2.0 */
/* cpus: which CPUs there are, and how long each has been idle. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

enum cpus_which {
	CPUS_ONLINE,
	CPUS_POSSIBLE, /* that the kernel has room for: they may come online */
};

/* The kernel's numbers, ascending; *ret is malloced. */
_must_check_ int cpus_read(enum cpus_which which, unsigned int **ret, size_t *ret_n);
_must_check_ int cpus_end(enum cpus_which which, size_t *ret); /* one more than the largest number */

/* Idle time since boot (idle and iowait of /proc/stat), by the kernel's CPU number; *ret is malloced. */
_must_check_ int cpus_idle_ns(uint64_t **ret, size_t *ret_n);

/* Pure: the same from the text of /proc/stat. */
_must_check_ int cpus_parse_idle_ns(const char *text, uint64_t ticks_per_s, uint64_t **ret, size_t *ret_n);
