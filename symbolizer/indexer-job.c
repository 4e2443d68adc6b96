// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/indexer-job.h"

#include <stdio.h>
#include <time.h>

#include "symbolizer/debug-index.h"
#include "symbolizer/debuglink.h"
#include "symbolizer/elf-index.h"
#include "symbolizer/elffile.h"
#include "symbolizer/facts-job.h"
#include "symbolizer/indexer-ask.h"
#include "symbolizer/jit-index.h"
#include "symbolizer/sandbox.h"

/* CPU time for debug info: what a slow machine needs for it, several times over. */
#define DEBUG_MS_PER_MIB 40
#define DEBUG_LEAST_MS 2000
#define DEBUG_MOST_MS 120000

static const char *reason_of(uint32_t job, int status)
{
	switch (status) {
	case -ENODATA:
		return "none found";
	case -EBADMSG:
		return job == INDEXER_DEBUG       ? "damaged"
		       : job == INDEXER_CONTAINER ? "no JSON"
		       : job == INDEXER_CRI       ? "no answer by CRI"
						  : "no ELF executable or library";
	case -ENOMEM:
		return job == INDEXER_DEBUG ? "too large" : "needs too much memory";
	case -EFBIG:
	case -ENOSPC:
		return "too large";
	default:
		return "cannot be read";
	}
}

void indexer_job_fail(struct indexer_reply *reply, int status, const char *reason)
{
	reply->status = status;
	snprintf(reply->reason, sizeof(reply->reason), "%s", reason);
}

/* By it the parent can tell whether there is something new to look for. */
static void tell_debuglink(int elf_fd, struct indexer_reply *reply)
{
	_cleanup_(elffile_done) struct elffile f = {};
	struct debuglink link;

	if (elffile_open(elf_fd, &f) == 0 && debuglink_read(&f, &link) == 0)
		memcpy(reply->debuglink, link.name, sizeof(link.name));
}

static uint64_t cpu_ms(void)
{
	struct timespec used = {};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

static int allow_time(void *context, uint64_t n_bytes)
{
	const uint64_t *start_ms = context;
	uint64_t ms = DEBUG_LEAST_MS + (n_bytes >> 20) * DEBUG_MS_PER_MIB, used_ms = cpu_ms() - *start_ms;

	if (ms > DEBUG_MOST_MS)
		ms = DEBUG_MOST_MS;
	return sandbox_arm_cpu_limit(ms > used_ms ? (unsigned int)((ms - used_ms) / 1000) : 0);
}

static int run_debug(const struct indexer_request *request, int elf_fd, int out_fd, struct build_id *ret)
{
	struct indexer_asker asker = { .socket = CHILD_SOCKET_FD, .tag = request->tag };
	const struct debug_source source = indexer_ask_source(&asker);
	uint64_t start_ms = cpu_ms();
	const struct debug_index_config config = {
		.fd = elf_fd,
		.out_fd = out_fd,
		.path = request->path,
		.source = &source,
		.on_size = allow_time,
		.context = &start_ms,
	};
	int r;

	r = debug_index_build(&config, ret);
	return r == DEBUG_INDEX_NONE ? -ENODATA : r;
}

static void run_jit(enum jit_file_kind kind, int fd, int out_fd, struct indexer_reply *ret)
{
	char note[JIT_INDEX_NOTE_BYTES];
	int r = jit_index_build(kind, fd, out_fd, note);

	if (r < 0)
		indexer_job_fail(ret, r, reason_of(kind == JIT_PERF_MAP ? INDEXER_PERF_MAP : INDEXER_JITDUMP, r));
	else
		indexer_job_fail(ret, r == JIT_INDEX_REFUSED ? -EBADMSG : 0, note);
}

static void tell_facts(const struct indexer_request *request, int status, struct indexer_reply *ret)
{
	if (status < 0)
		indexer_job_fail(ret, status, reason_of(request->job, status));
}

void indexer_job_run(const struct indexer_request *request, int elf_fd, int out_fd, struct indexer_reply *ret)
{
	struct build_id id = {};
	int r;

	*ret = (struct indexer_reply){ .tag = request->tag };
	switch (request->job) {
	case INDEXER_IDENTIFY:
		r = elf_index_identify(elf_fd, &id);
		break;
	case INDEXER_INDEX:
		r = elf_index_build(elf_fd, out_fd, request->path[0] ? request->path : NULL, &id);
		break;
	case INDEXER_DEBUG:
		r = run_debug(request, elf_fd, out_fd, &id);
		break;
	case INDEXER_PERF_MAP:
		run_jit(JIT_PERF_MAP, elf_fd, out_fd, ret);
		return;
	case INDEXER_JITDUMP:
		run_jit(JIT_JITDUMP, elf_fd, out_fd, ret);
		return;
	case INDEXER_CONTAINER:
		tell_facts(request, facts_job_container(elf_fd, out_fd, request->path), ret);
		return;
	case INDEXER_CRI:
		tell_facts(request, facts_job_cri(elf_fd, out_fd, request->path), ret);
		return;
	case INDEXER_ENVIRONMENT:
		tell_facts(request, facts_job_environment(elf_fd, out_fd, request->path), ret);
		return;
	default:
		r = -EINVAL;
	}
	if (r < 0) {
		indexer_job_fail(ret, r, reason_of(request->job, r));
		return;
	}
	ret->build_id_bytes = id.n_bytes;
	memcpy(ret->build_id, id.bytes, sizeof(ret->build_id));
	tell_debuglink(elf_fd, ret);
}
