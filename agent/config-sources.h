/* SPDX-License-Identifier: Apache-2.0 */
/* config sources: files, the environment and flags, read in their order into a config that is being built. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct config_builder;
struct config_sources;

#define CONFIG_FILE_MAX_BYTES ((size_t)1 << 20)
#define CONFIG_MAX_FILES 256 /* of conf.d */

_must_check_ int config_read_sources(struct config_builder *b, const struct config_sources *sources);
