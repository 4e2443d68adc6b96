/* SPDX-License-Identifier: Apache-2.0 */
/* priority: of the thread that reads what the kernel tells. It must not stand in line behind what it measures. */
#pragma once

#include "common/clean.h"

/* Children begin as if it had not been raised. */
_must_check_ int priority_raise(void);
