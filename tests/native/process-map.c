// SPDX-License-Identifier: Apache-2.0
#include "tests/native/process-map.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/fsutil.h"
#include "symbolizer/elf-index.h"
#include "tests/native/dw-rows.h"

#define BLOCK_SHIFT 8

struct mapped {
	uint64_t start, end, offset;
	char path[256];
};

static bool parse_line(const char *line, struct mapped *ret)
{
	char perms[8];

	ret->path[0] = '\0';
	return sscanf(line, "%lx-%lx %7s %lx %*s %*s %255[^\n]", &ret->start, &ret->end, perms, &ret->offset,
		      ret->path) >= 4 &&
	       perms[2] == 'x';
}

/* The vdso has no file: its bytes. */
static int open_vdso(pid_t pid, const struct mapped *m)
{
	_cleanup_close_ int mem = -1, fd = memfd_create("vdso", MFD_CLOEXEC);
	char path[64], data[4096];
	ssize_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (mem < 0 || fd < 0)
		return -errno;
	for (uint64_t at = m->start; at < m->end; at += (uint64_t)n) {
		n = pread(mem, data, sizeof(data), (off_t)at);
		if (n <= 0 || fs_write_all(fd, data, (size_t)n) < 0)
			return -EIO;
	}
	return take_fd(fd);
}

static int open_mapped(pid_t pid, const struct mapped *m)
{
	char path[320];
	int fd;

	if (strcmp(m->path, "[vdso]") == 0)
		return open_vdso(pid, m);
	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", (int)pid, m->start, m->end);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The virtual address of what is mapped from this offset. */
static uint64_t vaddr_of(int fd, uint64_t offset)
{
	uint64_t vaddr = offset;
	GElf_Phdr ph;
	size_t n;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf_getphdrnum(elf, &n) != 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(elf, (int)i, &ph) && ph.p_type == PT_LOAD && (ph.p_flags & PF_X) &&
		    offset >= (ph.p_offset & ~4095UL) && offset < ph.p_offset + ph.p_filesz)
			vaddr = ph.p_vaddr + offset - ph.p_offset;
	elf_end(elf);
	return vaddr;
}

static int add_indexed(struct unwind_space *s, int fd)
{
	_cleanup_close_ int out = memfd_create("index", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	_cleanup_(index_freep) struct index *index = NULL;
	struct index_unwind table;
	struct build_id id;

	if (elf_index_build(fd, out, NULL, &id) < 0 || index_open(out, &index) < 0 || !index_unwind(index, &table))
		return unwind_space_add_state(s, UNWIND_TABLE_FRAME_POINTERS);
	return unwind_space_add_table(s, &table);
}

static int add_rows(struct unwind_space *s, int fd)
{
	_cleanup_free_ struct table_row *rows = NULL;
	struct row_table table;
	size_t n;
	int r;

	r = dw_rows_read(fd, &rows, &n);
	if (r < 0)
		return unwind_space_add_state(s, UNWIND_TABLE_FRAME_POINTERS);
	r = row_table_init(&table, rows, n, BLOCK_SHIFT);
	if (r == 0)
		r = unwind_space_add_table(s, &table.table);
	row_table_done(&table);
	return r;
}

static int add_file(struct unwind_space *s, enum table_source source, int fd)
{
	return source == TABLES_OF_INDEXER ? add_indexed(s, fd) : add_rows(s, fd);
}

static int add_mapped(pid_t pid, enum table_source source, struct unwind_space *s, const struct mapped *m,
		      struct unwind_extent *ret)
{
	_cleanup_close_ int fd = -1;
	int table;

	*ret = (struct unwind_extent){ .start = m->start, .n_pages = (uint32_t)((m->end - m->start) / 4096) };
	fd = m->path[0] == '/' || strcmp(m->path, "[vdso]") == 0 ? open_mapped(pid, m) : -1;
	if (fd >= 0)
		ret->vaddr = vaddr_of(fd, m->offset);
	table = fd >= 0 ? add_file(s, source, fd) : unwind_space_add_state(s, UNWIND_TABLE_JIT);
	if (table < 0)
		return table;
	ret->table = (uint32_t)table;
	return 0;
}

int process_map_read(pid_t pid, enum table_source source, struct unwind_space *s, struct process_map *ret)
{
	char path[64], line[512];
	int r = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	ret->n = 0;
	while (r == 0 && fgets(line, sizeof(line), f)) {
		struct mapped m;

		if (!parse_line(line, &m) || m.start >= 1UL << 56)
			continue; /* not code, or the vsyscall page */
		r = ret->n == PROCESS_MAP_MAX ? -ENOSPC : add_mapped(pid, source, s, &m, &ret->extents[ret->n]);
		ret->n++;
	}
	fclose(f);
	return r;
}
