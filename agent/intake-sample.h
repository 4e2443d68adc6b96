/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake sample: that part of the intake which says what one sample means: its stack is resolved, its workload found,
 * what is left out is left out, and the rest is folded. Only for the intake; its thread.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct intake;
struct sample_batch;
struct sample_rec;

_must_check_ int intake_take_sample(struct intake *in, const struct sample_batch *batch, const struct sample_rec *rec,
				    uint64_t period_ns);
