/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit code: the functions that a process made while it ran, in the order in which it told of them, at their absolute
 * addresses. Where two overlap, code was replaced: the later one counts, and what it leaves of the other. Written as an
 * index. Bounded; belongs to the indexer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "symbolizer/index-writer.h"

#define JIT_CODE_MAX_FUNCTIONS 1000000
#define JIT_CODE_MAX_LINES 2000000       /* 24 MB of the child's memory */
#define JIT_CODE_NAME_BYTES 512          /* longer names are cut */
#define JIT_CODE_END (UINT64_C(1) << 63) /* what lies above is the kernel's */

struct jit_function {
	uint64_t start, end;
	struct index_name name;
	uint32_t lines, n_lines; /* its part of the lines */
};

struct jit_line {
	uint32_t offset; /* from the function's start; ascending */
	uint32_t file;   /* of the strings */
	uint32_t line;
};

struct jit_code {
	struct index_writer *w;
	struct buf functions; /* struct jit_function */
	struct buf lines;     /* struct jit_line */
};

/* Positive results of jit_code_add(). */
enum jit_code_answer {
	JIT_CODE_FULL = 1,
	JIT_CODE_NONSENSE, /* no name, no bytes, or none of a process's addresses */
};

_must_check_ int jit_code_init(struct jit_code *code);
void jit_code_done(struct jit_code *code); /* half-initialised is fine */

/* Where it is found, and its lines, are the caller's to change until the next call. */
_must_check_ int jit_code_add(struct jit_code *code, uint64_t start, uint64_t size, const char *name,
			      size_t name_bytes);

static inline size_t jit_code_n(const struct jit_code *code)
{
	return code->functions.size / sizeof(struct jit_function);
}

static inline struct jit_function *jit_code_function(const struct jit_code *code, size_t i)
{
	return (struct jit_function *)(void *)code->functions.data + i;
}

/* Writes the index, from the start of fd. */
_must_check_ int jit_code_write(struct jit_code *code, int fd);
