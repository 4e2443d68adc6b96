/* SPDX-License-Identifier: Apache-2.0 */
/* tiny: functions that are hardly more than their prologue and epilogue. */
#pragma once

#include <stdint.h>

uint64_t tiny_add(uint64_t value);
uint64_t tiny_push(uint64_t value);  /* saves registers by push and pop */
uint64_t tiny_frame(uint64_t value); /* has a frame */
