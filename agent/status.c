// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include <stdio.h>
#include <string.h>

#include "agent/start-guard.h"

const char *status_idle_to_string(enum status_idle idle)
{
	static const char *const names[STATUS_N_IDLE] = {
		[STATUS_SAMPLING] = "sampling",       [STATUS_STARTING] = "starting",
		[STATUS_KILL_SWITCH] = "kill_switch", [STATUS_CRASH_LOOP] = "crash_loop",
		[STATUS_BOOT_LOOP] = "boot_loop",     [STATUS_STOPPING] = "stopping",
	};

	return names[idle];
}

int status_is_ready(const struct status *s, char ret[static STATUS_ERROR_SIZE])
{
	switch (s->idle) {
	case STATUS_SAMPLING:
		return 0;
	case STATUS_STARTING:
		snprintf(ret, STATUS_ERROR_SIZE, "the agent is starting");
		break;
	case STATUS_KILL_SWITCH:
		snprintf(ret, STATUS_ERROR_SIZE, "nothing is sampled as long as %s exists", s->kill_switch);
		break;
	case STATUS_CRASH_LOOP:
		snprintf(ret, STATUS_ERROR_SIZE,
			 "nothing is sampled for %d minutes: the agent did not end cleanly %d times within as many",
			 (int)(START_GUARD_CRASHES_NS / NS_PER_S / 60), START_GUARD_CRASHES);
		break;
	case STATUS_BOOT_LOOP:
		snprintf(ret, STATUS_ERROR_SIZE,
			 "nothing is sampled: the machine went down %d times within a day while it was; remove "
			 "%s/starts and restart to go on",
			 START_GUARD_BOOTS, s->state_dir);
		break;
	case STATUS_STOPPING:
	case STATUS_N_IDLE:
		snprintf(ret, STATUS_ERROR_SIZE, "the agent stops");
		break;
	}
	return STATUS_NOT_READY;
}

size_t status_processes(const struct status *s, struct status_process ret[static STATUS_MAX_PROCESSES])
{
	size_t n = 0;

	ret[n++] = (struct status_process){ "agent", s->recorder.self };
	for (size_t i = 0; i < STATS_N_CHILDREN && s->recorder.children[i].name; i++)
		ret[n++] = (struct status_process){ s->recorder.children[i].name, s->recorder.children[i].stats };
	if (s->has_gateway) {
		const struct process_stats gateway = {
			.pid = s->gateway_pid,
			.cpu_ns = s->gateway.cpu_ns,
			.rss_anon_bytes = s->gateway.rss_anon_bytes,
			.n_restarts = s->gateway.n_restarts,
		};

		ret[n++] = (struct status_process){ "gateway", gateway };
	}
	if (s->has_uploads) {
		const struct process_stats uploader = {
			.pid = s->uploader_pid,
			.cpu_ns = s->uploader.cpu_ns,
			.rss_anon_bytes = s->uploader.rss_anon_bytes,
			.n_restarts = s->uploader.n_restarts,
		};

		ret[n++] = (struct status_process){ "uploader", uploader };
	}
	if (s->maintainer.n_runs || s->maintainer.n_failed) {
		const struct process_stats store = {
			.cpu_ns = s->maintainer.cpu_ns,
			.n_restarts = s->maintainer.n_failed,
		};

		ret[n++] = (struct status_process){ "store", store };
	}
	return n;
}

uint64_t status_rss_bytes(const struct status *s)
{
	struct status_process processes[STATUS_MAX_PROCESSES];
	size_t n = status_processes(s, processes);
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += processes[i].stats.rss_anon_bytes;
	return bytes;
}

uint64_t status_cpu_ns(const struct status *s)
{
	struct status_process processes[STATUS_MAX_PROCESSES];
	size_t n = status_processes(s, processes);
	uint64_t ns = s->recorder.bpf_run_ns;

	for (size_t i = 0; i < n; i++)
		ns += processes[i].stats.cpu_ns;
	return ns;
}

void status_faults(const struct status *s, struct status_fault ret[static STATUS_N_FAULTS])
{
	const struct status_fault faults[STATUS_N_FAULTS] = {
		{ "indexer", s->recorder.indexer_fault }, { "finisher", s->recorder.finisher_fault },
		{ "cache", s->recorder.cache_fault },     { "kernel_names", s->recorder.kernel_unnamed },
		{ "gateway", s->gateway_fault ?: "" },    { "debuginfod", s->recorder.fetched.last_fault },
		{ "store", s->maintainer.fault },         { "uploader", s->uploads_fault ?: "" },
	};

	memcpy(ret, faults, sizeof(faults));
}
