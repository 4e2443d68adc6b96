/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kallsyms: names of kernel text, from /proc/kallsyms, and where modules lie, from /proc/modules. Sorted once, then
 * looked up. What comes while we listen is symbolizer/ksymbols.h's. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct kallsyms;

#define KALLSYMS_BPF_MODULE "bpf"
#define KALLSYMS_REACH_BYTES 0x10000 /* of the last symbol before a gap, where nothing tells where a module ends */

struct kallsyms_symbol {
	const char *name;         /* borrowed; of BPF programs: as symbolizer/bpf-name.h has it */
	const char *linkage_name; /* the kernel's symbol */
	const char *module;       /* "" for the kernel itself, else the module's name; "bpf" for BPF programs */
	uint64_t start;
	uint64_t module_start; /* what addresses in this module are told relative to: _text, the module's start. So
				* that profiles do not leak where the kernel lies */
	bool is_apart;         /* told relative to itself: BPF programs, what modules run once when they are loaded */
};

enum kallsyms_answer {
	KALLSYMS_HIDDEN = 1, /* all addresses are 0: kptr_restrict, or no CAP_SYSLOG */
	KALLSYMS_NONE,       /* this kernel was built without CONFIG_KALLSYMS */
};

/* Parses the text of /proc/kallsyms: pure. Only text symbols (t, T, w, W) are kept. */
_must_check_ int kallsyms_parse(const char *text, size_t size, struct kallsyms **ret);

/* The same for /proc/modules: where modules begin and end. Without it a module begins at its first symbol. */
void kallsyms_set_modules(struct kallsyms *k, const char *text, size_t size);

struct kallsyms_module {
	const char *name; /* borrowed, without a NUL */
	size_t name_bytes;
	uint64_t start, end;
	bool is_loading; /* what it runs only once is still there */
};

/* The next module that the text of /proc/modules tells of, from *p on; other lines are skipped. */
bool kallsyms_next_module(const char **p, const char *end, struct kallsyms_module *ret);

/* Reads both files; a kernel without /proc/modules has no modules. */
_must_check_ int kallsyms_read(int proc_fd, struct kallsyms **ret);
struct kallsyms *kallsyms_free(struct kallsyms *k); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct kallsyms *, kallsyms_free);

/* KASLR apart: the kernel's image (_text) is told at its link address. */
#ifdef __aarch64__
#define KALLSYMS_KERNEL_LINK_START 0xffff800080000000ULL
#else
#define KALLSYMS_KERNEL_LINK_START 0xffffffff81000000ULL
#endif

bool kallsyms_find(const struct kallsyms *k, uint64_t addr, struct kallsyms_symbol *ret);

/* Each function once, ascending; *i is 0 before the first. */
bool kallsyms_next(const struct kallsyms *k, size_t *i, struct kallsyms_symbol *ret);
size_t kallsyms_n_symbols(const struct kallsyms *k);
