// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elffile.h"

#include <nettle/sha2.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "symbolizer/elf-layout.h"

#define NOTES_BYTES ((uint64_t)1 << 20) /* of one note segment; core files have more, programs have hundreds */

/* Where the raw bytes come from, before libelf may see them. */
struct source {
	int fd;
	const char *data; /* NULL: from fd */
	uint64_t size;
};

static int read_source(const struct source *s, void *ret, size_t size, uint64_t offset)
{
	if (offset > s->size || size > s->size - offset)
		return -EBADMSG;
	if (s->data) {
		memcpy(ret, s->data + offset, size);
		return 0;
	}
	return fs_pread_all(s->fd, ret, size, offset) == (ssize_t)size ? 0 : -EBADMSG;
}

/* libelf asks for memory for as many sections as the file says it has. */
static int check_n_sections(const struct source *s, uint64_t offset, uint64_t n, size_t entry_size, size_t size_at,
			    size_t size_size)
{
	if (offset == 0)
		return 0;
	if (n == 0) { /* too many for the header: the first entry's sh_size has the number */
		if (offset > s->size || read_source(s, &n, size_size, offset + size_at) < 0)
			return -EBADMSG;
	}
	if (n > ELFFILE_MAX_SECTIONS || offset > s->size || n * entry_size > s->size - offset)
		return -EBADMSG;
	return 0;
}

static int check_header64(const struct source *s)
{
	Elf64_Ehdr h;

	if (read_source(s, &h, sizeof(h), 0) < 0 || (h.e_shoff && h.e_shentsize != sizeof(Elf64_Shdr)))
		return -EBADMSG;
	return check_n_sections(s, h.e_shoff, h.e_shnum, sizeof(Elf64_Shdr), offsetof(Elf64_Shdr, sh_size),
				sizeof(((Elf64_Shdr *)0)->sh_size));
}

static int check_header32(const struct source *s)
{
	Elf32_Ehdr h;

	if (read_source(s, &h, sizeof(h), 0) < 0 || (h.e_shoff && h.e_shentsize != sizeof(Elf32_Shdr)))
		return -EBADMSG;
	return check_n_sections(s, h.e_shoff, h.e_shnum, sizeof(Elf32_Shdr), offsetof(Elf32_Shdr, sh_size),
				sizeof(((Elf32_Shdr *)0)->sh_size));
}

static int check_source(const struct source *s)
{
	unsigned char ident[EI_NIDENT];

	if (read_source(s, ident, sizeof(ident), 0) < 0 || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return -EBADMSG;
	if (ident[EI_DATA] != ELFDATA2LSB) /* as our hosts are */
		return -EBADMSG;
	switch (ident[EI_CLASS]) {
	case ELFCLASS64:
		return check_header64(s);
	case ELFCLASS32:
		return check_header32(s);
	default:
		return -EBADMSG;
	}
}

static void add_segment(struct elffile *f, const GElf_Phdr *p)
{
	struct index_segment s = {
		.vaddr = p->p_vaddr,
		.mem_bytes = p->p_memsz,
		.file_offset = p->p_offset,
		.file_bytes = p->p_filesz < p->p_memsz ? p->p_filesz : p->p_memsz,
	};

	if (f->n_segments == INDEX_MAX_SEGMENTS || s.mem_bytes == 0)
		return;
	if (s.vaddr + s.mem_bytes < s.vaddr || s.file_offset + s.file_bytes < s.file_offset)
		return;
	f->segments[f->n_segments++] = s;
}

static int read_headers(struct elffile *f)
{
	GElf_Phdr p;

	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &f->ehdr))
		return -EBADMSG;
	if (f->ehdr.e_type != ET_EXEC && f->ehdr.e_type != ET_DYN && f->ehdr.e_type != ET_REL)
		return -EBADMSG;
	if (elf_getphdrnum(f->elf, &f->n_phdrs) < 0)
		f->n_phdrs = 0;
	if (f->n_phdrs > ELFFILE_MAX_PHDRS)
		return -EBADMSG;
	if (elf_getshdrstrndx(f->elf, &f->names) < 0)
		f->names = 0;
	if (f->ehdr.e_type == ET_REL)
		elf_layout(f->elf, f->names, f->segments, &f->n_segments);
	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_LOAD && (p.p_flags & PF_X))
			add_segment(f, &p);
	}
	return 0;
}

