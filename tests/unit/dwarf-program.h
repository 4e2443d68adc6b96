/* SPDX-License-Identifier: Apache-2.0 */
/* dwarf program: a file whose debug info was read, written as an index, and opened again; what it says as text. */
#pragma once

#include "tests/unit/tool.h"

#include <inttypes.h>
#include <limits.h>

#include "symbolizer/dwarf-debug.h"

#define DWARF_PROGRAM_DEPTH 512

struct dwarf_program {
	int fd;
	struct elffile file;
	struct dwarf_debug *debug;
	struct index *index;
};

/* Where this test keeps the other files of a program: path is the program's. */
struct dwarf_program_files {
	const char *path;
	unsigned int n_asked[DEBUG_NEED_DWO + 1];
};

static inline int dwarf_program_find(void *context, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	struct dwarf_program_files *files = context;
	const char *slash = strrchr(files->path, '/');
	int r;

	files->n_asked[need->kind]++;
	if (need->candidate > 0)
		return DEBUG_NEED_NONE;
	if (need->kind == DEBUG_NEED_DWP)
		r = snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "%s.dwp", files->path);
	else if (need->name[0] == '/')
		r = snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "%s", need->name);
	else if (need->kind == DEBUG_NEED_ALT)
		r = snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "%.*s%s", (int)(slash + 1 - files->path), files->path,
			     need->name);
	else
		r = snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "%s/%s", need->dir, need->name);
	assert_true(r < DEBUG_NEED_NAME_BYTES);
	*ret_fd = open(ret_path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? DEBUG_NEED_NONE : 0;
}

static inline void dwarf_program_index(struct dwarf_program *p, struct index_writer *w)
{
	_cleanup_close_ int out = tool_memory_file("", 0);
	struct index_debug debug;

	dwarf_debug_get(p->debug, &debug);
	index_writer_set_debug(w, &debug);
	assert_int_equal(index_writer_finish(w, out), 0);
	assert_int_equal(index_open(out, &p->index), 0);
}

/* Gives what dwarf_debug_read() gives; the program is to be closed in every case. */
static inline int dwarf_program_open(struct dwarf_program *p, const char *path, struct dwarf_program_files *files)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	const struct debug_source sources = { .open = dwarf_program_find, .context = files };
	struct dwarf_config config = { .sources = files ? &sources : NULL };
	struct build_id id = {};
	int r;

	*p = (struct dwarf_program){ .fd = tool_open(path) };
	config.file = &p->file;
	assert_int_equal(elffile_open(p->fd, &p->file), 0);
	assert_int_equal(index_writer_new(p->file.ehdr.e_machine, &id, &w), 0);
	r = dwarf_debug_read(&config, w, &p->debug);
	if (r == 0)
		dwarf_program_index(p, w);
	return r;
}

static inline void dwarf_program_close(struct dwarf_program *p)
{
	index_free(p->index);
	dwarf_debug_free(p->debug);
	elffile_done(&p->file);
	close_fd(p->fd);
}

static inline const char *dwarf_program_base(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return !path ? "-" : slash ? slash + 1 : path;
}

/* "NAME/START_LINE FILE:LINE < ...", innermost first; of files only the last part. "": nothing is known. */
static inline void dwarf_program_at(const struct dwarf_program *p, uint64_t address, struct buf *ret)
{
	struct index_frame frames[DWARF_PROGRAM_DEPTH];
	size_t n = index_lookup(p->index, address, frames, DWARF_PROGRAM_DEPTH);

	buf_clear(ret);
	assert_int_equal(buf_reserve(ret, 0), 0);
	for (size_t i = 0; i < n; i++) {
		const struct index_frame *f = &frames[i];

		assert_int_equal(f->inlined, i + 1 < n);
		assert_int_equal(buf_printf(ret, "%s%s/%u %s:%u", i ? " < " : "",
					    f->linkage_name ? f->linkage_name : "?", f->start_line,
					    dwarf_program_base(f->file), f->line),
				 0);
	}
}

struct dwarf_program_expected {
	uint64_t address;
	const char *text;
};

static inline void dwarf_program_expect(const struct dwarf_program *p, const struct dwarf_program_expected *all,
					size_t n)
{
	_cleanup_(buf_done) struct buf text = {};

	for (size_t i = 0; i < n; i++) {
		dwarf_program_at(p, all[i].address, &text);
		if (strcmp(text.data, all[i].text) != 0)
			fail_msg("0x%" PRIx64 ": \"%s\", expected \"%s\"", all[i].address, text.data, all[i].text);
	}
}

/* DIR/NAME.s is assembled, and linked so that .text is at 0x401000. */
static inline void dwarf_program_assemble(const char *dir, const char *name, const char *source)
{
	char file[64];

	assert_true(snprintf(file, sizeof(file), "%s.s", name) < (int)sizeof(file));
	tool_write(dir, file, source);
	tool_run("cd '%s' && as --64 -o %s.o %s.s && ld -Ttext=0x401000 -e 0x401000 -o %s %s.o", dir, name, name, name,
		 name);
}

static inline int dwarf_program_open_in(struct dwarf_program *p, const char *dir, const char *name)
{
	char path[PATH_MAX];

	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path));
	return dwarf_program_open(p, path, NULL);
}
