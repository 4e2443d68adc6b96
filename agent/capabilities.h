/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capabilities: what the agent keeps of its power (docs/architecture.md has the table): CAP_BPF, CAP_PERFMON,
 * CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE, CAP_SYSLOG. All else goes, and cannot come back by exec.
 */
#pragma once

#include "common/clean.h"

/*
 * Before the first child or thread is started. What the process does not have it cannot keep: that is no error here,
 * `doctor` and environment_check() tell of it. Any other failure is: who cannot drop must not go on.
 */
_must_check_ int capabilities_reduce(void);

/* All of them: for a hub, which needs none. */
_must_check_ int capabilities_drop(void);
