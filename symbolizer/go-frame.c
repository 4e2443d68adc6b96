// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-frame.h"

#include <elf.h>
#include <string.h>

/* Saved frame pointers lie below the return address. */
#define X86_64_FP_OFFSET (-16)

/* -- what kind of function it is -- */

/* Sorted. Before Go 1.17, which marks them, all that move the stack pointer; since then, what marks do not tell. */
static const struct known {
	const char *name;
	enum go_frame_kind kind;
} knowns[] = {
	{ "_rt0_amd64", GO_FRAME_OUTERMOST },
	{ "_rt0_amd64_linux", GO_FRAME_OUTERMOST },
	{ "_rt0_arm64_linux", GO_FRAME_OUTERMOST },
	{ "gogo", GO_FRAME_LEAVES },
	{ "runtime.asmcgocall", GO_FRAME_ASMCGOCALL },
	{ "runtime.cgoSigtramp", GO_FRAME_COMPILED }, /* marked outermost, but it returns to the signal frame */
	{ "runtime.cgocallback", GO_FRAME_MOVES_STACK },
	{ "runtime.clone", GO_FRAME_LEAVES },
	{ "runtime.goexit", GO_FRAME_OUTERMOST },
	{ "runtime.gogo", GO_FRAME_LEAVES },
	{ "runtime.mcall", GO_FRAME_LEAVES },
	{ "runtime.morestack", GO_FRAME_LEAVES },
	{ "runtime.mstart", GO_FRAME_OUTERMOST },
	{ "runtime.nanotime1", GO_FRAME_MOVES_STACK },
	{ "runtime.rt0_go", GO_FRAME_OUTERMOST },
	{ "runtime.sigreturn", GO_FRAME_SIGRETURN },
	{ "runtime.sigreturn__sigaction", GO_FRAME_SIGRETURN },
	{ "runtime.sigtramp", GO_FRAME_COMPILED }, /* as cgoSigtramp */
	{ "runtime.switchToCrashStack0", GO_FRAME_LEAVES },
	{ "runtime.systemstack", GO_FRAME_MOVES_STACK },
	{ "runtime.walltime", GO_FRAME_MOVES_STACK },
	{ "runtime.walltime1", GO_FRAME_MOVES_STACK },
	{ "time.now", GO_FRAME_MOVES_STACK },
};

static int compare_name(const void *key, const void *element)
{
	const struct gopclntab_name *name = key;
	const struct known *k = element;
	int r = strncmp(name->data, k->name, name->n_bytes);

	return r != 0 ? r : -(k->name[name->n_bytes] != 0);
}

static bool is_of_runtime(struct gopclntab_name name)
{
	static const char prefix[] = "runtime.";

	return name.n_bytes >= sizeof(prefix) - 1 && memcmp(name.data, prefix, sizeof(prefix) - 1) == 0;
}

enum go_frame_kind go_frame_kind_of(const struct gopclntab *table, const struct gopclntab_function *f)
{
	bool marked = f->flags & GOPCLNTAB_SP_WRITE, has_marks = table->version != GOPCLNTAB_1_16;
	struct gopclntab_name name;
	const struct known *k;

	if (has_marks && f->flags == 0)
		return GO_FRAME_COMPILED; /* no assembly: nearly all */
	name = gopclntab_name(table, f);
	k = bsearch(&name, knowns, ARRAY_SIZE(knowns), sizeof(*knowns), compare_name);
	if (k && has_marks && !marked && (k->kind == GO_FRAME_MOVES_STACK || k->kind == GO_FRAME_ASMCGOCALL))
		return GO_FRAME_COMPILED; /* a wrapper for the other calling convention, of the same name */
	if (k)
		return k->kind;
	if (f->flags & GOPCLNTAB_TOP_FRAME)
		return GO_FRAME_OUTERMOST;
	if (!marked)
		return GO_FRAME_COMPILED;
	return is_of_runtime(name) ? GO_FRAME_MOVES_STACK : GO_FRAME_MOVES_SP;
}

/* -- the code -- */

struct reader {
	uint16_t machine;
	const struct gopclntab *table;
	const struct gopclntab_function *function;
	const uint8_t *code;
	size_t n_bytes;
	struct go_frame *frame;
	size_t prologue_end; /* where the frame pointer is set; 0: nowhere */
};

