// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-symtab.h"

#include <string.h>

#define AHEAD 8

/* One symbol table while it is read. */
struct table {
	const struct elffile *file, *image;
	Elf_Scn *strings_section; /* read when the first name is asked for */
	Elf_Data *symbols, *strings;
	size_t n;
	enum symbol_source source;
	GElf_Shdr section; /* of the last symbol: they come in runs */
	size_t section_index;
	bool has_sections;
};

static const GElf_Shdr *section_of(struct table *t, size_t index)
{
	if (index != t->section_index) {
		if (!gelf_getshdr(elf_getscn(t->file->elf, index), &t->section))
			return NULL;
		t->section_index = index;
	}
	return &t->section;
}

/* Assemblers mark ARM code and data by $x and $d (Swift calls functions $s...), and keep .L labels when asked to. */
static bool is_marker(const struct symbol *s)
{
	const char *name = s->name;

	return s->name_bytes == 0 || (name[0] == '$' && s->untyped) ||
	       (s->name_bytes > 1 && name[0] == '.' && name[1] == 'L');
}

/* -ENOMEM; 0 also where there are none. */
static int read_strings(struct table *t)
{
	int r = 0;

	if (t->strings_section)
		r = elffile_section_data(t->file, t->strings_section, &t->strings);
	t->strings_section = NULL;
	return r == -ENOMEM ? r : 0;
}

static bool set_name(const struct table *t, size_t offset, struct symbol *s)
{
	const char *version;
	size_t room;

	if (!t->strings || offset >= t->strings->d_size)
		return false;
	room = t->strings->d_size - offset;
	s->name = (const char *)t->strings->d_buf + offset;
	s->name_bytes = (uint16_t)strnlen(s->name, room < SYMBOL_NAME_BYTES ? room : SYMBOL_NAME_BYTES);
	version = memchr(s->name, '@', s->name_bytes); /* linkers leave name@@VERSION in .symtab */
	if (version && version != s->name)
		s->name_bytes = (uint16_t)(version - s->name);
	return !is_marker(s);
}

