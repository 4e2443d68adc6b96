// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/cfi-expression.h"

#include <dwarf.h>

#include "symbolizer/cfi-reader.h"

/* Ours have up to 7; a program can refer to one expression in every row. */
#define MAX_BYTES 32

/* The first operation: a register. */
static bool read_register(struct byte_reader *r, struct cfi_form *form)
{
	uint8_t op = bytes_u8(r);
	int64_t offset;

	if (op >= DW_OP_breg0 && op <= DW_OP_breg31)
		form->reg = op - DW_OP_breg0;
	else if (op == DW_OP_bregx)
		form->reg = bytes_uleb(r);
	else
		return false;
	offset = bytes_sleb(r);
	form->offset = (int32_t)offset;
	return !r->failed && form->offset == offset;
}

/* The number that an operation pushes; false: it does something else. */
static bool read_constant(struct byte_reader *r, uint8_t op, int64_t *ret)
{
	if (op >= DW_OP_lit0 && op <= DW_OP_lit31)
		*ret = op - DW_OP_lit0;
	else if (op == DW_OP_constu)
		*ret = (int64_t)bytes_uleb(r);
	else if (op == DW_OP_consts)
		*ret = bytes_sleb(r);
	else if (op >= DW_OP_const1u && op <= DW_OP_const8s && (op - DW_OP_const1u) % 2 == 0)
		*ret = (int64_t)bytes_fixed(r, 1U << (op - DW_OP_const1u) / 2);
	else if (op >= DW_OP_const1u && op <= DW_OP_const8s)
		*ret = bytes_signed(r, 1U << (op - DW_OP_const1u) / 2);
	else
		return false;
	return !r->failed;
}

static bool add(struct cfi_form *form, int64_t n)
{
	int32_t *to = form->deref ? &form->add : &form->offset;

	return !__builtin_add_overflow(*to, n, to);
}

/* A constant, and then plus or minus. */
static bool add_constant(struct byte_reader *r, uint8_t op, struct cfi_form *form)
{
	int64_t n;

	if (!read_constant(r, op, &n))
		return false;
	switch (bytes_u8(r)) {
	case DW_OP_plus:
		return add(form, n);
	case DW_OP_minus:
		return n != INT64_MIN && add(form, -n);
	default:
		return false;
	}
}

static bool apply(struct byte_reader *r, uint8_t op, struct cfi_form *form)
{
	switch (op) {
	case DW_OP_nop:
		return true;
	case DW_OP_deref:
		if (form->deref)
			return false;
		form->deref = true;
		return true;
	case DW_OP_plus_uconst: {
		uint64_t n = bytes_uleb(r);

		return n <= INT32_MAX && add(form, (int64_t)n);
	}
	default:
		return add_constant(r, op, form);
	}
}

bool cfi_expression_form(const uint8_t *expression, size_t size, struct cfi_form *ret)
{
	struct byte_reader r = byte_reader_of(expression, size);
	struct cfi_form form = {};

	if (size > MAX_BYTES || !read_register(&r, &form))
		return false;
	while (bytes_left(&r) > 0) {
		if (!apply(&r, bytes_u8(&r), &form))
			return false;
	}
	if (r.failed)
		return false;
	*ret = form;
	return true;
}

bool cfi_expression_plt(const uint8_t *expression, size_t size, int32_t *ret_limit)
{
	static const uint8_t before[] = { DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and };
	static const uint8_t behind[] = { DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	uint8_t limit;

	if (size != sizeof(before) + 1 + sizeof(behind))
		return false;
	if (memcmp(expression, before, sizeof(before)) != 0 ||
	    memcmp(expression + sizeof(before) + 1, behind, sizeof(behind)) != 0)
		return false;
	limit = expression[sizeof(before)];
	if (limit < DW_OP_lit0 || limit > DW_OP_lit15)
		return false;
	*ret_limit = limit - DW_OP_lit0;
	return true;
}
