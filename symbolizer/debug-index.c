// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/debug-index.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "symbolizer/debuglink.h"
#include "symbolizer/dwarf-debug.h"
#include "symbolizer/elf-symbols.h"
#include "symbolizer/elffile.h"
#include "symbolizer/go-binary.h"
#include "symbolizer/go-lines.h"
#include "symbolizer/index-writer.h"

#define LOST_BYTES 160    /* three numbers and what they are of */
#define MAX_CANDIDATES 64 /* for one name: a place in each of some directories */

/* How much a file can add to what is there, worst first. */
enum worth {
	WORTH_NOTHING,
	WORTH_SYMBOLS,
	WORTH_DEBUG_INFO,
};

struct build {
	const struct debug_index_config *config;
	struct elffile binary;
	struct build_id id;
	/* The separate file that is worth most. */
	int debug_fd; /* -1: none */
	enum worth debug_worth;
	char debug_path[DEBUG_NEED_NAME_BYTES];
	const char *origin; /* of what was read: debug_source of the index */
	struct dwarf_debug *dwarf;
	struct go_lines *go;
};

static void build_done(struct build *b)
{
	dwarf_debug_free(b->dwarf);
	go_lines_free(b->go);
	elffile_done(&b->binary);
	b->debug_fd = close_fd(b->debug_fd);
}

static int tell_size(const struct build *b, uint64_t n_bytes)
{
	const struct debug_index_config *c = b->config;

	return c->on_size ? c->on_size(c->context, n_bytes) : 0;
}

static bool has_section(const struct elffile *f, const char *name)
{
	Elf_Scn *scn = elffile_find_section(f, name);
	GElf_Shdr h;

	return scn && gelf_getshdr(scn, &h) && h.sh_type != SHT_NOBITS && h.sh_size > 0;
}

static enum worth worth_of(const struct elffile *f)
{
	if (has_section(f, ".debug_info") || has_section(f, ".zdebug_info"))
		return WORTH_DEBUG_INFO;
	return has_section(f, ".symtab") ? WORTH_SYMBOLS : WORTH_NOTHING;
}

/* Is it of this very binary? */
static bool is_partner(const struct build *b, const struct elffile *f)
{
	struct build_id id;

	elffile_build_id(f, &id);
	if (id.n_bytes && b->id.n_bytes && !build_id_equal(&id, &b->id))
		return false;
	return f->ehdr.e_machine == b->binary.ehdr.e_machine &&
	       f->ehdr.e_ident[EI_CLASS] == b->binary.ehdr.e_ident[EI_CLASS];
}

/* A candidate that does not fit is no fault; only lack of memory is. */
static int look_at(struct build *b, int fd, const char *path)
{
	_cleanup_close_ int owned = fd;
	struct elffile f = {};
	enum worth worth = WORTH_NOTHING;
	int r;

	r = elffile_open(fd, &f);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (is_partner(b, &f))
		worth = worth_of(&f);
	elffile_done(&f);
	if (worth <= b->debug_worth)
		return 0;
	close_fd(b->debug_fd);
	b->debug_fd = take_fd(owned);
	b->debug_worth = worth;
	memcpy(b->debug_path, path, strnlen(path, sizeof(b->debug_path) - 1) + 1);
	b->debug_path[sizeof(b->debug_path) - 1] = 0;
	return 0;
}

/* 1: it has the CRC that the link asks for; 0: another, or it cannot be read. */
static int fits_link(const struct build *b, int fd, const struct debuglink *link)
{
	uint32_t crc;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return 0;
	r = tell_size(b, (uint64_t)st.st_size);
	if (r == 0)
		r = debuglink_crc(fd, &crc);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return crc == link->crc;
}

