/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash: of bytes, for tables in memory: multiply and fold, eight bytes a step. Names are foreign: whoever knows the
 * seed could choose ones that all fall into one slot, so every table has one of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

_must_check_ int hash_seed(uint64_t *ret);
uint32_t hash_bytes(uint64_t seed, const void *data, size_t size);