static int finish_open(struct elffile *f, struct elffile *ret)
{
	int r;

	r = read_headers(f);
	if (r < 0) {
		elffile_done(f);
		return r;
	}
	*ret = *f;
	return 0;
}

int elffile_open(int fd, struct elffile *ret)
{
	struct elffile f = { .fd = fd };
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	f.n_bytes = (uint64_t)st.st_size;
	r = check_source(&(struct source){ .fd = fd, .size = f.n_bytes });
	if (r < 0)
		return r;
	elf_version(EV_CURRENT);
	f.elf = elf_begin(fd, ELF_C_READ, NULL);
	return finish_open(&f, ret);
}

int elffile_open_memory(char *data, size_t size, struct elffile *ret)
{
	struct elffile f = { .fd = -1, .data = data, .n_bytes = size };
	int r;

	r = check_source(&(struct source){ .data = data, .size = size });
	if (r < 0)
		return r;
	elf_version(EV_CURRENT);
	f.elf = elf_memory(data, size);
	return finish_open(&f, ret);
}

void elffile_done(struct elffile *f)
{
	if (f->elf)
		elf_end(f->elf);
	f->elf = NULL;
}

const struct index_segment *elffile_segment_at(const struct elffile *f, uint64_t vaddr)
{
	for (size_t i = 0; i < f->n_segments; i++) {
		if (vaddr >= f->segments[i].vaddr && vaddr - f->segments[i].vaddr < f->segments[i].mem_bytes)
			return &f->segments[i];
	}
	return NULL;
}

/* The place of vaddr in the file, and how many bytes of its PT_LOAD follow. */
static uint64_t locate(const struct elffile *f, uint64_t vaddr, uint64_t *ret_offset)
{
	GElf_Phdr p;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		uint64_t in, bytes;

		if (!gelf_getphdr(f->elf, (int)i, &p) || p.p_type != PT_LOAD)
			continue;
		in = vaddr - p.p_vaddr;
		if (vaddr < p.p_vaddr || in >= p.p_filesz || p.p_offset > f->n_bytes || in >= f->n_bytes - p.p_offset)
			continue;
		bytes = p.p_filesz - in;
		*ret_offset = p.p_offset + in;
		return bytes < f->n_bytes - *ret_offset ? bytes : f->n_bytes - *ret_offset;
	}
	return 0;
}

uint64_t elffile_bytes_at(const struct elffile *f, uint64_t vaddr)
{
	uint64_t offset;

	return locate(f, vaddr, &offset);
}

int elffile_read_at(const struct elffile *f, uint64_t vaddr, uint64_t size, Elf_Type type, Elf_Data **ret)
{
	uint64_t offset;
	Elf_Data *data;

	if (size == 0 || size > ELFFILE_SECTION_BYTES || locate(f, vaddr, &offset) < size)
		return -EBADMSG;
	data = elf_getdata_rawchunk(f->elf, (int64_t)offset, size, type);
	if (!data || !data->d_buf)
		return -EBADMSG;
	*ret = data;
	return 0;
}

size_t elffile_copy(const struct elffile *f, uint64_t vaddr, void *ret, size_t size)
{
	struct source s = { .fd = f->fd, .data = f->data, .size = f->n_bytes };
	uint64_t offset, bytes = locate(f, vaddr, &offset);

	if (bytes < size)
		size = bytes;
	return size > 0 && read_source(&s, ret, size, offset) == 0 ? size : 0;
}

