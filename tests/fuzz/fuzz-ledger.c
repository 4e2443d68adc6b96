// SPDX-License-Identifier: Apache-2.0
/* Any text as a ledger's line; what is accepted must print as it was read, older lines with the counts that they lack.
 */
#include <stdlib.h>
#include <string.h>

#include "pprof/ledger.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)16 << 10)

static bool is_same(const char *again, const char *line)
{
	static const char later[] =
		" frames.named=0 frames.module_only=0 frames.unreadable=0 windows=1 reduced_windows=0 down_ns=0";
	size_t size = strlen(line);

	return strncmp(again, line, size) == 0 && (again[size] == 0 || strcmp(again + size, later) == 0);
}

static void check_accepted(const char *line, const struct ledger *l)
{
	_cleanup_free_ char *id = strndup(line + strlen("ledger "), strcspn(line + strlen("ledger "), " "));
	_cleanup_(buf_done) struct buf again = {};
	struct ledger twice = *l;

	if (!id || ledger_format(l, id, &again) < 0 || !is_same(again.data, line))
		abort();
	ledger_balances(l);
	if (ledger_add(&twice, l) < 0 && memcmp(&twice, l, sizeof(twice)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *line = NULL;
	struct ledger l;

	if (size > MAX_INPUT_BYTES)
		return 0;
	line = strndup((const char *)data, size);
	if (line && ledger_parse(line, &l) == 0)
		check_accepted(line, &l);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"ledger 0123456789abcdef due=1140 taken=900 idle=0 filtered=10 in_profile=880 idle_cpu=200 "
		"throttled=30 "
		"other=10 lost.exited=4 lost.no_room=6 truncated.depth=2 truncated.no_rows=17",
		"ledger - due=0 taken=0 idle=0 filtered=0 in_profile=0 idle_cpu=0 throttled=0 "
		"other=18446744073709551615",
		"ledger w1 due=3 taken=3 idle=0 filtered=0 in_profile=3 idle_cpu=0 throttled=0 other=0 "
		"truncated.depth=2 "
		"frames.named=30 frames.module_only=4 frames.unreadable=1 windows=2 reduced_windows=1 down_ns=5000000",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
