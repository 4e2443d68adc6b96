// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/finisher-unwind.h"

#include <libunwind.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/finisher-module.h"
#include "symbolizer/finisher-modules.h"

#define MAX_GUESSED_FRAME_BYTES 0x10000 /* further away a frame pointer is taken for something else */
#define WORD_BYTES sizeof(unw_word_t)
#define NO_STOP -1

/* In user space and between its pages, so that it is nothing that CFI could mean: the table for one look-up. */
#define TABLE_ADDR 0x100

#if defined(__x86_64__)
#define REG_FP UNW_X86_64_RBP
#define N_REGS UNWIND_X86_64_N
#elif defined(__aarch64__)
#define REG_FP UNW_AARCH64_X29
#define N_REGS UNWIND_AARCH64_N
#endif

/* Exported by libunwind for its users with tables of their own (as perf is), but declared nowhere. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di,
					      unw_proc_info_t *pi, int need_unwind_info, void *arg);

/* A row of the table that .eh_frame_hdr has (Linux Standard Base, 10.6.2), relative to segbase. */
struct table_row {
	int32_t start, fde;
};

struct finisher_unwinder {
	unw_addr_space_t space;
	struct finisher_modules *modules;

	/* of this stack */
	struct finisher_input input;
	unw_word_t pc, regs[N_REGS]; /* where libunwind starts from */

	/* of this step */
	const struct finisher_module *module;
	uint32_t module_number;
	uint64_t bias;      /* added to the module's virtual addresses */
	int stop;           /* enum finisher_stop: why an answer was refused */
	bool is_signal;     /* the frame is a signal's: what it was called by was interrupted */
	bool is_parsing;    /* libunwind reads CFI, not the stack */
	uint64_t last_read; /* address in the stack */
	struct table_row row;
};

static const struct finisher_mapping *find_mapping(const struct finisher_unwinder *u, uint64_t pc)
{
	size_t low = 0, high = u->input.n_mappings;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->input.mappings[middle].end <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == u->input.n_mappings || pc < u->input.mappings[low].start)
		return NULL;
	return &u->input.mappings[low];
}

/* Finds what lies at pc: u->module and u->bias; false: u->stop. */
static bool enter_module(struct finisher_unwinder *u, uint64_t pc, uint64_t *ret_vaddr)
{
	const struct finisher_mapping *m = find_mapping(u, pc);
	int r;

	u->stop = FINISHER_NO_MAPPING;
	if (!m)
		return false;
	u->stop = FINISHER_JIT;
	if (m->module == FINISHER_NO_MODULE)
		return false;
	u->module_number = m->module;
	r = finisher_modules_get(u->modules, m->module, &u->module);
	u->stop = r == FINISHER_MODULES_MISSING ? FINISHER_NEEDS_MODULE : FINISHER_NO_BINARY;
	if (r != 0)
		return false;
	u->stop = FINISHER_NO_CFI;
	if (!finisher_module_vaddr(u->module, pc - m->start + m->file_offset, ret_vaddr))
		return false;
	u->bias = pc - *ret_vaddr;
	return true;
}

/*
 * libunwind searches tables like the one in .eh_frame_hdr. It is given one with a single row: the FDE that we found.
 * Every refusal is -UNW_EINVAL: at -UNW_ENOINFO it would begin to guess.
 */
