/* SPDX-License-Identifier: Apache-2.0 */
/* sealed file: bytes as a memory file that nobody can change any more, to be given to another process. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

_must_check_ int sealed_file_new(const char *name, const void *data, size_t size, int *ret_fd);