int elffile_section_data(const struct elffile *f, Elf_Scn *scn, Elf_Data **ret)
{
	GElf_Shdr h;
	Elf_Data *data;

	if (!scn || !gelf_getshdr(scn, &h) || h.sh_type == SHT_NOBITS || (h.sh_flags & SHF_COMPRESSED))
		return -EBADMSG;
	if (h.sh_size == 0 || h.sh_size > ELFFILE_SECTION_BYTES)
		return -EBADMSG;
	if (h.sh_offset > f->n_bytes || h.sh_size > f->n_bytes - h.sh_offset)
		return -EBADMSG;
	errno = 0;
	data = elf_getdata(scn, NULL);
	if (!data || !data->d_buf)
		return errno == ENOMEM ? -ENOMEM : -EBADMSG;
	*ret = data;
	return 0;
}

Elf_Scn *elffile_find_section(const struct elffile *f, const char *name)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;

	if (f->names == 0)
		return NULL;
	while ((scn = elf_nextscn(f->elf, scn))) {
		const char *found = gelf_getshdr(scn, &h) ? elf_strptr(f->elf, f->names, h.sh_name) : NULL;

		if (found && strcmp(found, name) == 0)
			return scn;
	}
	return NULL;
}

/* -- build ids -- */

#define NT_GO_BUILD_ID 4 /* cmd/link/internal/ld/elf.go */

/* A longer one is cut, as the kernel does. */
static void take_gnu(const char *id, size_t size, struct build_id *ret)
{
	*ret = (struct build_id){ .n_bytes = BUILD_ID_MAX_BYTES };
	if (size < BUILD_ID_MAX_BYTES)
		ret->n_bytes = (uint8_t)size;
	memcpy(ret->bytes, id, ret->n_bytes);
}

/* A text of some 80 characters: hashed, as Go's linker from 1.24 on makes a GNU build id of it. */
static void take_go(const char *id, size_t size, struct build_id *ret)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, size, (const uint8_t *)id);
	*ret = (struct build_id){ .n_bytes = BUILD_ID_MAX_BYTES };
	sha256_digest(&ctx, sizeof(ret->bytes), ret->bytes);
}

static const struct note {
	const char owner[4];
	uint32_t type;
	void (*take)(const char *id, size_t size, struct build_id *ret);
} id_notes[] = {
	{ "GNU", NT_GNU_BUILD_ID, take_gnu },
	{ "Go\0", NT_GO_BUILD_ID, take_go },
};

static bool find_note(Elf_Data *data, const struct note *note, struct build_id *ret)
{
	size_t at = 0, next, name_at, desc_at;
	GElf_Nhdr n;

	while ((next = gelf_getnote(data, at, &n, &name_at, &desc_at)) > at) {
		const char *bytes = data->d_buf;

		at = next;
		if (n.n_type != note->type || n.n_namesz != sizeof(note->owner) || n.n_descsz == 0 ||
		    memcmp(bytes + name_at, note->owner, sizeof(note->owner)) != 0)
			continue;
		note->take(bytes + desc_at, n.n_descsz, ret);
		return true;
	}
	return false;
}

static bool find_note_at(const struct elffile *f, uint64_t offset, uint64_t size, uint64_t align,
			 const struct note *note, struct build_id *ret)
{
	Elf_Data *data;

	if (size > NOTES_BYTES || offset > f->n_bytes || size > f->n_bytes - offset)
		return false;
	data = elf_getdata_rawchunk(f->elf, (int64_t)offset, size, align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	return data && data->d_buf && find_note(data, note, ret);
}

static bool find_id(const struct elffile *f, const struct note *note, struct build_id *ret)
{
	Elf_Scn *scn = NULL;
	GElf_Phdr p;
	GElf_Shdr h;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_NOTE &&
		    find_note_at(f, p.p_offset, p.p_filesz, p.p_align, note, ret))
			return true;
	}
	while ((scn = elf_nextscn(f->elf, scn))) {
		if (gelf_getshdr(scn, &h) && h.sh_type == SHT_NOTE &&
		    find_note_at(f, h.sh_offset, h.sh_size, h.sh_addralign, note, ret))
			return true;
	}
	return false;
}

void elffile_build_id(const struct elffile *f, struct build_id *ret)
{
	*ret = (struct build_id){};
	for (size_t i = 0; i < ARRAY_SIZE(id_notes) && ret->n_bytes == 0; i++)
		find_id(f, &id_notes[i], ret);
}
