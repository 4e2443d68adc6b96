/* SPDX-License-Identifier: Apache-2.0 */
/* metrics parts: what an agent and a hub both tell of themselves: their version, store and gateway. */
#pragma once

#include <stdbool.h>

#include "agent/maintainer.h"
#include "common/buf.h"
#include "common/clean.h"
#include "web/counts.h"

_must_check_ int metrics_add_build(const char *version, struct buf *ret);
_must_check_ int metrics_add_gateway(bool serves, const struct web_counts *counts, struct buf *ret);

/* What the last run of the store's child told. */
_must_check_ int metrics_add_store(const struct maintainer_stats *m, struct buf *ret);
