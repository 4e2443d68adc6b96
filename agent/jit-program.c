// SPDX-License-Identifier: Apache-2.0
#include "agent/jit-program.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"

#define ALL_KINDS ((1u << JIT_N_KINDS) - 1)

int jit_program_new(int proc_fd, uint32_t tgid, uint64_t begun_ns, uint64_t time_ns, struct jit_program **ret)
{
	_cleanup_(jit_program_freep) struct jit_program *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->dump_fd = p->process.root_fd = p->process.tmp_fd = -1;
	p->time_ns = p->used_ns = time_ns;
	r = jit_process_read(proc_fd, tgid, begun_ns, &p->process);
	if (r != 0)
		return r;
	*ret = take_ptr(p);
	return 0;
}

struct jit_program *jit_program_free(struct jit_program *p)
{
	if (!p)
		return NULL;
	for (size_t k = 0; k < JIT_N_KINDS; k++)
		index_free(p->sources[k].index);
	close_fd(p->dump_fd);
	jit_process_done(&p->process);
	free(p);
	return NULL;
}

void jit_source_set_reason(struct jit_source *s, bool is_refused, const char *reason)
{
	s->is_refused = is_refused;
	snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

void jit_program_keep_jitdump(struct jit_program *p, int proc_fd, const struct process *live)
{
	struct jit_source *s = &p->sources[JIT_JITDUMP];
	const char *reason = "";
	int fd = -1, r;

	r = jit_file_open_jitdump(&p->process, proc_fd, live, &fd, s->path, &reason);
	if (r == JIT_FILE_REFUSED)
		jit_source_set_reason(s, true, reason);
	if (r != 0)
		return;
	close_fd(p->dump_fd);
	p->dump_fd = fd;
}

static int open_perf_map(struct jit_program *p, int proc_fd, const struct process *live, int *ret)
{
	struct jit_source *s = &p->sources[JIT_PERF_MAP];
	const char *reason = "";
	int r;

	if (live)
		jit_process_refresh(&p->process, proc_fd);
	jit_file_perf_map_path(&p->process, s->path);
	r = jit_file_open_perf_map(&p->process, ret, &reason);
	if (r == JIT_FILE_REFUSED)
		jit_source_set_reason(s, true, reason);
	return r;
}

static int open_jitdump(struct jit_program *p, int proc_fd, const struct process *live, int *ret)
{
	if (live)
		jit_program_keep_jitdump(p, proc_fd, live);
	if (p->dump_fd < 0)
		return JIT_FILE_NONE;
	*ret = fcntl(p->dump_fd, F_DUPFD_CLOEXEC, 0);
	return *ret < 0 ? -errno : 0;
}

static bool is_same_version(const struct jit_file_version *a, const struct jit_file_version *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A forked child has its parent's jitdump mapped: hundreds of children must not read it hundreds of times. */
static bool is_parents(const struct jit_program *p, enum jit_file_kind kind, const struct jit_file_version *version)
{
	for (p = p->parent; p; p = p->parent) {
		const struct jit_file_version *its = &p->sources[kind].version;

		if (is_same_version(its, version) ||
		    (!p->is_gone && its->dev == version->dev && its->ino == version->ino))
			return true;
	}
	return false;
}

/* Is it other than what was read last? Then it is the one that is read now. */
static bool note_version(struct jit_program *p, enum jit_file_kind kind, const struct stat *st)
{
	struct jit_source *s = &p->sources[kind];
	const struct jit_file_version version = {
		.dev = st->st_dev,
		.ino = st->st_ino,
		.n_bytes = (uint64_t)st->st_size,
		.modified_ns = (uint64_t)st->st_mtim.tv_sec * NS_PER_S + (uint64_t)st->st_mtim.tv_nsec,
	};

	if (version.n_bytes == 0 || is_same_version(&version, &s->version) || is_parents(p, kind, &version))
		return false;
	s->version = version;
	return true;
}

int jit_program_open(struct jit_program *p, enum jit_file_kind kind, int proc_fd, const struct process *live, int *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (kind == JIT_PERF_MAP)
		r = open_perf_map(p, proc_fd, live, &fd);
	else
		r = open_jitdump(p, proc_fd, live, &fd);
	if (r != 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!note_version(p, kind, &st))
		return JIT_FILE_NONE;
	*ret = take_fd(fd);
	return 0;
}

void jit_program_begin_look(struct jit_program *p, uint64_t now_ns)
{
	p->todo = ALL_KINDS;
	p->looked_ns = now_ns;
	p->is_due = p->is_sampled = false;
}

enum jit_file_kind jit_program_next_kind(struct jit_program *p)
{
	enum jit_file_kind kind = p->todo & 1u << JIT_JITDUMP ? JIT_JITDUMP : JIT_PERF_MAP;

	p->todo &= ~(1u << kind);
	return kind;
}

/* A process in a container keeps its mounts busy no longer than it must. */
void jit_program_end_look(struct jit_program *p)
{
	if (!p->is_last_look)
		return;
	p->is_gone = true;
	p->dump_fd = close_fd(p->dump_fd);
	jit_process_done(&p->process);
}

static uint64_t later(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns > b_ns ? a_ns : b_ns;
}

uint64_t jit_program_ready_ns(const struct jit_program *p)
{
	uint64_t ready_ns = p->looked_ns ? p->looked_ns + JIT_LEAST_NS : 0;

	if (p->is_gone || !(p->todo || p->is_due || p->is_sampled))
		return UINT64_MAX;
	if (p->todo || p->is_due)
		return 0;
	for (size_t k = 0; k < JIT_N_KINDS; k++)
		ready_ns = later(ready_ns, p->sources[k].read_ns + JIT_COST_FACTOR * p->sources[k].cost_ns);
	return ready_ns;
}

static size_t look_up_own(const struct jit_program *p, uint64_t addr, struct index_frame *ret, size_t max)
{
	static const enum jit_file_kind order[] = { JIT_JITDUMP, JIT_PERF_MAP }; /* a dump may know lines */
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order) && n == 0; i++) {
		const struct index *index = p->sources[order[i]].index;

		if (index)
			n = index_lookup(index, addr, ret, max);
	}
	return n;
}

size_t jit_program_lookup(const struct jit_program *p, uint64_t addr, struct index_frame *ret, size_t max)
{
	size_t n = 0;

	for (; p && n == 0; p = p->parent)
		n = look_up_own(p, addr, ret, max);
	return n;
}
