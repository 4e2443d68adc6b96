// SPDX-License-Identifier: Apache-2.0
#include "agent/symbolize-process.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "agent/indexing.h"
#include "agent/modules.h"
#include "agent/opener.h"
#include "agent/symbolize-jit.h"
#include "agent/symbolize-kernel.h"
#include "common/clock.h"
#include "symbolizer/binary.h"
#include "workload/process.h"

#define MAX_MAPPINGS (1u << 16)
#define MAX_MODULES 32768
#define REREAD_NS (100 * NS_PER_MS) /* of mappings: whoever asks for nonsense must not make us read all the time */
#define NO_HIERARCHY (-1)           /* nobody asks for cgroups here */

struct symbolize_process {
	struct indexing *indexing; /* borrowed */
	uint32_t tgid;
	struct processes *processes;
	struct modules *modules;
	struct opener opener;
	uint64_t read_ns;                /* CLOCK_MONOTONIC; when the mappings were read last */
	struct symbolize_kernel *kernel; /* these two from the first address in them on */
	struct symbolize_jit *jit;
};

/* Its maps can be opened by whoever may look into it. */
static int check_access(const struct symbolize_process *p)
{
	_cleanup_close_ int fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "%u/maps", p->tgid);
	fd = openat(p->opener.proc_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return 0;
	return errno == ENOENT || errno == ESRCH ? SYMBOLIZE_PROCESS_GONE : -errno;
}

static int init_tables(struct symbolize_process *p)
{
	static const struct processes_config config = {
		.max_processes = 16, /* one, and those that had its number before */
		.max_mappings = MAX_MAPPINGS,
		.max_mappings_per_process = MAX_MAPPINGS,
	};
	int r;

	r = processes_new(&config, &p->processes);
	if (r == 0)
		r = modules_new(MAX_MODULES, &p->modules);
	if (r == 0)
		r = opener_init(&p->opener, indexing_binaries(p->indexing), p->modules, p->processes);
	return r;
}

/* What it has mapped now. One that has gone since keeps what it had. */
static int read_mappings(struct symbolize_process *p)
{
	int r = processes_read_one(p->processes, p->opener.proc_fd, NO_HIERARCHY, p->tgid);

	p->read_ns = clock_now_ns(CLOCK_MONOTONIC);
	return r < 0 ? r : 0;
}

int symbolize_process_new(struct indexing *indexing, pid_t pid, struct symbolize_process **ret)
{
	_cleanup_(symbolize_process_freep) struct symbolize_process *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->indexing = indexing;
	p->tgid = (uint32_t)pid;
	p->opener.proc_fd = p->opener.host_root_fd = -1;
	r = init_tables(p);
	if (r == 0)
		r = check_access(p);
	if (r == 0)
		r = read_mappings(p);
	if (r != 0)
		return r;
	*ret = take_ptr(p);
	return 0;
}

struct symbolize_process *symbolize_process_free(struct symbolize_process *p)
{
	if (!p)
		return NULL;
	symbolize_kernel_free(p->kernel);
	symbolize_jit_free(p->jit);
	opener_done(&p->opener);
	modules_free(p->modules);
	processes_free(p->processes);
	free(p);
	return NULL;
}

static int find_in_kernel(struct symbolize_process *p, uint64_t addr, struct index_frame *ret, size_t max,
			  size_t *ret_n)
{
	int r;

	if (!p->kernel) {
		r = symbolize_kernel_new(p->indexing, p->opener.proc_fd, &p->kernel);
		if (r < 0)
			return r;
	}
	return symbolize_kernel_find(p->kernel, addr, ret, max, ret_n);
}

static const struct mapping *find_mapping(const struct symbolize_process *p, uint64_t addr)
{
	const struct process *process = processes_find_live(p->processes, p->tgid);

	return process ? process_find_mapping(process, addr, clock_now_ns(CLOCK_BOOTTIME)) : NULL;
}

/* Code may have been mapped since. */
static int find_mapping_now(struct symbolize_process *p, uint64_t addr, const struct mapping **ret)
{
	int r;

	*ret = find_mapping(p, addr);
	if (*ret || clock_now_ns(CLOCK_MONOTONIC) - p->read_ns < REREAD_NS)
		return 0;
	r = read_mappings(p);
	if (r == 0)
		*ret = find_mapping(p, addr);
	return r;
}

/*
 * Opens the file of *m for the first address in it. That may show that it is another file than its name says: then the
 * process gets one of its own, and the mapping is to be found again.
 */
static int open_file(struct symbolize_process *p, uint64_t addr, const struct mapping **m)
{
	const struct new_file as_new = { .file = (*m)->file, .tgid = p->tgid, .start = (*m)->start, .end = (*m)->end };
	int r;

	if ((*m)->file->binary_slot)
		return 0;
	r = opener_open(&p->opener, &as_new);
	*m = find_mapping(p, addr);
	return r;
}

/* Has the binary read as far as it can be. */
static int complete(struct symbolize_process *p, const struct mapping *m, struct binary *binary)
{
	const struct opener_place where = {
		.module = m->file->binary_slot, .tgid = p->tgid, .start = m->start, .end = m->end, .file = m->file
	};
	struct indexing_place place = { .path = m->file->path, .fd = -1, .root_fd = -1 };

	if (binary->state == BINARY_UNREADABLE || binary->debug_state != BINARY_DEBUG_UNASKED)
		return 0;
	if (opener_reopen(&p->opener, &where, &place.fd) == 0)
		place.root_fd = opener_open_root(&p->opener, &where, &place.is_on_host);
	return indexing_complete(p->indexing, binary, &place);
}

static int find_in_file(struct symbolize_process *p, const struct mapping *m, uint64_t addr, struct index_frame *ret,
			size_t max, size_t *ret_n)
{
	uint64_t offset = addr - m->start + m->file_offset;
	const struct module *module = modules_get(p->modules, m->file->binary_slot);
	struct binary *binary = module ? module->binary : NULL;
	const struct index_segment *segment = NULL;
	int r;

	if (binary) {
		r = complete(p, m, binary);
		if (r < 0)
			return r;
	}
	if (binary && binary->index)
		segment = index_find_segment(binary->index, offset);
	*ret_n = segment ? binary_lookup(binary, offset - segment->file_offset + segment->vaddr, ret, max) : 0;
	return 0;
}

static int find_in_own_code(struct symbolize_process *p, uint64_t addr, struct index_frame *ret, size_t max,
			    size_t *ret_n)
{
	int r;

	if (!p->jit) {
		r = symbolize_jit_new(p->processes, p->opener.proc_fd, p->tgid, &p->jit);
		if (r < 0)
			return r;
	}
	return symbolize_jit_find(p->jit, addr, ret, max, ret_n);
}

/* The upper half of the address space is the kernel's. */
static bool is_of_kernel(uint64_t addr)
{
	return addr >> 63;
}

int symbolize_process_find(struct symbolize_process *p, uint64_t addr, struct index_frame *ret, size_t max,
			   size_t *ret_n)
{
	const struct mapping *m;
	int r;

	if (is_of_kernel(addr))
		return find_in_kernel(p, addr, ret, max, ret_n);
	r = find_mapping_now(p, addr, &m);
	if (r == 0 && m && m->file)
		r = open_file(p, addr, &m);
	if (r < 0)
		return r;
	if (m && mapping_is_own_code(m))
		return find_in_own_code(p, addr, ret, max, ret_n);
	if (m)
		return find_in_file(p, m, addr, ret, max, ret_n);
	*ret_n = 0;
	return 0;
}
