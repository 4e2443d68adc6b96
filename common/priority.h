/* SPDX-License-Identifier: Apache-2.0 */
/* priority: of a thread that needs little CPU time, but soon: it must not stand in line behind what is measured. */
#pragma once

#include "common/clean.h"

/* Of the calling thread. Children begin as if it had not been set. */
_must_check_ int priority_be_prompt(int nice);
