/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pclntab bytes: a gopclntab of four functions, written out by hand for each version of the format. Offsets in the
 * text: main.f at 0 and runtime.goexit1 at 16, with a frame of 24 from their 4th byte to their 12th, runtime.goexit at
 * 32 without one, a C function at 48 without name and pcsp; the text ends at 64.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PCLNTAB_BYTES 512
#define PCLNTAB_N_FUNCTIONS 4
#define PCLNTAB_NAMES 128
#define PCLNTAB_CUS 168
#define PCLNTAB_FILES 176
#define PCLNTAB_PCS 192
#define PCLNTAB_FUNCTIONS 256
#define PCLNTAB_FIRST_FUNC 336

struct pclntab_bytes {
	uint8_t all[PCLNTAB_BYTES];
};

static inline void pclntab_put32(struct pclntab_bytes *b, size_t at, uint32_t v)
{
	memcpy(b->all + at, &v, sizeof(v));
}

static inline void pclntab_put64(struct pclntab_bytes *b, size_t at, uint64_t v)
{
	memcpy(b->all + at, &v, sizeof(v));
}

static inline void pclntab_put_header(struct pclntab_bytes *b, uint32_t magic, uint64_t text_start)
{
	size_t at = 24;

	pclntab_put32(b, 0, magic);
	b->all[6] = 1; /* quantum */
	b->all[7] = 8;
	pclntab_put64(b, 8, PCLNTAB_N_FUNCTIONS);
	if (magic != 0xfffffffa) {
		pclntab_put64(b, at, text_start);
		at += 8;
	}
	pclntab_put64(b, at, PCLNTAB_NAMES);
	pclntab_put64(b, at + 8, PCLNTAB_CUS);
	pclntab_put64(b, at + 16, PCLNTAB_FILES);
	pclntab_put64(b, at + 24, PCLNTAB_PCS);
	pclntab_put64(b, at + 32, PCLNTAB_FUNCTIONS);
}

/* The i-th pair of the function table: entry and where its func is. */
static inline void pclntab_put_entry(struct pclntab_bytes *b, uint32_t magic, size_t i, uint64_t entry, uint64_t func)
{
	if (magic == 0xfffffffa) {
		pclntab_put64(b, PCLNTAB_FUNCTIONS + 16 * i, entry);
		if (i < PCLNTAB_N_FUNCTIONS)
			pclntab_put64(b, PCLNTAB_FUNCTIONS + 16 * i + 8, func);
	} else {
		pclntab_put32(b, PCLNTAB_FUNCTIONS + 8 * i, (uint32_t)entry);
		pclntab_put32(b, PCLNTAB_FUNCTIONS + 8 * i + 4, (uint32_t)func);
	}
}

static inline void pclntab_put_function(struct pclntab_bytes *b, uint32_t magic, size_t i, uint64_t entry,
					uint32_t name, uint32_t pcsp, uint8_t flags)
{
	size_t func = PCLNTAB_FIRST_FUNC + 44 * i, at_name = magic == 0xfffffffa ? 8 : 4;

	pclntab_put_entry(b, magic, i, entry, func - PCLNTAB_FUNCTIONS);
	pclntab_put32(b, func + at_name, name);
	pclntab_put32(b, func + at_name + 12, pcsp);
	b->all[func + (magic == 0xfffffff0 ? 37 : 41)] = flags;
}

/* text_start: what offsets count from; a table of Go 1.16 has addresses in their place. */
static inline void pclntab_bytes_init(struct pclntab_bytes *b, uint32_t magic, uint64_t text_start)
{
	static const char names[] = "\0main.f\0runtime.goexit\0runtime.goexit1";
	/* 0 for 4 bytes, 24 for 8, 0 for 4; at 10: 0 for 16 */
	static const uint8_t pcs[] = { 0, 2, 4, 48, 8, 47, 4, 0, 0, 0, 2, 16, 0 };
	uint64_t base = magic == 0xfffffffa ? text_start : 0;

	memset(b, 0, sizeof(*b));
	pclntab_put_header(b, magic, text_start);
	memcpy(b->all + PCLNTAB_NAMES, names, sizeof(names));
	memcpy(b->all + PCLNTAB_PCS, pcs, sizeof(pcs));
	pclntab_put_function(b, magic, 0, base, 1, 1, 0);
	pclntab_put_function(b, magic, 1, base + 16, 23, 1, 0);
	pclntab_put_function(b, magic, 2, base + 32, 8, 10, 1);
	pclntab_put_function(b, magic, 3, base + 48, 0, 0, 0);
	pclntab_put_entry(b, magic, PCLNTAB_N_FUNCTIONS, base + 64, 0);
}

/* The code that belongs to it: 64 bytes. push %rbp; mov %rsp, %rbp are where a frame of Go 1.21 begins. */
static inline void pclntab_bytes_text(uint8_t *text)
{
	static const uint8_t prologue[] = { 0x90, 0x90, 0x90, 0x55, 0x48, 0x89, 0xe5 };
	static const uint8_t goexit[] = { 0x90, 0xe8, 0xea, 0xff, 0xff, 0xff, 0x90 }; /* calls what lies 16 before it */

	memset(text, 0xc3, 64);
	memcpy(text, prologue, sizeof(prologue));
	memcpy(text + 16, prologue, sizeof(prologue));
	memcpy(text + 32, goexit, sizeof(goexit));
}

