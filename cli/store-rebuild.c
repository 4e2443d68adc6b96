// SPDX-License-Identifier: Apache-2.0
/* store rebuild: the catalogue is made anew from the files. An agent that runs goes on in the new one. */
#include "cli/store-verbs.h"
#include "cli/text.h"

int store_rebuild_all(const struct store_options *o, struct store *s)
{
	int r = store_rebuild(s);

	if (r == STORE_BAD)
		return text_fail("rebuild the catalogue of", o->selection.store, "it cannot be written");
	return r < 0 ? store_fail(o, "rebuild the catalogue of", r) : store_stat(o, s);
}
