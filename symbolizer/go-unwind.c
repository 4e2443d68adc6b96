// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-unwind.h"

#include "symbolizer/go-binary.h"
#include "symbolizer/go-frame.h"

#define WINDOW_BYTES 65536

/* One pass over the functions; their code comes through a window that moves along with them. */
struct pass {
	const struct elffile *file;
	struct go_binary go;
	struct unwind_builder *builder;
	uint64_t window_start;
	size_t window_bytes;
	uint8_t window[WINDOW_BYTES];
};

static const uint8_t *code_at(struct pass *p, uint64_t vaddr, size_t size)
{
	if (vaddr < p->window_start || vaddr - p->window_start > p->window_bytes ||
	    size > p->window_bytes - (vaddr - p->window_start)) {
		p->window_start = vaddr;
		p->window_bytes = elffile_copy(p->file, vaddr, p->window, sizeof(p->window));
	}
	return size <= p->window_bytes - (vaddr - p->window_start) ? p->window + (vaddr - p->window_start) : NULL;
}

/* -- rules -- */

#define X86_64_R12 12 /* where syscall.rawVforkSyscall keeps its return address over the system call */

static struct unwind_rule plain_x86_64(int32_t delta)
{
	struct unwind_rule rule = {
		.cfa = UNWIND_CFA_REGISTER,
		.reg = UNWIND_X86_64_RSP,
		.cfa_offset = delta + 8,
		.ra_offset = -8,
	};

	if (delta == -8) {
		rule.ra = UNWIND_RA_REGISTER;
		rule.ra_offset = X86_64_R12;
	}
	return rule;
}

static void by_fp_x86_64(struct unwind_rule *rule)
{
	rule->cfa = UNWIND_CFA_SWITCH;
	rule->reg = UNWIND_X86_64_RBP;
	rule->cfa_offset = 16;
	rule->fp = UNWIND_FP_AT_CFA;
	rule->fp_offset = -16;
}

static void on_stack_x86_64(struct unwind_rule *rule, enum unwind_cfa cfa, int32_t delta, int32_t slot)
{
	rule->cfa = cfa;
	rule->cfa_offset = slot;
	rule->cfa_add = delta + 8;
	if (delta >= 8) {
		rule->fp = UNWIND_FP_AT_CFA;
		rule->fp_offset = -16;
	}
}

static struct unwind_rule rule_x86_64(const struct go_frame_cut *cut, int32_t delta)
{
	struct unwind_rule rule = plain_x86_64(delta);

	switch (cut->state) {
	case GO_FRAME_SAVED:
		if (delta + 8 + cut->arg < 0)
			break;
		rule.fp = UNWIND_FP_AT_CFA;
		rule.fp_offset = (int16_t)cut->arg;
		break;
	case GO_FRAME_BY_FP:
		if (delta >= 8)
			by_fp_x86_64(&rule);
		break;
	case GO_FRAME_CALLERS_FP:
		by_fp_x86_64(&rule);
		break;
	case GO_FRAME_ON_G0:
		on_stack_x86_64(&rule, UNWIND_CFA_GO_ASMCGOCALL, delta, cut->arg);
		break;
	case GO_FRAME_SAVED_SP:
		on_stack_x86_64(&rule, UNWIND_CFA_DEREF, delta, cut->arg);
		break;
	default:
		break;
	}
	return rule;
}

static struct unwind_rule rule_aarch64(const struct go_frame_cut *cut, int32_t delta)
{
	struct unwind_rule rule = {
		.cfa = UNWIND_CFA_REGISTER,
		.reg = UNWIND_AARCH64_SP,
		.cfa_offset = delta,
		.ra = UNWIND_RA_REGISTER,
		.ra_offset = UNWIND_AARCH64_LR,
	};

	if (delta == 0)
		return rule;
	if (delta < 0 || delta + 8 > -INT16_MIN)
		return (struct unwind_rule){ .cfa = UNWIND_CFA_UNENCODABLE };
	rule.ra = UNWIND_RA_AT_CFA; /* saved by the instruction that makes the frame */
	rule.ra_offset = (int16_t)-delta;
	if (cut->state == GO_FRAME_SAVED || cut->state == GO_FRAME_BY_FP) {
		rule.fp = UNWIND_FP_AT_CFA;
		rule.fp_offset = (int16_t)(-delta - 8);
	}
	if (cut->state == GO_FRAME_BY_FP) {
		rule.cfa = UNWIND_CFA_SWITCH;
		rule.reg = UNWIND_AARCH64_FP;
		rule.cfa_offset = delta + 8;
	}
	return rule;
}

