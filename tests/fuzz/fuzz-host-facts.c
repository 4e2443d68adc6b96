// SPDX-License-Identifier: Apache-2.0
/* The parsers of /proc and /sys files: any text, and what they promise about their answers. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "agent/host-facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	uint64_t capabilities, permyriad, inode, n_cpus;
	int64_t seccomp, number;
	enum lockdown lockdown;
	bool v1, v2;

	if (!text)
		abort();
	if (host_parse_status(text, &capabilities, &seccomp) == 0 && seccomp < 0)
		abort();
	if (host_parse_lockdown(text, &lockdown) == 0 && lockdown > LOCKDOWN_CONFIDENTIALITY)
		abort();
	if (host_parse_steal(text, &permyriad) == 0 && permyriad > 10000)
		abort();
	if (host_parse_cpu_count(text, &n_cpus) == 0 && n_cpus == 0)
		abort();
	if (host_parse_namespace(text, &inode) < 0 && host_parse_number(text, &number) < 0)
		host_parse_cgroup_modes(text, &v1, &v2);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"Name:\tx\nCapEff:\t000001fffeffffff\nSeccomp:\t2\nSeccomp_filters:\t1\n",
		"none [integrity] confidentiality\n",
		"cpu  2382 3002 3422 314857 757 0 56 13 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n",
		"0-3,8,10-8191\n",
		"pid:[4026531836]",
		"-1\n",
		"11:memory:/a\n1:name=systemd:/\n0::/\n",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
