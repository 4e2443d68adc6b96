/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules: what the frames of a window lie in: files by the name that processes have for them, the vdso, the kernel,
 * code that processes made themselves. Outlives the processes and mappings that it was met through, until nothing that
 * its owner knows of names it any more: then its number is another's. One thread; bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "workload/process.h"

struct binaries;
struct binary;

enum module_id {
	MODULE_NONE = 0, /* no code: the frame tells why the stack ends; addr is an enum truncation (resolve.h) */
	MODULE_KERNEL,   /* addr is the kernel's own address */
	MODULE_ANON,     /* code that a process made, nobody knows which; addr counts from the start of its mapping */
	MODULE_FIRST_FILE,
};

/*
 * Code that one process made itself: MODULE_OWN_CODE and its number in jit_maps (agent/jit-maps.h); addr is the
 * process's own address. Such a module is in no table of modules.
 */
#define MODULE_OWN_CODE (UINT32_C(1) << 31)

static inline bool module_is_file(uint32_t id)
{
	return id >= MODULE_FIRST_FILE && !(id & MODULE_OWN_CODE);
}

/* What tells whether an open file is still the one that a module stands for. All 0: not known. */
struct file_stamp {
	uint64_t dev, ino, n_bytes, modified_ns;
};

struct module {
	const char *path;      /* "[vdso]" for the vdso; lives as long as the module */
	struct binary *binary; /* NULL: it could not be opened */
	const char *reason;    /* why binary is NULL; static */
	bool is_waiting;       /* binary or reason are still to come */
};

struct modules;

_must_check_ int modules_new(size_t max_modules, struct modules **ret);
struct modules *modules_free(struct modules *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct modules *, modules_free);

/*
 * Finds or adds the module with these fields. addr of its frames is a file offset. Profiled processes choose paths and
 * their number: what exceeds the limits shares one module, "[more files]".
 */
_must_check_ int modules_add(struct modules *m, const char *path, struct binary *binary, const char *reason,
			     uint32_t *ret);
/* For a file that is open but not yet handed in: a module of its own, whose binary or reason comes later. */
_must_check_ int modules_add_waiting(struct modules *m, const char *path, uint32_t *ret);
void modules_set_binary(struct modules *m, uint32_t id, struct binary *binary, const char *reason);
/* Of the file when it was opened first. */
void modules_set_stamp(struct modules *m, uint32_t id, const struct file_stamp *stamp);
const struct file_stamp *modules_stamp(const struct modules *m, uint32_t id);
/* It is what processes in this root have mapped. */
void modules_note_root(struct modules *m, uint32_t id, const struct root_id *root);
/* The one root that all of a binary's modules were met in; false: there are several, or one is not known. */
bool modules_find_root(const struct modules *m, const struct binary *binary, struct root_id *ret);
/* Its CFI takes the finisher down: it is not given to it again. */
void modules_set_harmful(struct modules *m, uint32_t id);
bool modules_is_harmful(const struct modules *m, uint32_t id);
/* Its debug info has been asked for, or never will be. */
void modules_set_asked(struct modules *m, uint32_t id);
bool modules_is_asked(const struct modules *m, uint32_t id);
/* There may be some now where there was none: it is asked for again with the next sample. */
void modules_ask_again(struct modules *m, struct binaries *binaries);
/* NULL: there is none with this number, which is below modules_end() for all that are. */
const struct module *modules_get(const struct modules *m, uint32_t id);
uint32_t modules_end(const struct modules *m);
size_t modules_n(const struct modules *m); /* files, as many as there are now */

/*
 * A number that no other module ever had, for those who remember modules on their own; MODULE_NONE back: it is that of
 * none that is still there.
 */
uint32_t modules_handle(const struct modules *m, uint32_t id);
uint32_t modules_of_handle(const struct modules *m, uint32_t handle);

/*
 * Forgets modules: all of them are named first by modules_keep() if somebody still names them; modules_sweep() hands
 * out one of the others after another, which is gone with the next call. MODULE_NONE: no more, and the next round of
 * naming begins.
 */
void modules_keep(struct modules *m, uint32_t id);
uint32_t modules_sweep(struct modules *m);
