/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ksymbols: kernel code that came while we listened: BPF programs, trampolines, kprobe pages, as the sideband tells
 * (PERF_RECORD_KSYMBOL). Such code may live for milliseconds, and the next takes its place. So an address is pinned at
 * the time of its sample, and looked up by that pin when all is over. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/kallsyms.h"

struct ksymbols;

_must_check_ int ksymbols_new(struct ksymbols **ret);
struct ksymbols *ksymbols_free(struct ksymbols *k); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct ksymbols *, ksymbols_free);

/*
 * Code that was registered at born_ns; in order of time. It counts until other code takes its place, or a second after
 * the news of its end: it may still run for a while. -EINVAL: no such range; -ENOSPC: as many as we keep.
 */
_must_check_ int ksymbols_add(struct ksymbols *k, uint64_t start, uint64_t size, const char *name, uint64_t born_ns);
void ksymbols_end(struct ksymbols *k, uint64_t start, uint64_t gone_ns);

/* Forgets what was gone before, and was pinned last before: only pins of earlier times are void. */
_must_check_ int ksymbols_expire(struct ksymbols *k, uint64_t before_ns);

/* A pin never looks like a kernel address. */
static inline bool ksymbols_is_pin(uint64_t addr)
{
	return addr != 0 && addr >> 63 == 0;
}

/* The code at an address at a time. One behind its last byte gives no pin: pin a caller's address less one. */
bool ksymbols_pin(struct ksymbols *k, uint64_t addr, uint64_t time_ns, uint64_t *ret_pin);

/*
 * ret->start and ret->module_start are pins. False: what it named is forgotten, or it never was one: an address that
 * only looks like it.
 */
bool ksymbols_get(const struct ksymbols *k, uint64_t pin, struct kallsyms_symbol *ret);
