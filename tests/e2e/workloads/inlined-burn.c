/* SPDX-License-Identifier: Apache-2.0 */
#include "inlined.h"

__attribute__((noinline)) uint32_t burn(uint32_t x)
{
	struct state s = { .a = x, .b = ~x };

	stir_often(&s, 10000);
	stir_often(&s, s.a & 4095);
	return s.a ^ s.b;
}
