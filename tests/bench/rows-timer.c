// SPDX-License-Identifier: Apache-2.0
/*
 * rows timer: CPU time and memory of making one file's unwind rows, for tests/bench/bench-rows. Prints one line of
 * numbers: rows as read, rows as kept, bytes of the section, CPU ns of reading and ordering (the best of RUNS), of
 * checking the section when an index is opened, of libdw enumerating the same rows (none of Go's: 0), the growth of the
 * highest resident size during the first run in bytes, and the number of libdw's rows, one for each that the file has.
 */
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "symbolizer/cfi.h"
#include "symbolizer/go-unwind.h"
#include "symbolizer/index-format.h"
#include "symbolizer/index-unwind.h"
#include "symbolizer/unwind-builder.h"
#include "tests/bench/least.h"

#define RUNS 7

struct result {
	size_t n_read, n_kept, n_bytes, n_libdw;
	uint64_t build_ns, check_ns, libdw_ns;
	size_t peak_bytes;
};

/* A field of /proc/self/status, in bytes. */
static size_t status_bytes(const char *field)
{
	char line[256];
	size_t kib = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, field, strlen(field)) == 0)
			sscanf(line + strlen(field), ": %zu", &kib);
	}
	if (f)
		fclose(f);
	return kib * 1024;
}

static int build(const struct elffile *f, struct result *ret, struct buf *section)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	size_t before;
	uint64_t start;
	int r;

	buf_done(section);
	before = status_bytes("VmRSS");
	start = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	r = unwind_builder_new(&b);
	if (r == 0)
		r = go_unwind_add(f, b);
	if (r == 0)
		r = cfi_add(f, b);
	if (r < 0)
		return r;
	ret->n_read = unwind_builder_n_rows(b);
	r = unwind_builder_finish(b, section);
	keep_least(&ret->build_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
	if (ret->peak_bytes == 0 && status_bytes("VmHWM") > before)
		ret->peak_bytes = status_bytes("VmHWM") - before;
	return r;
}

static int check(const struct elffile *f, const struct buf *section, struct result *ret)
{
	struct index_unwind u;
	uint64_t start = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	int r;

	r = index_unwind_check(section->data, section->size, f->ehdr.e_machine, &u);
	if (r < 0)
		return r;
	keep_least(&ret->check_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
	ret->n_kept = u.n_rows;
	ret->n_bytes = section->size;
	return 0;
}

/* Where libdw has rows one behind the other; in between it is asked byte by byte, which is not part of the time. */
struct stretch {
	Dwarf_Addr start, end;
};

static bool next_row(Dwarf_CFI *cfi, Dwarf_Addr *at)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Addr from;
	bool is_signal;

	if (dwarf_cfi_addrframe(cfi, *at, &frame) < 0)
		return false;
	dwarf_frame_info(frame, &from, at, &is_signal);
	free(frame);
	return true;
}

static int find_stretches(Dwarf_CFI *cfi, Dwarf_Addr at, Dwarf_Addr end, struct buf *ret)
{
	while (at < end) {
		struct stretch s = { .start = at };

		while (at < end && next_row(cfi, &at))
			;
		s.end = at;
		if (s.end > s.start && buf_add(ret, &s, sizeof(s)) < 0)
			return -ENOMEM;
		at += s.end == s.start;
	}
	return 0;
}

/* The second time: libdw keeps what it read of the entries. */
static void time_libdw(const struct elffile *f, const struct buf *section, struct result *ret)
{
	const struct index_unwind_head *head = (const void *)section->data;
	const Dwarf_Addr end = head->base + (Dwarf_Addr)head->n_pages * UNWIND_PAGE_BYTES;
	_cleanup_(buf_done) struct buf stretches = {};
	Dwarf_CFI *cfi = dwarf_getcfi_elf(f->elf);
	uint64_t before;

	if (!cfi || find_stretches(cfi, head->base, end, &stretches) < 0)
		return;
	before = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t i = 0; i < stretches.size / sizeof(struct stretch); i++) {
		const struct stretch *s = (const struct stretch *)(const void *)stretches.data + i;

		for (Dwarf_Addr at = s->start; at < s->end && next_row(cfi, &at);)
			ret->n_libdw++;
	}
	ret->libdw_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
	dwarf_cfi_end(cfi);
}

static int measure(int fd, struct result *ret)
{
	_cleanup_(elffile_done) struct elffile f = {};
	_cleanup_(buf_done) struct buf section = {};
	int r;

	r = elffile_open(fd, &f);
	for (int i = 0; i < RUNS && r == 0; i++)
		r = build(&f, ret, &section);
	for (int i = 0; i < RUNS && r == 0; i++)
		r = check(&f, &section, ret);
	if (r == 0)
		time_libdw(&f, &section, ret);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_close_ int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct result r = {};

	if (fd < 0 || measure(fd, &r) < 0) {
		fprintf(stderr, "usage: rows-timer ELF-FILE\n");
		return 1;
	}
	printf("%zu %zu %zu %lu %lu %lu %zu %zu\n", r.n_read, r.n_kept, r.n_bytes, (unsigned long)r.build_ns,
	       (unsigned long)r.check_ns, (unsigned long)r.libdw_ns, r.peak_bytes, r.n_libdw);
	return 0;
}
