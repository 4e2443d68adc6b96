/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer: the sandboxed process that alone parses foreign bytes. It gets descriptors over a socketpair, answers
 * with index files, opens nothing, and may be killed at any moment. See symbolizer/indexer-wire.h for the messages.
 */
#pragma once

#include "symbolizer/sandbox.h"

/* The child's argv[1] when it is started from /proc/self/exe; its socket is descriptor 3. */
#define INDEXER_COMMAND "indexer-child"
#define INDEXER_PATIENT_COMMAND "patient-indexer-child" /* the one for work that takes tenths of a second and more */
#define INDEXER_DEBUG_COMMAND "debug-indexer-child"     /* the one for INDEXER_DEBUG, with more time, room and rights */

extern const struct sandbox_limits indexer_limits, patient_indexer_limits, debug_indexer_limits;

/* Run the child to its end; return the exit code. */
int indexer_main(void);
int patient_indexer_main(void);
int debug_indexer_main(void);
