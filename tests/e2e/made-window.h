/* SPDX-License-Identifier: Apache-2.0 */
/*
 * made window: a window of 10 s whose stacks, labels and ledger are made from its number in the store, the same each
 * time: what tests write where no agent samples.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "store/window.h"

#define MADE_N_SERVICES 3

struct store;

extern const char *const made_services[MADE_N_SERVICES]; /* what service_name can be */

/* The store's next one, durable when this returns. As store_write(). */
_must_check_ int made_window_write(struct store *s, int64_t start_ns, struct window_info *ret);
