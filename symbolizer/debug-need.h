/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug need: a file with debug info that the one at hand speaks of. The indexer's child, which alone can read what it
 * speaks of, asks for it; the parent, which alone can open files, looks where such a file may lie and hands over a
 * descriptor, candidate after candidate. The child checks that it is the right one (build id, CRC, dwo id). So no
 * foreign byte is parsed outside of the sandbox, and no path is opened inside of it.
 */
#pragma once

#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"

enum debug_need_kind {
	DEBUG_NEED_FILE = 1, /* separate debug info of a binary: by build id, then by .gnu_debuglink's name */
	DEBUG_NEED_ALT,      /* what dwz moved out, .gnu_debugaltlink: by build id, then by its name */
	DEBUG_NEED_DWP,      /* all split units of a binary in one package: beside it, with ".dwp" behind its name */
	DEBUG_NEED_DWO,      /* one split unit: DW_AT_dwo_name, in DW_AT_comp_dir where it is relative */
};

#define DEBUG_NEED_NAME_BYTES 512

struct debug_need {
	enum debug_need_kind kind;
	uint32_t candidate;               /* 0, 1, ...: the first, the next place where it may lie */
	struct build_id build_id;         /* n_bytes 0: none */
	char name[DEBUG_NEED_NAME_BYTES]; /* foreign text; "": none */
	char dir[DEBUG_NEED_NAME_BYTES];  /* of the compilation; "": none */
};

enum debug_need_answer {
	DEBUG_NEED_NONE = 1, /* there is no further candidate */
};

/* Where the files come from: inside of the child, its parent; in tests, the file system. */
struct debug_source {
	/*
	 * 0 and a descriptor open for reading, which is the caller's; DEBUG_NEED_NONE; or -errno, a fault. The path is
	 * for people: DEBUG_NEED_NAME_BYTES at most.
	 */
	int (*open)(void *context, const struct debug_need *need, int *ret_fd, char *ret_path);
	void *context;
};
