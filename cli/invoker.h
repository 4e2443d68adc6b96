/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invoker: who called sudo. Files that a command writes belong to them, and a command that is run for them runs as
 * them. Outside of sudo nothing changes.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/clean.h"

struct invoker {
	bool is_other; /* the program is root by sudo */
	uid_t uid;
	gid_t gid;
};

/* From SUDO_UID and SUDO_GID, which count only for root. */
void invoker_get(struct invoker *ret);

/* Gives them a file that was just made. */
_must_check_ int invoker_own(const struct invoker *who, int fd);

/* Becomes them for good: groups, gid, uid. For a child that is about to exec. */
_must_check_ int invoker_become(const struct invoker *who);