static void cut(struct reader *r, size_t at, enum go_frame_state state, int32_t arg)
{
	struct go_frame *f = r->frame;

	if (f->n > 0 && f->cuts[f->n - 1].at > at)
		return; /* no code of Go's: a frame made behind a switch */
	if (f->n > 0 && f->cuts[f->n - 1].at == at)
		f->n--;
	if (f->n < GO_FRAME_MAX_CUTS)
		f->cuts[f->n++] = (struct go_frame_cut){ .at = at, .state = state, .arg = arg };
}

static bool is_code(const struct reader *r, size_t at, const char *bytes, size_t n)
{
	return at <= r->n_bytes && n <= r->n_bytes - at && memcmp(r->code + at, bytes, n) == 0;
}
#define IS_CODE(r, at, bytes) is_code(r, at, bytes, sizeof(bytes) - 1)

static uint32_t word_at(const struct reader *r, size_t at)
{
	uint32_t w = 0;

	if (at <= r->n_bytes && sizeof(w) <= r->n_bytes - at)
		memcpy(&w, r->code + at, sizeof(w));
	return w;
}

/*
 * An instruction OP between a register and disp(%rsp), given as the bytes up to the disp, with its ModRM for 8 bits
 * of it: its length, 0: another one.
 */
static size_t stack_operand(const struct reader *r, size_t at, uint8_t opcode, uint8_t modrm, int32_t *ret_disp)
{
	const uint8_t *c = r->code + at;
	size_t room = at < r->n_bytes ? r->n_bytes - at : 0;

	if (room < 4 || c[0] != 0x48 || c[1] != opcode || c[3] != 0x24 || (c[2] & 0x3f) != (modrm & 0x3f))
		return 0;
	switch (c[2] >> 6) {
	case 0:
		*ret_disp = 0;
		return 4;
	case 1:
		if (room < 5)
			return 0;
		*ret_disp = (int8_t)c[4];
		return 5;
	case 2:
		*ret_disp = (int32_t)word_at(r, at + 4);
		return room < 8 ? 0 : 8;
	default:
		return 0;
	}
}

#define X86_64_MOV_STORE 0x89
#define X86_64_LEA 0x8d
#define MODRM_RBP 0x6c
#define MODRM_RDI 0x7c
#define MODRM_RDX 0x54

/* From Go 1.21 on: push %rbp; mov %rsp, %rbp; the rest of the frame is below. */
static bool read_push(struct reader *r, size_t at)
{
	if (at == 0 || !IS_CODE(r, at - 1, "\x55\x48\x89\xe5"))
		return false;
	cut(r, at, GO_FRAME_SAVED, X86_64_FP_OFFSET);
	r->prologue_end = at + 3;
	return true;
}

/* Before, and where C functions call Go: the whole frame first, then mov %rbp, x(%rsp); lea x(%rsp), %rbp. */
static void read_store(struct reader *r, size_t at, int32_t delta)
{
	int32_t disp, lea_disp;
	size_t n = stack_operand(r, at, X86_64_MOV_STORE, MODRM_RBP, &disp);

	if (n == 0 || disp < 0 || disp > delta - 8)
		return;
	cut(r, at + n, GO_FRAME_SAVED, disp - delta - 8);
	if (disp != delta - 8 || stack_operand(r, at + n, X86_64_LEA, MODRM_RBP, &lea_disp) != n || lea_disp != disp)
		return;
	r->prologue_end = at + 2 * n;
}

#define AARCH64_STR_LR_PRE 0xf8000ffeU /* str x30, [sp, #-n]! */
#define AARCH64_STR_LR_PRE_MASK 0xffe00fffU
#define AARCH64_STUR_FP 0xf81f83fdU    /* stur x29, [sp, #-8] */
#define AARCH64_SUB_FP 0xd10023fdU     /* sub x29, sp, #8 */
#define AARCH64_STP_FP_LR 0xa93ffa9dU  /* stp x29, x30, [x20, #-8] */
#define AARCH64_MOV_SP_X20 0x9100029fU /* mov sp, x20 */

static void read_aarch64(struct reader *r, size_t at)
{
	if (at < 4)
		return;
	if ((word_at(r, at - 4) & AARCH64_STR_LR_PRE_MASK) == AARCH64_STR_LR_PRE && word_at(r, at) == AARCH64_STUR_FP) {
		cut(r, at + 4, GO_FRAME_SAVED, 0);
		at += 4;
	} else if (word_at(r, at - 4) == AARCH64_MOV_SP_X20 && word_at(r, at - 8) == AARCH64_STP_FP_LR) {
		cut(r, at, GO_FRAME_SAVED, 0);
	} else {
		return;
	}
	if (word_at(r, at) != AARCH64_SUB_FP)
		return;
	r->prologue_end = at + 4;
}

