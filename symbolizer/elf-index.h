/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf index: one pass over a foreign ELF file that gives its index file. Runs in the indexer only. A damaged file
 * gives an index of what could be read, at least of its segments.
 * -EBADMSG: no ELF executable or library; -ENOMEM, -EFBIG: needs more than we allow.
 */
#pragma once

#include "common/build-id.h"
#include "common/clean.h"

/* Only the build id; n_bytes 0 where the file has none. */
_must_check_ int elf_index_identify(int fd, struct build_id *ret);

/* Writes the index of fd to out_fd, an empty file, and tells the build id. path: its origin's; NULL: not known. */
_must_check_ int elf_index_build(int fd, int out_fd, const char *path, struct build_id *ret);
