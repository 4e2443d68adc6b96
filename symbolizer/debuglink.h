/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debuglink: the section .gnu_debuglink, by which a stripped binary names the file with its debug info, and the
 * CRC-32 of that file's content (gdb documentation, "Debugging Information in Separate Files").
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/elffile.h"

#define DEBUGLINK_NAME_BYTES 256

struct debuglink {
	char name[DEBUGLINK_NAME_BYTES]; /* foreign text; mostly without a directory */
	uint32_t crc;
};

enum debuglink_answer {
	DEBUGLINK_NONE = 1, /* no such section, damaged, or too long a name */
};

_must_check_ int debuglink_read(const struct elffile *f, struct debuglink *ret);

/* Of the whole file behind fd, read in pieces. */
_must_check_ int debuglink_crc(int fd, uint32_t *ret);
