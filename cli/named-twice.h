/* SPDX-License-Identifier: Apache-2.0 */
/* named twice: a file that is among the arguments two times, by any two names: its samples would count twice. */
#pragma once

#include <stddef.h>

#include "cli/command.h"
#include "common/clean.h"

/* EXIT_OK, or it was told which. "-" is standard input. What is not there has no twin: whoever reads it tells. */
_must_check_ enum exit_code named_twice_check(char *const *paths, size_t n_paths);
