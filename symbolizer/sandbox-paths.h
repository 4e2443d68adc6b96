/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox paths: what of the file system is left to a child that opens files by their names: Landlock (Linux 5.13;
 * Documentation/userspace-api/landlock.rst). A kernel without it, or with it switched off, leaves all that the user
 * may.
 */
#pragma once

#include "common/clean.h"
#include "symbolizer/sandbox.h"

/* Nothing is changed where limits name no path. The process has PR_SET_NO_NEW_PRIVS already. */
_must_check_ int sandbox_restrict_paths(const struct sandbox_limits *limits);