static struct unwind_rule rule_at(const struct pass *p, const struct go_frame_cut *cut, int32_t delta)
{
	struct unwind_rule rule;

	if (cut->state == GO_FRAME_LOST || (delta < 0 && delta != -8))
		return (struct unwind_rule){ .cfa = UNWIND_CFA_UNENCODABLE };
	if (cut->state == GO_FRAME_SIGNAL)
		return (struct unwind_rule){ .cfa = UNWIND_CFA_SIGNAL };
	rule = p->file->ehdr.e_machine == EM_X86_64 ? rule_x86_64(cut, delta) : rule_aarch64(cut, delta);
	if (cut->state == GO_FRAME_ROOT) {
		rule.ra = UNWIND_RA_UNDEFINED;
		rule.ra_offset = 0;
	}
	return rule;
}

/* -- rows -- */

static int add_span(struct pass *p, uint64_t base, const struct go_frame *frame, const struct gopclntab_span *span)
{
	int r = 0;

	for (size_t i = 0; i < frame->n && frame->cuts[i].at < span->end && r == 0; i++) {
		const struct go_frame_cut *cut = &frame->cuts[i];
		uint64_t end = i + 1 < frame->n ? frame->cuts[i + 1].at : UINT64_MAX;
		struct unwind_rule rule;

		if (end <= span->start)
			continue;
		rule = rule_at(p, cut, span->delta);
		r = unwind_builder_add(p->builder, base + (cut->at > span->start ? cut->at : span->start), &rule);
	}
	return r;
}

static int add_rows(struct pass *p, const struct gopclntab_function *f, const struct go_frame *frame)
{
	struct gopclntab_pcsp spans;
	struct gopclntab_span span;
	int r = 0;

	gopclntab_pcsp_init(&spans, &p->go.table, f);
	while (r == 0 && gopclntab_pcsp_next(&spans, &span))
		r = add_span(p, f->start, frame, &span);
	return r;
}

static int add_function(struct pass *p, const struct gopclntab_function *f, enum go_frame_kind kind)
{
	uint64_t size = f->end - f->start;
	size_t n = size < GO_FRAME_CODE_BYTES ? size : GO_FRAME_CODE_BYTES;
	const uint8_t *code = code_at(p, f->start, n);
	struct go_frame frame;
	int r;

	if (!code)
		return 0;
	r = unwind_builder_begin(p->builder, f->start, f->end);
	if (r < 0)
		return r;
	go_frame_read(p->file->ehdr.e_machine, kind, &p->go.table, f, code, n, &frame);
	return add_rows(p, f, &frame);
}

static int add_sigreturn(struct pass *p, const struct gopclntab_function *f)
{
	const struct unwind_rule rule = { .cfa = UNWIND_CFA_SIGNAL };
	int r;

	r = unwind_builder_begin(p->builder, f->start - 1, f->end);
	return r < 0 ? r : unwind_builder_add(p->builder, f->start - 1, &rule);
}

/* A function and what is known of it; its end is settled when the next one is seen. */
struct pending {
	struct gopclntab_function function;
	enum go_frame_kind kind;
	bool is_there;
};

static int add_pending(struct pass *p, struct pending *pending)
{
	if (!pending->is_there)
		return 0;
	pending->is_there = false;
	if (pending->kind == GO_FRAME_SIGRETURN)
		return add_sigreturn(p, &pending->function);
	return add_function(p, &pending->function, pending->kind);
}

static int add_functions(struct pass *p)
{
	struct pending pending = {};
	struct gopclntab_function f;
	int r = 0;

	for (size_t i = 0; i < p->go.table.n_functions && r == 0; i++) {
		enum go_frame_kind kind;

		if (!go_binary_function(&p->go, p->file, i, &f) || f.pcsp == 0)
			continue;
		kind = go_frame_kind_of(&p->go.table, &f);
		if (kind == GO_FRAME_SIGRETURN && pending.is_there && pending.function.end == f.start)
			pending.function.end--; /* that byte is sigreturn's */
		r = add_pending(p, &pending);
		pending = (struct pending){ f, kind, true };
	}
	return r < 0 ? r : add_pending(p, &pending);
}

int go_unwind_add(const struct elffile *f, struct unwind_builder *b)
{
	_cleanup_free_ struct pass *p = NULL;
	struct go_binary go;
	int r;

	r = go_binary_open(f, &go);
	if (r != 0)
		return r < 0 ? r : 0;
	p = malloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	*p = (struct pass){ .file = f, .go = go, .builder = b };
	return add_functions(p);
}
