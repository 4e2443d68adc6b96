// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz sideband: the bytes of a perf ring, from its reading to the process table. The first two bytes choose where in
 * the ring the bytes lie, so that records wrap.
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workload/process.h"

#define RING_BYTES 8192
#define SEED_MAX_BYTES 1024

static void fill_ring(unsigned char *base, const uint8_t *data, size_t size)
{
	struct perf_event_mmap_page *page = (void *)base;
	unsigned char *ring = base + sysconf(_SC_PAGESIZE);
	uint64_t at = (data[0] | (uint64_t)data[1] << 8) & ~7ULL;

	page->data_tail = at;
	page->data_head = at + size - 2;
	for (size_t i = 2; i < size; i++)
		ring[(at + i - 2) % RING_BYTES] = data[i];
}

static void apply_all(struct processes *p, struct sideband_queue *q)
{
	int no_proc = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* no process is ever found there */
	struct sideband_event event;
	struct new_file file;

	while (sideband_queue_take(q, UINT64_MAX, &event) == 1) {
		struct process *process;

		if (processes_apply(p, no_proc, &event) < 0)
			abort();
		process = processes_find(p, event.pid, 0, event.time_ns);
		if (process)
			process_find_mapping(process, event.start, event.time_ns);
	}
	while (processes_take_new_file(p, &file))
		(void)strlen(file.file->path);
	processes_expire(p, no_proc, UINT64_MAX / 2);
	close(no_proc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct processes_config config = { 8, 32, 16 };
	_cleanup_(sideband_queue_freep) struct sideband_queue *q = NULL;
	_cleanup_(processes_freep) struct processes *p = NULL;
	_cleanup_free_ unsigned char *base = NULL;

	if (size < 2 || size > RING_BYTES)
		return 0;
	base = calloc(1, (size_t)sysconf(_SC_PAGESIZE) + RING_BYTES);
	if (!base || sideband_queue_new(1 << 16, &q) < 0 || processes_new(&config, &p) < 0)
		abort();
	fill_ring(base, data, size);
	if (sideband_ring_read(base, RING_BYTES, q) == 0 && size >= 10)
		abort(); /* bytes were there: records, or a fault */
	apply_all(p, q);
	return 0;
}

/* --- seeds: a short life, record by record --- */

struct seed {
	uint8_t bytes[SEED_MAX_BYTES];
	size_t size;
	uint64_t time;
};

static void put(struct seed *s, uint64_t value, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i++)
		s->bytes[s->size++] = i < 8 ? (uint8_t)(value >> (8 * i)) : 0;
}

static size_t begin(struct seed *s, uint32_t type, uint16_t misc)
{
	size_t at = s->size;

	put(s, type, 4);
	put(s, misc, 4);
	return at;
}

static void finish(struct seed *s, size_t at)
{
	put(s, 0, 8);
	put(s, ++s->time, 8);
	s->bytes[at + 6] = (uint8_t)(s->size - at);
}

static void put_name(struct seed *s, const char *name)
{
	size_t size = (strlen(name) + 8) & ~(size_t)7;

	memset(s->bytes + s->size, 0, size);
	memcpy(s->bytes + s->size, name, strlen(name));
	s->size += size;
}

static void put_task(struct seed *s, uint32_t type, uint32_t pid, uint32_t parent)
{
	size_t at = begin(s, type, 0);

	put(s, pid, 4);
	put(s, parent, 4);
	put(s, pid, 4);
	put(s, parent, 4);
	put(s, 0, 8);
	finish(s, at);
}

static void put_exec(struct seed *s, uint32_t pid, const char *comm)
{
	size_t at = begin(s, PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC);

	put(s, pid, 4);
	put(s, pid, 4);
	put_name(s, comm);
	finish(s, at);
}

static void put_mmap(struct seed *s, uint32_t pid, uint64_t start, const char *name)
{
	size_t at = begin(s, PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID);

	put(s, pid, 4);
	put(s, pid, 4);
	put(s, start, 8);
	put(s, 0x2000, 8);
	put(s, 0, 8);
	put(s, 20, 4);
	put(s, start, 20);
	put(s, 5, 4);
	put(s, 2, 4);
	put_name(s, name);
	finish(s, at);
}

static void put_others(struct seed *s)
{
	size_t at = begin(s, PERF_RECORD_LOST, 0);

	put(s, 1, 8);
	put(s, 2, 8);
	finish(s, at);
	at = begin(s, PERF_RECORD_CGROUP, 0);
	put(s, 5, 8);
	put_name(s, "/a");
	finish(s, at);
	at = begin(s, PERF_RECORD_KSYMBOL, 0);
	put(s, 0xffffffffc0000000, 8);
	put(s, 0x100, 4);
	put(s, 1, 4);
	put_name(s, "bpf_prog_x");
	finish(s, at);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct seed s;

	if (i > 1)
		return NULL;
	s = (struct seed){};
	put(&s, i == 0 ? 0 : RING_BYTES - 200, 2);
	put_exec(&s, 1, "init");
	put_mmap(&s, 1, 0x1000, "/init");
	put_task(&s, PERF_RECORD_FORK, 7, 1);
	put_exec(&s, 7, "x");
	put_mmap(&s, 7, 0x1000, "/x (deleted)");
	put_mmap(&s, 7, 0x2000, "//anon");
	put_mmap(&s, 7, 0x2000, "[vdso]");
	put_others(&s);
	put_task(&s, PERF_RECORD_EXIT, 7, 1);
	put_task(&s, PERF_RECORD_FORK, 7, 1);
	*ret_size = s.size;
	return s.bytes;
}
