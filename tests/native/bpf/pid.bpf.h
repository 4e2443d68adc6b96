/* SPDX-License-Identifier: Apache-2.0 */
/* pid: in place of bpf/pid.bpf.h: one PID namespace for all. */
#pragma once

#include "bpf/base.bpf.h"

static __always_inline __u32 task_tgid(const struct task_struct *task)
{
	return (__u32)task->tgid;
}