/* The first place with something on the stack is where the frame pointer is saved, if it is at all. */
static void read_prologue(struct reader *r)
{
	struct gopclntab_pcsp p;
	struct gopclntab_span s;

	gopclntab_pcsp_init(&p, r->table, r->function);
	do {
		if (!gopclntab_pcsp_next(&p, &s))
			return;
	} while (s.delta <= 0);
	if (r->machine == EM_AARCH64)
		read_aarch64(r, s.start);
	else if (!read_push(r, s.start))
		read_store(r, s.start, s.delta);
}

#define AARCH64_MOV_SP 0x9100001fU /* mov sp, xN */
#define AARCH64_MOV_SP_MASK 0xfffffc1fU
#define AARCH64_MOV_SP_SP 0x910003ffU /* only there for the mark that it gives */
#define AARCH64_LDUR_FP 0xf85f83fdU   /* ldur x29, [sp, #-8] */

/* mov disp(REG), %rsp, or mov REG, %rsp: the length of it, 0: another one. */
static size_t x86_64_sp_write(const struct reader *r, size_t at)
{
	static const uint8_t disp_bytes[] = { 0, 1, 4 };
	const uint8_t *c = r->code + at;
	uint8_t mode, rm;

	if (r->n_bytes - at < 3)
		return 0;
	mode = c[2] >> 6;
	rm = c[2] & 7;
	if ((c[0] == 0x48 || c[0] == 0x49) && c[1] == 0x8b && (c[2] >> 3 & 7) == 4 && mode < 3 && rm != 4 &&
	    !(mode == 0 && rm == 5))
		return 3 + (size_t)disp_bytes[mode];
	if ((c[0] == 0x48 || c[0] == 0x4c) && c[1] == 0x89 && mode == 3 && rm == 4)
		return 3;
	return 0;
}

static size_t sp_write(const struct reader *r, size_t at)
{
	if (r->machine == EM_X86_64)
		return x86_64_sp_write(r, at);
	if (at % 4 != 0 || word_at(r, at) == AARCH64_MOV_SP_SP)
		return 0;
	return (word_at(r, at) & AARCH64_MOV_SP_MASK) == AARCH64_MOV_SP ? 4 : 0;
}

/* From the first write of the stack pointer on nothing is known, or nothing left. */
static void read_until_switch(struct reader *r, enum go_frame_state behind)
{
	for (size_t at = r->prologue_end; at < r->n_bytes; at++) {
		size_t n = sp_write(r, at);

		if (n == 0)
			continue;
		cut(r, at + n, behind, 0);
		return;
	}
}

/* The first write goes to another stack, the second one back. */
static void read_frameless_moves(struct reader *r)
{
	enum go_frame_state away = r->machine == EM_X86_64 ? GO_FRAME_CALLERS_FP : GO_FRAME_LOST;
	bool is_away = false;

	for (size_t at = 0; at < r->n_bytes; at++) {
		size_t n = sp_write(r, at);

		if (n == 0)
			continue;
		is_away = !is_away;
		cut(r, at + n, is_away ? away : GO_FRAME_PLAIN, 0);
		at += n - 1;
	}
}

/*
 * What restores the frame pointer and leaves the frame where it is: mov x(%rsp), %rbp before add $n, %rsp; ldur before
 * ldr. The length of the first, and in ret of the second.
 */
static size_t restore(const struct reader *r, size_t at, size_t *ret)
{
	int32_t disp;
	size_t n;

	if (r->machine == EM_AARCH64) {
		*ret = 4;
		return at % 4 == 0 && word_at(r, at) == AARCH64_LDUR_FP ? 4 : 0;
	}
	n = stack_operand(r, at, 0x8b, MODRM_RBP, &disp);
	if (n == 0)
		return 0;
	*ret = IS_CODE(r, at + n, "\x48\x83\xc4") ? 4 : 7;
	return IS_CODE(r, at + n, "\x48\x83\xc4") || IS_CODE(r, at + n, "\x48\x81\xc4") ? n : 0;
}

