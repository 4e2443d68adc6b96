/* SPDX-License-Identifier: Apache-2.0 */
/* descendants: the processes that stem from one, as /proc has them now. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/clean.h"

/*
 * Children, their children and so on, without pid itself; *ret is malloced. Those that come or go meanwhile may or
 * may not be among them: who must not miss one looks again until nothing new is found.
 */
_must_check_ int descendants_read(int proc_fd, pid_t pid, pid_t **ret, size_t *ret_n);