/* All candidates for a need, until one has debug info. link: what it must fit; NULL: the build id is enough. */
static int try_candidates(struct build *b, struct debug_need *need, const struct debuglink *link)
{
	const struct debug_source *source = b->config->source;

	for (; need->candidate < MAX_CANDIDATES && b->debug_worth < WORTH_DEBUG_INFO; need->candidate++) {
		_cleanup_close_ int fd = -1;
		char path[DEBUG_NEED_NAME_BYTES] = "";
		int r;

		r = source->open(source->context, need, &fd, path);
		if (r != 0)
			return r < 0 ? r : 0;
		r = link ? fits_link(b, fd, link) : 1;
		if (r == 1)
			r = look_at(b, take_fd(fd), path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int find_by_build_id(struct build *b)
{
	struct debug_need need = { .kind = DEBUG_NEED_FILE, .build_id = b->id };

	return b->id.n_bytes ? try_candidates(b, &need, NULL) : 0;
}

static int find_by_link(struct build *b)
{
	struct debug_need need = { .kind = DEBUG_NEED_FILE };
	struct debuglink link;
	int r;

	r = debuglink_read(&b->binary, &link);
	if (r != 0)
		return r < 0 ? r : 0;
	memcpy(need.name, link.name, sizeof(link.name));
	return try_candidates(b, &need, &link);
}

static int find_debug_file(struct build *b)
{
	int r;

	if (worth_of(&b->binary) == WORTH_DEBUG_INFO)
		return 0;
	r = find_by_build_id(b);
	return r == 0 ? find_by_link(b) : r;
}

/* In a scope of its own: libelf keeps what it has read until its file is closed. */
static int add_symbols(struct build *b, struct index_writer *w)
{
	_cleanup_(elf_symbols_done) struct elf_symbols symbols = {};
	_cleanup_(elffile_done) struct elffile binary = {}, debug = {};
	int r;

	r = elffile_open(b->config->fd, &binary);
	if (r == 0 && b->debug_fd >= 0)
		r = elffile_open(b->debug_fd, &debug);
	if (r == 0)
		r = elf_symbols_gather(&binary, b->debug_fd >= 0 ? &debug : NULL, &symbols);
	return r == 0 ? symbols_write(&symbols.all, w) : r;
}

/* 0, DWARF_NONE, or -errno. */
static int add_dwarf(struct build *b, struct index_writer *w)
{
	bool is_separate = b->debug_worth == WORTH_DEBUG_INFO;
	_cleanup_(elffile_done) struct elffile file = {};
	const struct dwarf_config config = {
		.file = &file,
		.sources = b->config->source,
		.on_size = b->config->on_size,
		.context = b->config->context,
	};
	struct index_debug debug;
	int r;

	r = elffile_open(is_separate ? b->debug_fd : b->config->fd, &file);
	if (r == 0)
		r = dwarf_debug_read(&config, w, &b->dwarf);
	if (r != 0)
		return r;
	dwarf_debug_get(b->dwarf, &debug);
	index_writer_set_debug(w, &debug);
	b->origin = is_separate ? b->debug_path : b->config->path;
	return 0;
}

/* 0, GO_LINES_NONE, or -errno. */
static int add_go(struct build *b, struct index_writer *w)
{
	struct index_debug debug;
	int r;

	r = go_lines_read(&b->binary, w, &b->go);
	if (r != 0)
		return r;
	go_lines_get(b->go, &debug);
	index_writer_set_debug(w, &debug);
	b->origin = "pclntab";
	return 0;
}

/* The best that there is; DEBUG_INDEX_NONE: nothing that the symbol tables of the binary do not tell. */
static int add_debug(struct build *b, struct index_writer *w)
{
	int dwarf, r;

	dwarf = add_dwarf(b, w);
	if (dwarf == 0)
		return 0;
	r = add_go(b, w);
	if (r <= 0)
		return r;
	if (dwarf < 0)
		return dwarf;
	if (b->debug_worth < WORTH_SYMBOLS)
		return DEBUG_INDEX_NONE;
	b->origin = b->debug_path;
	return 0;
}

/* What of the debug info is not in the index; "": nothing. */
static void tell_lost(const struct dwarf_debug_stats *s, char ret[static LOST_BYTES])
{
	const struct {
		uint64_t n;
		const char *what;
	} rows[] = {
		{ s->n_large_files, "files too large" },
		{ s->n_missing_dwo, "split units not found" },
		{ s->n_damaged_units, "units damaged" },
	};
	int n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].n)
			n += snprintf(ret + n, (size_t)(LOST_BYTES - n), "%s%" PRIu64 " %s",
				      n ? ", " : "in part: ", rows[i].n, rows[i].what);
	}
}

static int set_origin(const struct build *b, struct index_writer *w)
{
	struct index_origin origin = { .path = b->config->path, .debug_source = b->origin };
	char lost[LOST_BYTES];

	if (b->dwarf) {
		tell_lost(dwarf_debug_stats(b->dwarf), lost);
		origin.failure = lost[0] ? lost : NULL;
	}
	return index_writer_set_origin(w, &origin);
}

static int write_index(struct build *b)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	int r;

	r = index_writer_new(b->binary.ehdr.e_machine, &b->id, &w);
	for (size_t i = 0; i < b->binary.n_segments && r == 0; i++)
		r = index_writer_add_segment(w, &b->binary.segments[i]);
	if (r == 0)
		r = add_symbols(b, w);
	if (r == 0)
		r = add_debug(b, w);
	if (r != 0)
		return r;
	r = set_origin(b, w);
	return r == 0 ? index_writer_finish(w, b->config->out_fd) : r;
}

/* Most binaries have nothing: their symbols need not be read for that. */
static bool is_promising(const struct build *b)
{
	struct go_binary go;

	return worth_of(&b->binary) == WORTH_DEBUG_INFO || b->debug_worth > WORTH_NOTHING ||
	       go_binary_open(&b->binary, &go) == 0;
}

int debug_index_build(const struct debug_index_config *config, struct build_id *ret)
{
	_cleanup_(build_done) struct build b = { .config = config, .debug_fd = -1 };
	int r;

	r = elffile_open(config->fd, &b.binary);
	if (r < 0)
		return r;
	elffile_build_id(&b.binary, &b.id);
	*ret = b.id; /* also of what has no debug info */
	r = find_debug_file(&b);
	if (r < 0)
		return r;
	return is_promising(&b) ? write_index(&b) : DEBUG_INDEX_NONE;
}
