/* SPDX-License-Identifier: Apache-2.0 */
/* ledgers as JSON: those of a profile, summed. */
#pragma once

#include "common/clean.h"

struct json_object;
struct ledgers;

/* Adds n_ledgers, n_damaged_ledgers, and ledger: the sum, or null where there is none. */
_must_check_ int ledgers_json_add(struct json_object *top, const struct ledgers *ledgers);