/*
 * The same with lines and inlined calls: main.f is a.go:10 for 4 bytes, then a.go:11 up to its 8th byte and b.go:11 up
 * to its end. From 4 to 12 is what runtime.goexit, called at 2, became; from 8 to 12 in it runtime.goexit1, called
 * at 4.
 */
#define PCLNTAB_TREE_OFFSET 8
#define PCLNTAB_PCFILE 16
#define PCLNTAB_PCLN 24
#define PCLNTAB_CALLS 32

struct pclntab_program {
	struct pclntab_bytes table;
	uint32_t func[24]; /* of main.f */
	uint8_t tree[48];
	uint64_t module[64];
};

static inline void pclntab_put_call(struct pclntab_program *p, uint32_t magic, size_t i, uint32_t name, uint32_t pc,
				    uint32_t start_line)
{
	const bool is_new = magic == 0xfffffff1;
	uint8_t *entry = p->tree + i * (is_new ? 16 : 20);

	memcpy(entry + (is_new ? 4 : 12), &name, sizeof(name));
	memcpy(entry + (is_new ? 8 : 16), &pc, sizeof(pc));
	if (is_new)
		memcpy(entry + 12, &start_line, sizeof(start_line));
}

static inline void pclntab_put_sources(struct pclntab_program *p, uint32_t magic)
{
	static const uint32_t cus[] = { 0, 5 };
	static const uint8_t pcfile[] = { 2, 8, 2, 8, 0 }, pcln[] = { 22, 4, 2, 12, 0 };
	static const uint8_t calls[] = { 0, 4, 2, 4, 2, 4, 3, 4, 0 };
	uint8_t *pcs = p->table.all + PCLNTAB_PCS;

	memcpy(p->table.all + PCLNTAB_CUS, cus, sizeof(cus));
	memcpy(p->table.all + PCLNTAB_FILES, "a.go\0b.go", 10);
	memcpy(pcs + PCLNTAB_PCFILE, pcfile, sizeof(pcfile));
	memcpy(pcs + PCLNTAB_PCLN, pcln, sizeof(pcln));
	memcpy(pcs + PCLNTAB_CALLS, calls, sizeof(calls));
	pclntab_put_call(p, magic, 0, 8, 2, 70);
	pclntab_put_call(p, magic, 1, 23, 4, 80);
}

/* A copy of its _func with what belongs behind it: pcdata 0 to 2, funcdata 0 to 3. */
static inline void pclntab_put_func(struct pclntab_program *p, uint32_t magic, uint64_t text_start, uint64_t vaddr)
{
	const uint64_t tree = vaddr + offsetof(struct pclntab_program, tree);
	const size_t size = magic == 0xfffffff0 ? 10 : 11, pcsp = magic == 0xfffffffa ? 5 : 4;
	uint32_t *func = p->func;

	memcpy(func, p->table.all + PCLNTAB_FIRST_FUNC, size * 4);
	func[pcsp + 1] = PCLNTAB_PCFILE;
	func[pcsp + 2] = PCLNTAB_PCLN;
	func[pcsp + 3] = 3;
	if (magic == 0xfffffff1)
		func[9] = 9; /* where it starts */
	((uint8_t *)func)[size * 4 - 1] = 4;
	func[size + 2] = PCLNTAB_CALLS;
	if (magic == 0xfffffffa)
		memcpy(func + 20, &tree, sizeof(tree)); /* 11 + 3, and 3 pointers */
	else
		func[size + 3 + 3] = PCLNTAB_TREE_OFFSET;
	pclntab_put_entry(&p->table, magic, 0, magic == 0xfffffffa ? text_start : 0,
			  offsetof(struct pclntab_program, func) - PCLNTAB_FUNCTIONS);
}

static inline void pclntab_program_init(struct pclntab_program *p, uint32_t magic, uint64_t text_start, uint64_t vaddr)
{
	const uint64_t tree = vaddr + offsetof(struct pclntab_program, tree);

	memset(p, 0, sizeof(*p));
	pclntab_bytes_init(&p->table, magic, text_start);
	pclntab_put_sources(p, magic);
	pclntab_put_func(p, magic, text_start, vaddr);
	p->module[0] = vaddr;
	p->module[1] = vaddr + PCLNTAB_NAMES;
	p->module[10] = vaddr + PCLNTAB_PCS;
	p->module[13] = vaddr + PCLNTAB_FUNCTIONS;
	p->module[17] = PCLNTAB_N_FUNCTIONS + 1;
	for (size_t i = 24; i < 38; i++)
		p->module[i] = vaddr; /* something else */
	p->module[magic == 0xfffffff1 ? 40 : 38] = tree - PCLNTAB_TREE_OFFSET;
}