static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *ret, int need_unwind_info, void *arg)
{
	struct finisher_unwinder *u = arg;
	const struct finisher_fde *fde;
	unw_dyn_info_t table = { .format = UNW_INFO_FORMAT_REMOTE_TABLE };
	uint64_t vaddr, fde_vaddr;
	int r;

	if (!enter_module(u, ip, &vaddr))
		return -UNW_EINVAL;
	fde = finisher_module_find(u->module, vaddr);
	if (!fde)
		return -UNW_EINVAL;
	u->stop = FINISHER_BAD_CFI;
	u->is_signal = fde->is_signal;
	fde_vaddr = u->module->eh_frame_vaddr + fde->offset;
	if ((int64_t)(fde_vaddr - fde->start) != (int32_t)(fde_vaddr - fde->start))
		return -UNW_EINVAL;
	u->row = (struct table_row){ .fde = (int32_t)(fde_vaddr - fde->start) };
	table.start_ip = fde->start + u->bias;
	table.end_ip = table.start_ip + fde->n_bytes;
	table.u.rti.segbase = table.start_ip;
	table.u.rti.table_data = TABLE_ADDR;
	table.u.rti.table_len = sizeof(u->row) / WORD_BYTES;
	u->is_parsing = true;
	r = UNW_OBJ(dwarf_search_unwind_table)(space, ip, &table, ret, need_unwind_info, arg);
	u->is_parsing = false;
	if (r < 0)
		return -UNW_EINVAL;
	u->stop = NO_STOP;
	return 0;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *arg)
{
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *ret, void *arg)
{
	return -UNW_ENOINFO;
}

/* libunwind reads single bytes by the words that they lie in: what of a word lies outside is 0. */
static bool read_partly(const void *bytes, size_t size, uint64_t offset, unw_word_t *ret)
{
	uint64_t skip = 0;

	*ret = 0;
	if ((int64_t)offset < 0) {
		skip = -offset;
		offset = 0;
	}
	if (skip >= WORD_BYTES || offset >= size)
		return false;
	if (size - offset > WORD_BYTES - skip)
		size = offset + WORD_BYTES - skip;
	memcpy((uint8_t *)ret + skip, (const uint8_t *)bytes + offset, size - offset);
	return true;
}

static bool is_missing(const struct stack_copy *copy, uint64_t addr)
{
	uint64_t page = addr / CPUHOUND_COPY_PAGE_BYTES - copy->start / CPUHOUND_COPY_PAGE_BYTES;

	return page < 32 && copy->missing & 1U << page;
}

static int read_stack(struct finisher_unwinder *u, uint64_t addr, unw_word_t *ret)
{
	const struct stack_copy *copy = u->input.copy;
	uint64_t offset = addr - copy->start;

	u->last_read = addr;
	if (copy->n_bytes >= WORD_BYTES && offset <= copy->n_bytes - WORD_BYTES && !is_missing(copy, addr) &&
	    !is_missing(copy, addr + WORD_BYTES - 1)) {
		memcpy(ret, u->input.bytes + offset, WORD_BYTES);
		return 0;
	}
	u->stop = addr > copy->start && copy->n_bytes == CPUHOUND_MAX_COPY_BYTES && offset >= copy->n_bytes
			  ? FINISHER_SHORT
			  : FINISHER_READ_FAULT;
	return -UNW_EINVAL;
}

/*
 * While CFI is parsed, addresses of other parts of the binary come up in it, such as the personality routine's: 0 does
 * for them.
 */
static int read_cfi(struct finisher_unwinder *u, uint64_t addr, unw_word_t *ret)
{
	if (addr - TABLE_ADDR < sizeof(u->row))
		read_partly(&u->row, sizeof(u->row), addr - TABLE_ADDR, ret);
	else
		read_partly(u->module->eh_frame, u->module->eh_frame_bytes,
			    addr - (u->module->eh_frame_vaddr + u->bias), ret);
	return 0;
}

static int access_mem(unw_addr_space_t space, unw_word_t addr, unw_word_t *value, int write, void *arg)
{
	struct finisher_unwinder *u = arg;

	if (write)
		return -UNW_EINVAL;
	if (u->is_parsing)
		return read_cfi(u, addr, value);
	/* The CFA programs themselves, and expressions in them, are read as they are run. */
	if (u->module && read_partly(u->module->eh_frame, u->module->eh_frame_bytes,
				     addr - (u->module->eh_frame_vaddr + u->bias), value))
		return 0;
	return read_stack(u, addr, value);
}

static int access_reg(unw_addr_space_t space, unw_regnum_t reg, unw_word_t *value, int write, void *arg)
{
	const struct finisher_unwinder *u = arg;

	if (write)
		return -UNW_EREADONLYREG;
	if (reg == UNW_REG_IP)
		*value = u->pc;
	else if (reg >= 0 && reg < N_REGS)
		*value = u->regs[reg];
	else
		return -UNW_EBADREG;
	return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t reg, unw_fpreg_t *value, int write, void *arg)
{
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *arg)
{
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t addr, char *ret, size_t size, unw_word_t *ret_offset,
			 void *arg)
{
	return -UNW_ENOINFO;
}

