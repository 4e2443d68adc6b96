/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of inlined.c; inlined-burn.c has the function that they end up in. */
#pragma once

#include <stdint.h>

struct state {
	uint32_t a, b, n;
};

uint32_t burn(uint32_t x);

static inline __attribute__((always_inline)) uint32_t rotate(uint32_t x, unsigned int n)
{
	return x << n | x >> (32 - n);
}

static inline __attribute__((always_inline)) void stir(struct state *s)
{
	s->a = rotate(s->a ^ s->b, 7) * 0x9e3779b9u;
	s->b = rotate(s->b + s->a, 13) ^ s->n;
}

static inline __attribute__((always_inline)) void stir_often(struct state *s, uint32_t n)
{
	for (s->n = 0; s->n < n; s->n++)
		stir(s);
}
