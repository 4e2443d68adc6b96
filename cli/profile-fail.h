/* SPDX-License-Identifier: Apache-2.0 */
/* profile fail: what a user is told of a profile file that cannot be used. */
#pragma once

/* One line on stderr for an error of pprof/profile-file.h, or of what was computed from the profile; EXIT_ERROR. */
int profile_fail(const char *path, int error);

struct profile_value_type;

/* "cannot WHAT 'PATH': it measures TYPE/UNIT: BUT", where all but WHAT and BUT is foreign. */
int profile_fail_type(const char *what, const char *path, const struct profile_value_type *type, const char *but);