int finisher_unwinder_new(struct finisher_modules *modules, struct finisher_unwinder **ret)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = get_dyn_info_list_addr,
		.access_mem = access_mem,
		.access_reg = access_reg,
		.access_fpreg = access_fpreg,
		.resume = resume,
		.get_proc_name = get_proc_name,
	};
	_cleanup_(finisher_unwinder_freep) struct finisher_unwinder *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->modules = modules;
	u->space = unw_create_addr_space(&accessors, 0);
	if (!u->space)
		return -ENOMEM;
	/* The next copy is another process's. */
	unw_set_caching_policy(u->space, UNW_CACHE_NONE);
	*ret = take_ptr(u);
	return 0;
}

struct finisher_unwinder *finisher_unwinder_free(struct finisher_unwinder *u)
{
	if (!u)
		return NULL;
	if (u->space)
		unw_destroy_addr_space(u->space);
	free(u);
	return NULL;
}

uint32_t finisher_unwind_module(const struct finisher_unwinder *u)
{
	return u->module_number;
}

static bool start_at_caller(struct finisher_unwinder *u, unw_cursor_t *cursor, unw_word_t pc, unw_word_t sp,
			    unw_word_t fp)
{
	memset(u->regs, 0, sizeof(u->regs));
	u->regs[REG_FP] = fp;
	u->regs[UNW_REG_SP] = sp;
	u->pc = pc - 1; /* within the call: libunwind takes the first address as it is */
	return unw_init_remote(cursor, u->space, u) == 0;
}

#if defined(__x86_64__)
/*
 * The interrupted function may have no frame of its own (every library's _init begins so): its return address lies on
 * top of the stack, or below the frame pointer that it has just saved.
 */
static bool step_frameless(struct finisher_unwinder *u, unw_cursor_t *cursor, uint64_t sp)
{
	int stop = u->stop;
	unw_word_t fp, pc;

	if (unw_get_reg(cursor, REG_FP, &fp) < 0)
		return false;
	if (read_stack(u, sp, &pc) == 0 && pc == fp) {
		sp += WORD_BYTES;
		if (read_stack(u, sp, &pc) < 0)
			pc = 0;
	}
	if (u->stop != stop || !find_mapping(u, pc - 1)) {
		u->stop = stop;
		return false;
	}
	return start_at_caller(u, cursor, pc, sp + WORD_BYTES, fp);
}
#else
/* The link register of such a function may be a remnant of its last call. */
static bool step_frameless(struct finisher_unwinder *u, unw_cursor_t *cursor, uint64_t sp)
{
	return false;
}
#endif

/*
 * Leaves a frame of code without CFI by its frame pointer, if that leads to what may be a frame: *cursor starts anew
 * there. u->stop stays where it does not.
 */
static bool step_by_frame_pointer(struct finisher_unwinder *u, unw_cursor_t *cursor, uint64_t sp)
{
	int stop = u->stop;
	unw_word_t fp, next_fp, pc;

	if (unw_get_reg(cursor, REG_FP, &fp) < 0 || fp < sp || fp - sp > MAX_GUESSED_FRAME_BYTES || fp % WORD_BYTES)
		return false;
	if (read_stack(u, fp, &next_fp) < 0 || read_stack(u, fp + WORD_BYTES, &pc) < 0 || !find_mapping(u, pc - 1)) {
		u->stop = stop;
		return false;
	}
	return start_at_caller(u, cursor, pc, fp + 2 * WORD_BYTES, next_fp);
}

/* Leaves a frame of code without CFI by a guess. u->stop stays where there is none. */
static bool step_without_cfi(struct finisher_unwinder *u, unw_cursor_t *cursor, uint64_t sp, bool is_innermost)
{
	return (is_innermost && step_frameless(u, cursor, sp)) || step_by_frame_pointer(u, cursor, sp);
}

