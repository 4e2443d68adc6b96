/* SPDX-License-Identifier: Apache-2.0 */
/* jit fixture: jit maps over this machine's real /proc, read by this program itself as its own indexer. */
#pragma once

#include <fcntl.h>

#include "agent/jit-maps.h"
#include "tests/unit/cmocka-all.h"
#include "workload/process.h"

/* What it makes is the caller's, in the order in which it is freed: *ret_jit, *ret_processes, *ret_proc_fd. */
static void jit_open(size_t max_processes, size_t max_mappings, int *ret_proc_fd, struct processes **ret_processes,
		     struct jit_maps **ret_jit)
{
	static char name[] = "test", command[] = "indexer";
	static char *const argv[] = { name, command, NULL };
	const struct processes_config config = {
		.max_processes = max_processes,
		.max_mappings = max_mappings,
		.max_mappings_per_process = 10000,
	};
	struct jit_maps_config jit;

	*ret_proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(processes_new(&config, ret_processes), 0);
	jit = (struct jit_maps_config){
		.proc_fd = *ret_proc_fd,
		.processes = *ret_processes,
		.indexer_path = "/proc/self/exe",
		.indexer_argv = argv,
	};
	assert_int_equal(jit_maps_new(&jit, ret_jit), 0);
}
