/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index packed: numbers of 0, 1, 2 or 4 bytes whose sizes are told before them, by codes of two bits, so that they are
 * read without a branch: a branch that depends on foreign data costs more than all else that a look-up does. What is
 * read may lie up to three bytes behind the number. Signed numbers have their sign in the lowest bit.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline unsigned int index_packed_code(uint32_t n)
{
	return n == 0 ? 0 : n < 1u << 8 ? 1 : n < 1u << 16 ? 2 : 3;
}

static inline size_t index_packed_bytes(unsigned int code)
{
	return 1u << code >> 1;
}

/* Writes the number, returns its size. */
static inline size_t index_packed_put(uint8_t *at, uint32_t n)
{
	memcpy(at, &n, sizeof(n)); /* the low bytes come first */
	return index_packed_bytes(index_packed_code(n));
}

static inline uint32_t index_packed_get(const uint8_t *at, size_t n_bytes)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return n & (uint32_t)((1ULL << 8 * n_bytes) - 1);
}

/* The difference of two numbers by the shorter way around. */
static inline uint32_t index_packed_difference(uint32_t n, uint32_t from)
{
	int32_t d = (int32_t)(n - from);

	return (uint32_t)d << 1 ^ (uint32_t)(d >> 31);
}

static inline uint32_t index_packed_add(uint32_t from, uint32_t difference)
{
	return from + (difference >> 1 ^ -(difference & 1));
}
