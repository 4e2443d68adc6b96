/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sideband: the news that the kernel tells through perf's dummy event: exec, fork, exit, executable mappings with
 * their build ids, cgroups, kernel symbols. Parsing is pure; records of several CPUs are put in order of time here.
 * Source of the format: include/uapi/linux/perf_event.h (enum perf_event_type), man perf_event_open(2).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"

enum sideband_kind {
	SIDEBAND_FORK, /* of a process (tid == pid) or a thread */
	SIDEBAND_EXIT, /* of one thread */
	SIDEBAND_EXEC, /* comm with PERF_RECORD_MISC_COMM_EXEC */
	SIDEBAND_COMM,
	SIDEBAND_MMAP,
	SIDEBAND_CGROUP,
	SIDEBAND_KSYMBOL,
	SIDEBAND_LOST,
};

struct sideband_event {
	enum sideband_kind kind;
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	uint32_t pid, tid, ppid;
	uint64_t start, size, file_offset; /* MMAP, KSYMBOL */
	uint64_t dev, ino, ino_generation; /* MMAP without a build id; else 0 */
	struct build_id build_id;          /* MMAP */
	uint64_t id;                       /* CGROUP: its id; LOST: number of records */
	bool unregister;                   /* KSYMBOL: went away */
	bool is_bpf;                       /* KSYMBOL: a BPF program */
	bool has_ended;                    /* EXEC out of a queue: soon after it comes the end of the process */
	const char *name;                  /* comm, path or symbol: NUL-terminated, borrowed from the record or queue */
};

enum sideband_answer {
	SIDEBAND_IGNORED = 1, /* a record of a kind that we do not use */
};

/*
 * Parses one record of a ring whose event has sample_id_all and sample_type PERF_SAMPLE_TID | PERF_SAMPLE_TIME.
 * -EBADMSG: sizes do not fit.
 */
_must_check_ int sideband_parse(const void *record, size_t size, struct sideband_event *ret);

/*
 * A queue that puts records in order. Each round: note the time, add all records of all rings, then take events
 * older than the noted time (less SIDEBAND_SETTLE_NS): no ring can still bring an older one.
 */
#define SIDEBAND_SETTLE_NS 1000000ULL
struct sideband_queue;

_must_check_ int sideband_queue_new(size_t limit_bytes, struct sideband_queue **ret);
struct sideband_queue *sideband_queue_free(struct sideband_queue *q); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct sideband_queue *, sideband_queue_free);

/* Copies one raw record. -ENOSPC: full; the caller takes it for lost records. */
_must_check_ int sideband_queue_add(struct sideband_queue *q, const void *record, size_t size);

/* The oldest event before before_ns, in *ret, valid until the next call on q: 1; none: 0. */
_must_check_ int sideband_queue_take(struct sideband_queue *q, uint64_t before_ns, struct sideband_event *ret);
bool sideband_queue_is_empty(const struct sideband_queue *q);

/*
 * Reads all records of a perf ring: base is the mmapped area (header page, then data_bytes, a power of two; perf's
 * data_head/data_tail protocol). Returns the number of records, or -errno.
 */
_must_check_ int sideband_ring_read(void *base, size_t data_bytes, struct sideband_queue *q);