/* With a frame of its own: found by the frame pointer wherever the stack pointer is, but for its last moments. */
static void read_framed_moves(struct reader *r)
{
	int32_t saved_at = r->frame->cuts[r->frame->n - 1].arg;

	cut(r, r->prologue_end, GO_FRAME_BY_FP, 0);
	for (size_t at = r->prologue_end; at < r->n_bytes; at++) {
		size_t behind, n = restore(r, at, &behind);

		if (n == 0)
			continue;
		cut(r, at + n, GO_FRAME_SAVED, saved_at);
		cut(r, at + n + behind, GO_FRAME_BY_FP, 0);
	}
}

/*
 * mov %rdi, G(%rsp); mov 8(%rdi), %rdi; sub %rdx, %rdi; mov %rdi, DEPTH(%rsp): g and how far its stack pointer is
 * below the top of its stack: the stack may be moved during the call.
 */
static size_t saved_depth(const struct reader *r, size_t at, int32_t *ret_g)
{
	size_t n = stack_operand(r, at, X86_64_MOV_STORE, MODRM_RDI, ret_g), depth_n;
	int32_t depth;

	if (n == 0 || !IS_CODE(r, at + n, "\x48\x8b\x7f\x08\x48\x29\xd7"))
		return 0;
	depth_n = stack_operand(r, at + n + 7, X86_64_MOV_STORE, MODRM_RDI, &depth);
	return depth_n != 0 && depth == *ret_g - 8 ? n + 7 + depth_n : 0;
}

/* At `at` a stack pointer is saved, restored or lost: cuts there, and returns the length of what does it. */
static size_t read_asmcgocall_step(struct reader *r, size_t at)
{
	enum go_frame_state lost = r->prologue_end ? GO_FRAME_BY_FP : GO_FRAME_LOST;
	int32_t slot = 0;
	size_t n = saved_depth(r, at, &slot);

	if (n != 0) {
		cut(r, at + n, GO_FRAME_ON_G0, slot);
	} else if ((n = stack_operand(r, at, X86_64_MOV_STORE, MODRM_RDX, &slot)) != 0) {
		cut(r, at + n, GO_FRAME_SAVED_SP, slot);
	} else if (IS_CODE(r, at, "\x48\x89\xf4")) { /* mov %rsi, %rsp */
		n = 3;
		cut(r, at + n, r->prologue_end ? GO_FRAME_BY_FP : GO_FRAME_PLAIN, 0);
	} else if (IS_CODE(r, at, "\x48\x83\xec")) { /* sub $n, %rsp */
		n = 4;
		cut(r, at + n, lost, 0);
	} else {
		n = x86_64_sp_write(r, at);
		if (n != 0)
			cut(r, at + n, lost, 0);
	}
	return n;
}

static void read_asmcgocall(struct reader *r)
{
	size_t n;

	if (r->prologue_end)
		cut(r, r->prologue_end, GO_FRAME_BY_FP, 0);
	for (size_t at = r->prologue_end; at < r->n_bytes; at += n ? n : 1)
		n = read_asmcgocall_step(r, at);
}

static void read_moves(struct reader *r)
{
	if (r->prologue_end)
		read_framed_moves(r);
	else
		read_frameless_moves(r);
}

void go_frame_read(uint16_t machine, enum go_frame_kind kind, const struct gopclntab *table,
		   const struct gopclntab_function *f, const uint8_t *code, size_t n_bytes, struct go_frame *ret)
{
	struct reader r = { machine, table, f, code, n_bytes, ret };

	ret->n = 0;
	if (kind == GO_FRAME_OUTERMOST || kind == GO_FRAME_SIGRETURN) {
		cut(&r, 0, kind == GO_FRAME_OUTERMOST ? GO_FRAME_ROOT : GO_FRAME_SIGNAL, 0);
		return;
	}
	cut(&r, 0, GO_FRAME_PLAIN, 0);
	read_prologue(&r);
	switch (kind) {
	case GO_FRAME_LEAVES:
		read_until_switch(&r, GO_FRAME_ROOT);
		break;
	case GO_FRAME_MOVES_SP:
		read_until_switch(&r, GO_FRAME_LOST);
		break;
	case GO_FRAME_MOVES_STACK:
		read_moves(&r);
		break;
	case GO_FRAME_ASMCGOCALL:
		if (machine == EM_X86_64)
			read_asmcgocall(&r);
		else
			read_until_switch(&r, GO_FRAME_LOST);
		break;
	default:
		break;
	}
}
