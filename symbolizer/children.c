// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/children.h"

#include <string.h>

#include "common/clean.h"
#include "symbolizer/finisher.h"
#include "symbolizer/indexer.h"

bool children_main(int argc, char **argv, int *ret)
{
	static const struct {
		const char *command;
		int (*main)(void);
	} children[] = {
		{ INDEXER_COMMAND, indexer_main },
		{ INDEXER_PATIENT_COMMAND, patient_indexer_main },
		{ INDEXER_DEBUG_COMMAND, debug_indexer_main },
		{ FINISHER_COMMAND, finisher_main },
	};

	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(children); i++) {
		if (strcmp(argv[1], children[i].command) == 0) {
			*ret = children[i].main();
			return true;
		}
	}
	return false;
}
