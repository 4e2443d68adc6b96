// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-alt.h"

#include <string.h>

#define MAX_CANDIDATES 16
#define ALT_NUMBER 1 /* the binary is 0 */

static void copy_id(const uint8_t *data, size_t size, struct build_id *ret)
{
	ret->n_bytes = size < BUILD_ID_MAX_BYTES ? (uint8_t)size : BUILD_ID_MAX_BYTES;
	memcpy(ret->bytes, data, ret->n_bytes);
}

/* A name, ended by NUL. */
static bool read_name(struct byte_reader *r, char ret[DEBUG_NEED_NAME_BYTES])
{
	size_t size = strnlen((const char *)r->at, bytes_left(r));

	if (size == bytes_left(r) || size >= DEBUG_NEED_NAME_BYTES)
		return false;
	memcpy(ret, r->at, size + 1);
	bytes_skip(r, size + 1);
	return true;
}

static bool open_section(const struct elffile *f, const char *name, struct byte_reader *ret)
{
	Elf_Data *data;

	if (elffile_section_data(f, elffile_find_section(f, name), &data) < 0)
		return false;
	*ret = byte_reader_of(data->d_buf, data->d_size);
	return true;
}

/* A name, and what is left is the build id. */
static bool read_altlink(const struct elffile *f, struct debug_need *ret)
{
	struct byte_reader r;

	if (!open_section(f, ".gnu_debugaltlink", &r) || !read_name(&r, ret->name))
		return false;
	copy_id(r.at, bytes_left(&r), &ret->build_id);
	return true;
}

/* The version, whether this is the alt file itself, its name, and a checksum that both have. */
static bool read_sup(const struct elffile *f, bool *ret_is_alt, struct debug_need *ret)
{
	struct byte_reader r, checksum;

	if (!open_section(f, ".debug_sup", &r) || bytes_fixed(&r, 2) != 5)
		return false;
	*ret_is_alt = bytes_u8(&r) != 0;
	if (r.failed || !read_name(&r, ret->name))
		return false;
	checksum = bytes_take(&r, bytes_uleb(&r));
	copy_id(checksum.at, bytes_left(&checksum), &ret->build_id);
	return !r.failed && ret->build_id.n_bytes > 0;
}

/* Is it the file with that id? */
static bool is_right(const struct elffile *f, const struct build_id *wanted)
{
	struct debug_need own = {};
	struct build_id id;
	bool is_alt;

	elffile_build_id(f, &id);
	if (id.n_bytes > 0 && build_id_equal(&id, wanted))
		return true;
	return read_sup(f, &is_alt, &own) && is_alt && build_id_equal(&own.build_id, wanted);
}

static int open_info(const struct elffile *f, uint64_t *work, struct dwarf_info *ret)
{
	struct dwarf_sections sections;
	int r;

	r = dwarf_sections_open(f, false, &sections);
	if (r == -EFBIG || r == -ENOMEM)
		return DWARF_ALT_TOO_LARGE;
	if (r < 0)
		return r;
	dwarf_info_init(ret, &sections, work);
	ret->number = ALT_NUMBER;
	r = dwarf_info_read_units(ret, &(struct dwarf_piece){ .info_end = sections.all[DWARF_INFO].size });
	if (r < 0)
		dwarf_info_done(ret);
	return r;
}

static int try_file(int fd, const struct build_id *wanted, uint64_t *work, struct dwarf_info *ret)
{
	struct elffile f;
	int r;

	r = elffile_open(fd, &f);
	if (r < 0)
		return r == -EBADMSG ? DWARF_ALT_NONE : r;
	r = is_right(&f, wanted) ? open_info(&f, work, ret) : DWARF_ALT_NONE;
	elffile_done(&f);
	return r == -EBADMSG ? DWARF_ALT_NONE : r;
}

int dwarf_alt_open(const struct elffile *f, const struct debug_source *sources, uint64_t *work, struct dwarf_info *ret)
{
	struct debug_need need = { .kind = DEBUG_NEED_ALT };
	char path[DEBUG_NEED_NAME_BYTES];
	bool is_alt = false;
	int r;

	if (!sources || (!read_altlink(f, &need) && !read_sup(f, &is_alt, &need)) || is_alt)
		return DWARF_ALT_NONE;
	for (; need.candidate < MAX_CANDIDATES; need.candidate++) {
		_cleanup_close_ int fd = -1;

		r = sources->open(sources->context, &need, &fd, path);
		if (r != 0)
			return r == DEBUG_NEED_NONE ? DWARF_ALT_NONE : r;
		r = try_file(fd, &need.build_id, work, ret);
		if (r != DWARF_ALT_NONE)
			return r;
	}
	return DWARF_ALT_NONE;
}