/*
 * An end that libunwind reports is the root where the CFI says that there is no return address. It also takes a lost
 * frame pointer for an end: then the return address was read all the same, last of all.
 */
static int stop_of_end(const struct finisher_unwinder *u, uint64_t cfa)
{
	return u->last_read == cfa - WORD_BYTES ? FINISHER_BAD_CFI : FINISHER_ROOT;
}

/*
 * Code without CFI is the outermost where the stack ends (ld.so's and musl's _start), and where the chain of frame
 * pointers that was followed ends in 0, as the ABI has it (Go's goroutines and threads).
 */
static bool is_outermost(const struct finisher_unwinder *u, unw_cursor_t *cursor, uint64_t sp, uint32_t flags)
{
	unw_word_t fp;

	if (u->stop == FINISHER_NO_CFI && sp == u->input.copy->stack_end)
		return true;
	return flags & FINISHER_GUESSED && unw_get_reg(cursor, REG_FP, &fp) == 0 && fp == 0;
}

/* Takes one step: NO_STOP and the caller's address, or why there is none. */
static int step(struct finisher_unwinder *u, unw_cursor_t *cursor, bool is_innermost, uint32_t *flags, uint64_t *ret_pc)
{
	unw_word_t sp = 0, next_sp = 0, pc = 0;
	int r;

	u->stop = NO_STOP;
	u->is_signal = false;
	u->last_read = 0;
	u->module = NULL;
	if (unw_get_reg(cursor, UNW_REG_SP, &sp) < 0)
		return FINISHER_BAD_CFI;
	r = unw_step(cursor);
	if (r < 0 && (u->stop == FINISHER_NO_CFI || u->stop == FINISHER_JIT)) {
		int stop = u->stop;

		if (is_outermost(u, cursor, sp, *flags))
			return FINISHER_ROOT;
		if (!step_without_cfi(u, cursor, sp, is_innermost))
			return stop;
		if (stop == FINISHER_NO_CFI)
			*flags |= FINISHER_GUESSED;
		*ret_pc = u->pc + 1;
		return NO_STOP;
	}
	if (r < 0)
		return u->stop != NO_STOP ? u->stop : FINISHER_BAD_CFI;
	if (unw_get_reg(cursor, UNW_REG_IP, &pc) < 0 || unw_get_reg(cursor, UNW_REG_SP, &next_sp) < 0)
		return FINISHER_BAD_CFI;
	if (r == 0)
		return stop_of_end(u, next_sp);
	if (pc == 0)
		return FINISHER_ROOT;
	if (next_sp <= sp && !u->is_signal)
		return FINISHER_NOT_ADVANCING;
	*ret_pc = pc + u->is_signal;
	return NO_STOP;
}

static void start(struct finisher_unwinder *u, const struct finisher_input *input)
{
	u->input = *input;
	u->pc = input->copy->pc;
	u->module = NULL;
	u->module_number = FINISHER_NO_MODULE;
	for (size_t i = 0; i < N_REGS; i++)
		u->regs[i] = input->copy->regs[i];
}

void finisher_unwind(struct finisher_unwinder *u, const struct finisher_input *input, struct finisher_reply *ret)
{
	unw_cursor_t cursor;
	int stop = NO_STOP;

	start(u, input);
	ret->flags = 0;
	ret->pcs[0] = u->pc;
	ret->n_pcs = 1;
	if (unw_init_remote(&cursor, u->space, u) < 0)
		stop = FINISHER_BAD_CFI;
	while (stop == NO_STOP) {
		uint64_t pc;

		stop = step(u, &cursor, ret->n_pcs == 1, &ret->flags, &pc);
		if (stop == NO_STOP && ret->n_pcs == CPUHOUND_MAX_USER_FRAMES)
			stop = FINISHER_DEPTH;
		if (stop == NO_STOP)
			ret->pcs[ret->n_pcs++] = pc;
	}
	if (stop == FINISHER_NEEDS_MODULE)
		ret->n_pcs = 0;
	ret->stop = (uint32_t)stop;
	ret->module = u->module_number;
}
