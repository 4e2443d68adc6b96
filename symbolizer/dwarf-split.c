// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-split.h"

#include <stdio.h>

#include "symbolizer/dwarf-package.h"

#define MAX_CANDIDATES 16
#define FIRST_NUMBER 2 /* behind the binary and what dwz moved out of it */

void dwarf_split_init(struct dwarf_split *s, const struct debug_source *sources, const struct dwarf_info *binary,
		      struct dwarf_names *names)
{
	*s = (struct dwarf_split){ .sources = sources, .binary = binary, .names = names };
}

static void close_dwo(struct dwarf_split *s)
{
	if (!s->has_dwo)
		return;
	dwarf_info_done(&s->dwo);
	dwarf_names_forget_strings(s->names);
	s->has_dwo = false;
}

void dwarf_split_done(struct dwarf_split *s)
{
	close_dwo(s);
	if (s->has_package)
		dwarf_info_done(&s->package);
	s->has_package = false;
}

/* What a split unit has in common with its skeleton. */
static void inherit(struct dwarf_unit *unit, const struct dwarf_unit *skeleton)
{
	unit->addr = skeleton->addr;
	unit->ranges = skeleton->ranges;
	unit->low_pc = skeleton->low_pc;
	unit->stmt_list = skeleton->stmt_list;
	unit->comp_dir = skeleton->comp_dir;
}

/* The unit with the skeleton's id. */
static bool find_unit(struct dwarf_info *info, const struct dwarf_unit *skeleton, struct dwarf_unit **ret)
{
	for (size_t i = 0; i < dwarf_info_n_units(info); i++) {
		struct dwarf_unit *unit = dwarf_info_unit(info, i);

		if (unit->dwo_id != skeleton->dwo_id || unit->is_type || unit->is_bad)
			continue;
		inherit(unit, skeleton);
		*ret = unit;
		return true;
	}
	return false;
}

/* -- files -- */

static int open_info(struct dwarf_split *s, const struct elffile *f, struct dwarf_info *ret)
{
	struct dwarf_sections sections;
	int r;

	r = dwarf_sections_open(f, true, &sections);
	if (r < 0)
		return r;
	dwarf_info_init(ret, &sections, s->binary->work);
	ret->code = s->binary->code;
	ret->alt = s->binary->alt;
	ret->is_dwo = true;
	ret->number = FIRST_NUMBER + s->n_files++;
	return 0;
}

/* true: this is the one. */
static bool accept_package(struct dwarf_split *s, const struct dwarf_unit *skeleton)
{
	struct dwarf_piece piece;

	return dwarf_package_find(&s->package.sections.all[DWARF_CU_INDEX], skeleton->dwo_id, &piece);
}

static int accept_dwo(struct dwarf_split *s, const struct dwarf_unit *skeleton, struct dwarf_unit **ret)
{
	int r;

	r = dwarf_info_read_units(&s->dwo, &(struct dwarf_piece){ .info_end = s->dwo.sections.all[DWARF_INFO].size });
	if (r < 0)
		return r == -EBADMSG ? DWARF_SPLIT_NONE : r;
	return find_unit(&s->dwo, skeleton, ret) ? 0 : DWARF_SPLIT_NONE;
}

/* Opens a file, and looks whether it is the one. */
static int try_file(struct dwarf_split *s, int fd, const struct dwarf_unit *skeleton, bool is_package,
		    struct dwarf_unit **ret)
{
	struct dwarf_info *info = is_package ? &s->package : &s->dwo;
	struct elffile f;
	uint64_t n_bytes;
	int r;

	r = elffile_open(fd, &f);
	if (r < 0)
		return r == -EBADMSG ? DWARF_SPLIT_NONE : r;
	n_bytes = dwarf_sections_size(&f, true);
	r = open_info(s, &f, info);
	elffile_done(&f);
	if (r == -EFBIG || r == -ENOMEM) {
		s->n_too_large++;
		return DWARF_SPLIT_NONE;
	}
	if (r < 0)
		return r == -EBADMSG ? DWARF_SPLIT_NONE : r;
	if (is_package)
		r = accept_package(s, skeleton) ? 0 : DWARF_SPLIT_NONE;
	else
		r = accept_dwo(s, skeleton, ret);
	if (r == 0)
		s->n_bytes += n_bytes;
	else
		dwarf_info_done(info);
	return r;
}

static int try_candidates(struct dwarf_split *s, struct debug_need *need, const struct dwarf_unit *skeleton,
			  struct dwarf_unit **ret)
{
	char path[DEBUG_NEED_NAME_BYTES];
	int r;

	for (; need->candidate < MAX_CANDIDATES; need->candidate++) {
		_cleanup_close_ int fd = -1;

		r = s->sources->open(s->sources->context, need, &fd, path);
		if (r != 0)
			return r == DEBUG_NEED_NONE ? DWARF_SPLIT_NONE : r;
		r = try_file(s, fd, skeleton, need->kind == DEBUG_NEED_DWP, ret);
		if (r != DWARF_SPLIT_NONE)
			return r;
	}
	return DWARF_SPLIT_NONE;
}

/* -- units -- */

/* Asked for once, with the first split unit: a package of other units is none. */
static int open_package(struct dwarf_split *s, const struct dwarf_unit *skeleton)
{
	struct debug_need need = { .kind = DEBUG_NEED_DWP };
	int r;

	if (s->has_asked)
		return 0;
	s->has_asked = true;
	r = try_candidates(s, &need, skeleton, NULL);
	s->has_package = r == 0;
	return r == DWARF_SPLIT_NONE ? 0 : r;
}

static int find_in_package(struct dwarf_split *s, const struct dwarf_unit *skeleton, struct dwarf_unit **ret)
{
	struct dwarf_piece piece;
	int r;

	if (!s->has_package || !dwarf_package_find(&s->package.sections.all[DWARF_CU_INDEX], skeleton->dwo_id, &piece))
		return DWARF_SPLIT_NONE;
	r = dwarf_info_read_units(&s->package, &piece);
	if (r < 0)
		return r == -EBADMSG ? DWARF_SPLIT_NONE : r;
	return find_unit(&s->package, skeleton, ret) ? 0 : DWARF_SPLIT_NONE;
}

/* Cut names would lead elsewhere: they are none. */
static bool copy_name(const char *from, char to[DEBUG_NEED_NAME_BYTES])
{
	return from && snprintf(to, DEBUG_NEED_NAME_BYTES, "%s", from) < DEBUG_NEED_NAME_BYTES;
}

static int find_dwo(struct dwarf_split *s, const struct dwarf_unit *skeleton, struct dwarf_unit **ret)
{
	struct debug_need need = { .kind = DEBUG_NEED_DWO };
	int r;

	close_dwo(s);
	if (!copy_name(skeleton->dwo_name, need.name) ||
	    (skeleton->comp_dir && !copy_name(skeleton->comp_dir, need.dir)))
		return DWARF_SPLIT_NONE;
	r = try_candidates(s, &need, skeleton, ret);
	s->has_dwo = r == 0;
	return r;
}

int dwarf_split_find(struct dwarf_split *s, const struct dwarf_unit *skeleton, struct dwarf_unit **ret)
{
	int r;

	if (!s->sources || skeleton->dwo_id == 0)
		return DWARF_SPLIT_NONE;
	r = open_package(s, skeleton);
	if (r == 0)
		r = find_in_package(s, skeleton, ret);
	return r == DWARF_SPLIT_NONE ? find_dwo(s, skeleton, ret) : r;
}
