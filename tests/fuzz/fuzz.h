/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: what every fuzz target defines. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Must survive any bytes; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The i-th seed, or NULL; static or kept until the process ends. */
const void *fuzz_seed(size_t i, size_t *ret_size);
