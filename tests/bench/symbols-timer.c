// SPDX-License-Identifier: Apache-2.0
/*
 * symbols timer: CPU time of naming one file's functions from its symbol tables, rows left out, for
 * tests/bench/bench-symbols. Prints one line of numbers: functions, bytes of the index; CPU ns, each the best of RUNS,
 * of the whole, of reading the tables, of gathering names, of writing the file, of opening it; and the growth of the
 * highest resident size during the first run in bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "symbolizer/elf-symbols.h"
#include "symbolizer/index-writer.h"
#include "tests/bench/least.h"

#define RUNS 15

struct result {
	size_t n_functions, n_bytes;
	uint64_t all_ns, read_ns, names_ns, write_ns, open_ns;
	long grown_kib;
};

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static int build(int fd, int out_fd, struct result *ret)
{
	_cleanup_(elf_symbols_done) struct elf_symbols symbols = {};
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_(elffile_done) struct elffile f = {};
	const uint64_t start = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t read, named;
	int r;

	r = elffile_open(fd, &f);
	if (r == 0)
		r = elf_symbols_gather(&f, NULL, &symbols);
	read = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (r == 0)
		r = index_writer_new(f.ehdr.e_machine, &(struct build_id){}, &w);
	if (r == 0) {
		index_writer_keep_names_apart(w); /* as symbolizer/elf-index.c does */
		r = symbols_write(&symbols.all, w);
	}
	named = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (r == 0)
		r = index_writer_finish(w, out_fd);
	keep_least(&ret->all_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
	keep_least(&ret->read_ns, read - start);
	keep_least(&ret->names_ns, named - read);
	keep_least(&ret->write_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - named);
	return r;
}

static int open_index(int fd, struct result *ret)
{
	_cleanup_(index_freep) struct index *index = NULL;
	const uint64_t start = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
	int r;

	r = index_open(fd, &index);
	keep_least(&ret->open_ns, clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
	if (r < 0)
		return r;
	ret->n_functions = index_n_functions(index);
	ret->n_bytes = index_mapped_bytes(index);
	return 0;
}

int main(int argc, char **argv)
{
	_cleanup_close_ int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct result result = {};
	const long kib = peak_kib();

	if (fd < 0) {
		fprintf(stderr, "usage: symbols-timer ELF-FILE\n");
		return 2;
	}
	for (int i = 0; i < RUNS; i++) {
		_cleanup_close_ int out_fd = memfd_create("index", MFD_CLOEXEC);

		if (out_fd < 0 || build(fd, out_fd, &result) < 0 || open_index(out_fd, &result) < 0)
			return 1;
		if (i == 0)
			result.grown_kib = peak_kib() - kib; /* pages of the file are not mapped, and so not resident */
	}
	printf("%zu %zu %lu %lu %lu %lu %lu %ld\n", result.n_functions, result.n_bytes, result.all_ns, result.read_ns,
	       result.names_ns, result.write_ns, result.open_ns, result.grown_kib * 1024);
	return 0;
}
