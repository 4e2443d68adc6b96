/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse: text to numbers, whole strings only: no leading space, sign, or trailing garbage.
 * -EINVAL: not such a number; -ERANGE: does not fit.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

_must_check_ int parse_u64(const char *s, unsigned int base, uint64_t *ret); /* base 10 or 16 */

/* A duration: 10, 10s, 500ms, 5m, 1h, 7d; a bare number is seconds. */
_must_check_ int parse_duration_ns(const char *s, uint64_t *ret);

/* A time as in RFC 3339, from 1970 on: 2026-11-29T01:42:42Z, 2026-11-29T02:42:42.5+01:00; digits beyond ns are cut. */
_must_check_ int parse_rfc3339_ns(const char *s, int64_t *ret);

/* Reads one number at *p and moves *p behind it; for records of several fields. */
_must_check_ int parse_u64_at(const char **p, const char *end, unsigned int base, uint64_t *ret);

/* CPU lists as in /sys/devices/system/cpu/online ("0-3,8").
 * cpus[i] is set true for each listed i < n_cpus; a CPU beyond is -ERANGE. */
_must_check_ int parse_cpu_list(const char *s, bool *cpus, size_t n_cpus);
