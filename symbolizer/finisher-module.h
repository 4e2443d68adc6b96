/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finisher module: what libunwind needs of one binary: its .eh_frame in memory, and where the FDE of each function
 * lies in it. Read at once, so that no descriptor is held. The table of FDEs is our own, made by a walk through
 * .eh_frame: .eh_frame_hdr may be missing, and need not tell the truth. The bytes are foreign: everything is checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/index-format.h"
#include "symbolizer/index.h"

#define FINISHER_MODULE_BYTES ((size_t)64 << 20) /* of .eh_frame: the largest browsers have 40 MiB */

struct finisher_fde {
	uint64_t start; /* virtual address of the function */
	uint32_t n_bytes;
	uint32_t offset : 31; /* of the FDE in .eh_frame */
	uint32_t is_signal : 1;
};

struct finisher_module {
	struct index_segment segments[INDEX_MAX_SEGMENTS]; /* executable ones */
	size_t n_segments;
	uint64_t eh_frame_vaddr;
	uint8_t *eh_frame;
	size_t eh_frame_bytes;
	struct finisher_fde *fdes; /* sorted by start */
	size_t n_fdes;
};

/* fd stays the caller's. A binary without CFI is no error: it has no FDEs. -EBADMSG: no ELF file. */
_must_check_ int finisher_module_read(int fd, struct finisher_module **ret);
struct finisher_module *finisher_module_free(struct finisher_module *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct finisher_module *, finisher_module_free);

size_t finisher_module_bytes(const struct finisher_module *m); /* of memory */

/* The virtual address of a byte of the file, if it belongs to executable code. */
bool finisher_module_vaddr(const struct finisher_module *m, uint64_t file_offset, uint64_t *ret);

/* The FDE that covers a virtual address; NULL: none. */
const struct finisher_fde *finisher_module_find(const struct finisher_module *m, uint64_t vaddr);

/* Finds the FDEs in the bytes of an .eh_frame that lies at eh_frame_vaddr: fills in fdes and n_fdes. */
_must_check_ int finisher_module_scan(struct finisher_module *m);
