// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of this machine's programs and libraries against libdw, row for row; with arguments those of these files
 * (tests/long/test-rows). All of a file's text is compared, gaps included.
 */
#include "tests/unit/tool.h"

#include <elf.h>
#include <glob.h>
#include <sys/stat.h>

#include "tests/unit/rows-oracle.h"

#define EVERY 20 /* of the files of a directory */

struct sums {
	struct rows_counts counts;
	size_t n_files;
};

static bool is_elf64(int fd)
{
	Elf64_Ehdr h;

	return pread(fd, &h, sizeof(h), 0) == sizeof(h) && memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 &&
	       h.e_ident[EI_CLASS] == ELFCLASS64 && (h.e_type == ET_EXEC || h.e_type == ET_DYN);
}

static void add(struct rows_counts *to, const struct rows_counts *c)
{
	to->n_fdes += c->n_fdes;
	to->n_libdw_rows += c->n_libdw_rows;
	to->n_rows += c->n_rows;
	to->n_unencodable += c->n_unencodable;
	to->n_bytes += c->n_bytes;
	to->n_index_bytes += c->n_index_bytes;
	to->n_wrong += c->n_wrong;
	if (c->n_rules > to->n_rules)
		to->n_rules = c->n_rules; /* the most that one file has */
}

static void check_file(const char *path, struct sums *sums)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct rows_counts c = {};

	if (fd < 0 || !is_elf64(fd))
		return;
	index = tool_index(fd);
	if (!rows_oracle_file(fd, index, &c)) {
		print_message("%s: no .eh_frame_hdr\n", path);
		return;
	}
	print_message("%s: %zu FDEs, %zu rows of libdw, %zu of ours, %zu rules, %zu unencodable, %zu wrong\n", path,
		      c.n_fdes, c.n_libdw_rows, c.n_rows, c.n_rules, c.n_unencodable, c.n_wrong);
	sums->n_files++;
	add(&sums->counts, &c);
}

static void tell(const struct sums *s)
{
	const struct rows_counts *c = &s->counts;

	print_message("all: %zu files, %zu FDEs, %zu rows of libdw, %zu of ours, at most %zu rules, %zu unencodable "
		      "(%.3f %%), sub-indexes and pages %.1f %%, %zu wrong\n",
		      s->n_files, c->n_fdes, c->n_libdw_rows, c->n_rows, c->n_rules, c->n_unencodable,
		      100.0 * (double)c->n_unencodable / (double)c->n_libdw_rows,
		      100.0 * (double)c->n_index_bytes / (double)c->n_bytes, c->n_wrong);
}

/* Every nth file of a directory, in the order of names. */
static void check_some(const char *pattern, struct sums *sums)
{
	glob_t found = {};

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = EVERY / 2; i < found.gl_pathc; i += EVERY) {
		struct stat st;

		if (lstat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode))
			check_file(found.gl_pathv[i], sums);
	}
	globfree(&found);
}

static void test_sample(void **state)
{
	static const char *const always[] = {
		"/lib/x86_64-linux-gnu/libc.so.6",
		"/lib64/ld-linux-x86-64.so.2",
		"/lib/x86_64-linux-gnu/libcrypto.so.3",
		"/usr/bin/python3",
		"/usr/bin/node",
		"/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1",
		"/usr/lib/x86_64-linux-gnu/libx265.so.199",
		"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so",
	};
	struct sums sums = {};

	for (size_t i = 0; i < ARRAY_SIZE(always); i++)
		check_file(always[i], &sums);
	check_some("/usr/bin/*", &sums);
	check_some("/usr/sbin/*", &sums);
	check_some("/usr/lib/x86_64-linux-gnu/*.so*", &sums);
	tell(&sums);
	assert_true(sums.n_files >= 20);
	assert_int_equal(sums.counts.n_wrong, 0);
	assert_true(sums.counts.n_unencodable * 500 < sums.counts.n_libdw_rows); /* 0.03 % here */
	assert_true(sums.counts.n_index_bytes * 5 < sums.counts.n_bytes);
}

static int check_all(char **paths)
{
	struct sums sums = {};

	for (; *paths; paths++)
		check_file(*paths, &sums);
	tell(&sums);
	return sums.counts.n_wrong != 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
	};

	if (argc > 1)
		return check_all(argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
