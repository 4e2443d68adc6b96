/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cfi expression: the DWARF expressions that a rule can hold, found by computing with names instead of values: a
 * register plus a number, or what lies there plus a number; and the one that linkers write for the PLT of x86-64.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* deref ? *(reg + offset) + add : reg + offset */
struct cfi_form {
	uint64_t reg;
	int32_t offset, add;
	bool deref;
};

/* false: it says something else. */
bool cfi_expression_form(const uint8_t *expression, size_t size, struct cfi_form *ret);

/* sp + 8 + ((pc & 15) >= limit ? 8 : 0); false: it is another. */
bool cfi_expression_plt(const uint8_t *expression, size_t size, int32_t *ret_limit);