static bool set_kind(const GElf_Sym *sym, struct symbol *s)
{
	switch (GELF_ST_TYPE(sym->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		break;
	case STT_NOTYPE:
		s->untyped = true;
		break;
	default:
		return false;
	}
	switch (GELF_ST_BIND(sym->st_info)) {
	case STB_LOCAL:
		s->binding = SYMBOL_LOCAL;
		break;
	case STB_WEAK:
		s->binding = SYMBOL_WEAK;
		break;
	default:
		s->binding = SYMBOL_GLOBAL;
	}
	return true;
}

static bool set_range(struct table *t, const GElf_Sym *sym, struct symbol *s)
{
	const GElf_Shdr *section =
		t->has_sections && sym->st_shndx < SHN_LORESERVE ? section_of(t, sym->st_shndx) : NULL;
	const struct index_segment *segment;
	uint64_t limit, end;

	s->start = sym->st_value;
	if (t->file->ehdr.e_type == ET_REL)
		s->start += section ? section->sh_addr : 0;
	segment = elffile_segment_at(t->image, s->start);
	if (!segment)
		return false;
	limit = segment->vaddr + segment->mem_bytes;
	if (s->untyped && (!section || !(section->sh_flags & SHF_EXECINSTR)))
		return false;
	if (section && section->sh_addr <= s->start && s->start - section->sh_addr <= section->sh_size &&
	    section->sh_addr + section->sh_size < limit)
		limit = section->sh_addr + section->sh_size;
	s->sized = sym->st_size != 0;
	if (!s->sized || __builtin_add_overflow(s->start, sym->st_size, &end) || end > limit)
		end = limit;
	s->end = end;
	return s->start < end;
}

/*
 * A name at the same place that wins over this one, and has no need of its size: linkers write all of .dynsym into
 * .symtab, too, and half of the time would be spent on names that lose.
 */
static bool is_known_better(const struct symbols *known, const struct symbol *s)
{
	const struct symbol *other = symbols_find(known, s->start);

	return other && other->sized && !other->untyped && other->binding <= s->binding && other->source < s->source;
}

/* Names lie anywhere: the memory of one that comes later is asked for. */
static void fetch_name(const struct table *t, size_t symbol)
{
	GElf_Sym sym;

	if (t->strings && gelf_getsym(t->symbols, (int)symbol, &sym) && sym.st_name < t->strings->d_size)
		__builtin_prefetch((const char *)t->strings->d_buf + sym.st_name);
}

static int read_table(struct table *t, struct symbols *ret)
{
	GElf_Sym sym;
	int r;

	if (t->n > SYMBOLS_MAX)
		return -EFBIG;
	for (size_t i = 1; i < t->n && gelf_getsym(t->symbols, (int)i, &sym); i++) {
		struct symbol s = { .source = t->source };

		fetch_name(t, i + AHEAD);
		if (sym.st_shndx == SHN_UNDEF || !set_kind(&sym, &s) || !set_range(t, &sym, &s) ||
		    is_known_better(ret, &s))
			continue;
		r = read_strings(t);
		if (r == 0 && set_name(t, sym.st_name, &s))
			r = symbols_add(ret, &s);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_section(struct table *t, Elf_Scn *scn, struct symbols *ret)
{
	GElf_Shdr h;
	int r;

	r = elffile_section_data(t->file, scn, &t->symbols);
	if (r < 0 || !gelf_getshdr(scn, &h))
		return r == -ENOMEM ? r : 0; /* a damaged table has no names to give */
	t->strings_section = elf_getscn(t->file->elf, h.sh_link);
	t->n = t->symbols->d_size / gelf_fsize(t->file->elf, ELF_T_SYM, 1, EV_CURRENT);
	return read_table(t, ret);
}

/* DT_HASH says how many symbols there are; DT_GNU_HASH must be walked to the end of its last chain. */
static uint64_t count_gnu_hash(const struct elffile *f, uint64_t addr)
{
	size_t word = gelf_getclass(f->elf) == ELFCLASS64 ? 8 : 4;
	const uint32_t *head, *chains;
	uint64_t n_buckets, first, n_bloom, last = 0, chains_at, n_chains;
	Elf_Data *data;

	if (elffile_read_at(f, addr, 16, ELF_T_WORD, &data) < 0)
		return 0;
	head = data->d_buf;
	n_buckets = head[0];
	first = head[1];
	n_bloom = head[2];
	if (elffile_read_at(f, addr + 16 + n_bloom * word, n_buckets * 4, ELF_T_WORD, &data) < 0)
		return 0;
	for (uint64_t i = 0; i < n_buckets; i++) {
		if (((const uint32_t *)data->d_buf)[i] > last)
			last = ((const uint32_t *)data->d_buf)[i];
	}
	if (last < first)
		return first;
	chains_at = addr + 16 + n_bloom * word + n_buckets * 4 + (last - first) * 4;
	n_chains = elffile_bytes_at(f, chains_at) / 4;
	if (n_chains > SYMBOLS_MAX)
		n_chains = SYMBOLS_MAX;
	if (elffile_read_at(f, chains_at, n_chains * 4, ELF_T_WORD, &data) < 0)
		return 0;
	chains = data->d_buf;
	for (uint64_t i = 0; i < n_chains; i++) {
		if (chains[i] & 1)
			return last + i + 1;
	}
	return 0;
}

static uint64_t count_hash(const struct elffile *f, uint64_t addr)
{
	Elf_Data *data;

	if (elffile_read_at(f, addr, 8, ELF_T_WORD, &data) < 0)
		return 0;
	return ((const uint32_t *)data->d_buf)[1];
}

struct dynamic {
	uint64_t symtab, strtab, strtab_bytes, hash, gnu_hash;
};

static void read_dynamic(Elf_Data *data, struct dynamic *ret)
{
	GElf_Dyn d;

	for (int i = 0; gelf_getdyn(data, i, &d) && d.d_tag != DT_NULL; i++) {
		switch (d.d_tag) {
		case DT_SYMTAB:
			ret->symtab = d.d_un.d_ptr;
			break;
		case DT_STRTAB:
			ret->strtab = d.d_un.d_ptr;
			break;
		case DT_STRSZ:
			ret->strtab_bytes = d.d_un.d_val;
			break;
		case DT_HASH:
			ret->hash = d.d_un.d_ptr;
			break;
		case DT_GNU_HASH:
			ret->gnu_hash = d.d_un.d_ptr;
			break;
		default:
			break;
		}
	}
}

static int read_dynamic_table(struct table *t, const GElf_Phdr *p, struct symbols *ret)
{
	size_t entry = gelf_fsize(t->file->elf, ELF_T_SYM, 1, EV_CURRENT);
	struct dynamic d = {};
	Elf_Data *data;
	uint64_t n;

	if (elffile_read_at(t->file, p->p_vaddr, p->p_filesz, ELF_T_DYN, &data) < 0)
		return 0;
	read_dynamic(data, &d);
	n = d.hash ? count_hash(t->file, d.hash) : 0;
	if (n == 0 && d.gnu_hash)
		n = count_gnu_hash(t->file, d.gnu_hash);
	if (n > SYMBOLS_MAX)
		return -EFBIG;
	if (elffile_read_at(t->file, d.symtab, n * entry, ELF_T_SYM, &t->symbols) < 0 ||
	    elffile_read_at(t->file, d.strtab, d.strtab_bytes, ELF_T_BYTE, &t->strings) < 0)
		return 0;
	t->n = n;
	return read_table(t, ret);
}

static int add_from_dynamic(const struct elffile *f, const struct elffile *image, struct symbols *ret)
{
	struct table t = { .file = f, .image = image, .source = SYMBOL_DYNSYM };
	GElf_Phdr p;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_DYNAMIC)
			return read_dynamic_table(&t, &p, ret);
	}
	return 0;
}

/* The first section of a kind, NULL: none. There is one of each: a thousand would be an attack. */
static Elf_Scn *find_table(const struct elffile *f, uint32_t type)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;

	while ((scn = elf_nextscn(f->elf, scn))) {
		if (gelf_getshdr(scn, &h) && h.sh_type == type)
			return scn;
	}
	return NULL;
}

int elf_symtab_add(const struct elffile *f, const struct elffile *image, enum symbol_source symtab_source,
		   struct symbols *ret)
{
	struct table symtab = { .file = f, .image = image, .source = symtab_source, .has_sections = true };
	struct table dynsym = { .file = f, .image = image, .source = SYMBOL_DYNSYM, .has_sections = true };
	int r;

	if (!elf_nextscn(f->elf, NULL))
		return add_from_dynamic(f, image, ret);
	r = read_section(&symtab, find_table(f, SHT_SYMTAB), ret);
	if (r == 0)
		r = symbols_settle(ret);
	return r == 0 ? read_section(&dynsym, find_table(f, SHT_DYNSYM), ret) : r;
}
