// SPDX-License-Identifier: Apache-2.0
/*
 * sideband: one record of perf's stream taken apart. Layouts are those of include/uapi/linux/perf_event.h; fields are
 * copied out, since a record may lie at any address, and nothing is read beyond the size that the header states.
 */
#include "workload/sideband.h"

#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

struct task_body { /* PERF_RECORD_FORK, PERF_RECORD_EXIT */
	uint32_t pid, ppid, tid, ptid;
	uint64_t time; /* the sample_id's is used: it is there for every kind */
};

struct comm_body {
	uint32_t pid, tid;
};

struct mmap2_body {
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	union {
		struct {
			uint32_t maj, min;
			uint64_t ino, ino_generation;
		};
		struct {
			uint8_t build_id_size, reserved[3];
			uint8_t build_id[BUILD_ID_MAX_BYTES];
		};
	};
	uint32_t prot, flags;
};

struct ksymbol_body {
	uint64_t addr;
	uint32_t len;
	uint16_t type, flags;
};

struct lost_body {
	uint64_t id, lost;
};

struct sample_id { /* PERF_SAMPLE_TID | PERF_SAMPLE_TIME, at the end of every record */
	uint32_t pid, tid;
	uint64_t time;
};

_Static_assert(sizeof(struct task_body) == 24, "as in the kernel");
_Static_assert(sizeof(struct mmap2_body) == 64, "as in the kernel");
_Static_assert(sizeof(struct ksymbol_body) == 16, "as in the kernel");

/* What lies between a record's header and its sample_id. */
struct body {
	const uint8_t *data;
	size_t size;
	uint16_t misc;
};

static int read_fixed(const struct body *b, void *ret, size_t size)
{
	if (b->size < size)
		return -EBADMSG;
	memcpy(ret, b->data, size);
	return 0;
}

/* The string behind the fixed part; its NUL must lie within the record. */
static int read_name(const struct body *b, size_t fixed_size, struct sideband_event *ret)
{
	const char *name = (const char *)b->data + fixed_size;

	if (b->size <= fixed_size || !memchr(name, 0, b->size - fixed_size))
		return -EBADMSG;
	ret->name = name;
	return 0;
}

static int parse_task(const struct body *b, struct sideband_event *ret)
{
	struct task_body t;
	int r = read_fixed(b, &t, sizeof(t));

	if (r < 0)
		return r;
	ret->pid = t.pid;
	ret->tid = t.tid;
	ret->ppid = t.ppid;
	return 0;
}

static int parse_fork(const struct body *b, struct sideband_event *ret)
{
	ret->kind = SIDEBAND_FORK;
	return parse_task(b, ret);
}

static int parse_exit(const struct body *b, struct sideband_event *ret)
{
	ret->kind = SIDEBAND_EXIT;
	return parse_task(b, ret);
}

static int parse_comm(const struct body *b, struct sideband_event *ret)
{
	struct comm_body c;
	int r = read_fixed(b, &c, sizeof(c));

	if (r < 0)
		return r;
	ret->kind = b->misc & PERF_RECORD_MISC_COMM_EXEC ? SIDEBAND_EXEC : SIDEBAND_COMM;
	ret->pid = c.pid;
	ret->tid = c.tid;
	return read_name(b, sizeof(c), ret);
}

static int parse_file_identity(const struct body *b, const struct mmap2_body *m, struct sideband_event *ret)
{
	if (!(b->misc & PERF_RECORD_MISC_MMAP_BUILD_ID)) {
		ret->dev = makedev(m->maj, m->min);
		ret->ino = m->ino;
		ret->ino_generation = m->ino_generation;
		return 0;
	}
	if (m->build_id_size > BUILD_ID_MAX_BYTES)
		return -EBADMSG;
	ret->build_id.n_bytes = m->build_id_size;
	memcpy(ret->build_id.bytes, m->build_id, m->build_id_size);
	return 0;
}

static int parse_mmap2(const struct body *b, struct sideband_event *ret)
{
	struct mmap2_body m;
	uint64_t end;
	int r = read_fixed(b, &m, sizeof(m));

	if (r < 0)
		return r;
	if (!(m.prot & PROT_EXEC))
		return SIDEBAND_IGNORED;
	if (m.len == 0 || __builtin_add_overflow(m.addr, m.len, &end))
		return -EBADMSG;
	ret->kind = SIDEBAND_MMAP;
	ret->pid = m.pid;
	ret->tid = m.tid;
	ret->start = m.addr;
	ret->size = m.len;
	ret->file_offset = m.pgoff;
	r = parse_file_identity(b, &m, ret);
	if (r < 0)
		return r;
	return read_name(b, sizeof(m), ret);
}

static int parse_cgroup(const struct body *b, struct sideband_event *ret)
{
	int r = read_fixed(b, &ret->id, sizeof(ret->id));

	if (r < 0)
		return r;
	ret->kind = SIDEBAND_CGROUP;
	return read_name(b, sizeof(ret->id), ret);
}

static int parse_ksymbol(const struct body *b, struct sideband_event *ret)
{
	struct ksymbol_body k;
	int r = read_fixed(b, &k, sizeof(k));

	if (r < 0)
		return r;
	ret->kind = SIDEBAND_KSYMBOL;
	ret->start = k.addr;
	ret->size = k.len;
	ret->unregister = k.flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER;
	ret->is_bpf = k.type == PERF_RECORD_KSYMBOL_TYPE_BPF;
	return read_name(b, sizeof(k), ret);
}

static int parse_lost(const struct body *b, struct sideband_event *ret)
{
	struct lost_body l;
	int r = read_fixed(b, &l, sizeof(l));

	if (r < 0)
		return r;
	ret->kind = SIDEBAND_LOST;
	ret->id = l.lost;
	return 0;
}

static int parse_body(uint32_t type, const struct body *b, struct sideband_event *ret)
{
	switch (type) {
	case PERF_RECORD_FORK:
		return parse_fork(b, ret);
	case PERF_RECORD_EXIT:
		return parse_exit(b, ret);
	case PERF_RECORD_COMM:
		return parse_comm(b, ret);
	case PERF_RECORD_MMAP2:
		return parse_mmap2(b, ret);
	case PERF_RECORD_CGROUP:
		return parse_cgroup(b, ret);
	case PERF_RECORD_KSYMBOL:
		return parse_ksymbol(b, ret);
	case PERF_RECORD_LOST:
		return parse_lost(b, ret);
	default:
		return SIDEBAND_IGNORED;
	}
}

int sideband_parse(const void *record, size_t size, struct sideband_event *ret)
{
	struct sideband_event event = {};
	struct perf_event_header header;
	struct sample_id id;
	struct body body;
	int r;

	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, record, sizeof(header));
	if (header.size > size || header.size < sizeof(header) + sizeof(id))
		return -EBADMSG;

	body = (struct body){
		.data = (const uint8_t *)record + sizeof(header),
		.size = header.size - sizeof(header) - sizeof(id),
		.misc = header.misc,
	};
	memcpy(&id, body.data + body.size, sizeof(id));
	event.time_ns = id.time;
	r = parse_body(header.type, &body, &event);
	if (r != 0)
		return r;
	*ret = event;
	return 0;
}
