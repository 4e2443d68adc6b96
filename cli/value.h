/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value: a number of a profile as people read it: cores where it is CPU time and the profile says how long it took,
 * else seconds, bytes, or a count.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile;
struct profile_value_type;

#define VALUE_TEXT_SIZE 32

/* CPU time a second of the window. Time that is no CPU time (waiting for locks, for instance) is no cores. */
bool value_is_cores(const struct profile *p, size_t value_type);
double value_cores(const struct profile *p, size_t value_type, int64_t value); /* 0 where it is none */

/* "12.34 s", "1.5 MiB", "1234" */
void value_format(const struct profile_value_type *type, int64_t value, char ret[static VALUE_TEXT_SIZE]);

/* Without its unit where a column has it as its heading: "0.123" cores; else as value_format(). */
void value_format_cell(const struct profile *p, size_t value_type, int64_t value, char ret[static VALUE_TEXT_SIZE]);

/* A period as a frequency: 99.0 for 10101010 ns; 0 where it is no time. */
double value_hz(const struct profile_value_type *type, int64_t period);
