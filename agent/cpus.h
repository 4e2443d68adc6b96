/* SPDX-License-Identifier: Apache-2.0 */
/* cpus: which CPUs are online, and how long each has been idle. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

/* The kernel's numbers of the online CPUs, ascending; *ret is malloced. */
_must_check_ int cpus_online(unsigned int **ret, size_t *ret_n);

/* Idle time since boot (idle and iowait of /proc/stat), by the kernel's CPU number; *ret is malloced. */
_must_check_ int cpus_idle_ns(uint64_t **ret, size_t *ret_n);

/* Pure: the same from the text of /proc/stat. */
_must_check_ int cpus_parse_idle_ns(const char *text, uint64_t ticks_per_s, uint64_t **ret, size_t *ret_n);
