// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/finisher-module.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/elffile.h"

/* DWARF exception header encodings (Linux Standard Base, 10.5.1). */
#define EH_PE_OMIT 0xff
#define EH_PE_FORMAT 0x0f
#define EH_PE_APPLICATION 0x70
#define EH_PE_PCREL 0x10
#define EH_PE_INDIRECT 0x80

#define NO_CIE UINT64_MAX
#define MAX_LETTERS 16   /* of a CIE's augmentation; compilers use five */
#define MAX_LEB_BYTES 10 /* hold 64 bits */

/* A place in .eh_frame; reads beyond the end give 0 and set `failed`. */
struct cursor {
	const struct finisher_module *m;
	size_t at, end;
	bool failed;
};

static uint64_t read_fixed(struct cursor *c, size_t size)
{
	uint64_t value = 0;

	if (c->failed || c->end - c->at < size) {
		c->failed = true;
		return 0;
	}
	memcpy(&value, c->m->eh_frame + c->at, size); /* little-endian, as all that we run on */
	c->at += size;
	return value;
}

static uint64_t read_leb(struct cursor *c)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < MAX_LEB_BYTES; i++) {
		uint64_t byte = read_fixed(c, 1);

		value |= (byte & 0x7f) << (7 * i);
		if (!(byte & 0x80))
			return value;
	}
	c->failed = true;
	return 0;
}

/* Without what it is relative to. */
static uint64_t read_plain(struct cursor *c, uint8_t encoding)
{
	switch (encoding & EH_PE_FORMAT) {
	case 0x0: /* absptr */
	case 0x4: /* udata8 */
	case 0xc: /* sdata8 */
		return read_fixed(c, 8);
	case 0x1: /* uleb128 */
	case 0x9: /* sleb128, whose sign nobody here asks for */
		return read_leb(c);
	case 0x2: /* udata2 */
		return read_fixed(c, 2);
	case 0x3: /* udata4 */
		return read_fixed(c, 4);
	case 0xa: /* sdata2 */
		return (uint64_t)(int64_t)(int16_t)read_fixed(c, 2);
	case 0xb: /* sdata4 */
		return (uint64_t)(int64_t)(int32_t)read_fixed(c, 4);
	default:
		c->failed = true;
		return 0;
	}
}

static uint64_t read_address(struct cursor *c, uint8_t encoding)
{
	uint64_t here = c->m->eh_frame_vaddr + c->at, value = read_plain(c, encoding);

	switch (encoding & (EH_PE_APPLICATION | EH_PE_INDIRECT)) {
	case 0:
		return value;
	case EH_PE_PCREL:
		return here + value;
	default: /* no linker writes that into an FDE */
		c->failed = true;
		return 0;
	}
}

/* What a CIE says of its FDEs. */
struct cie {
	uint64_t at;
	uint8_t address_encoding;
	bool is_signal;
};

static void read_augmentation(struct cursor *c, const char *letters, struct cie *ret)
{
	read_leb(c); /* its size */
	for (; *letters && !c->failed; letters++) {
		switch (*letters) {
		case 'R':
			ret->address_encoding = (uint8_t)read_fixed(c, 1);
			break;
		case 'P': /* of the personality routine */
			read_plain(c, (uint8_t)read_fixed(c, 1));
			break;
		case 'L':
			read_fixed(c, 1);
			break;
		case 'S':
			ret->is_signal = true;
			break;
		case 'B': /* aarch64: return addresses are signed by key B */
			break;
		default: /* so nobody knows what follows; FDEs may be read if 'R' came before */
			return;
		}
	}
}

/* c stands behind the id. */
static bool read_cie(struct cursor *c, uint64_t at, struct cie *ret)
{
	struct cie cie = { .at = at };
	uint8_t version = (uint8_t)read_fixed(c, 1);
	const char *letters = (const char *)c->m->eh_frame + c->at;
	size_t n_left = c->end - c->at, n_letters = strnlen(letters, n_left < MAX_LETTERS ? n_left : MAX_LETTERS);

	c->at += n_letters;
	if (read_fixed(c, 1) != 0) /* does not end where it should */
		return false;
	read_leb(c); /* code and data alignment */
	read_leb(c);
	if (version == 1)
		read_fixed(c, 1); /* the return address's column */
	else
		read_leb(c);
	if (letters[0] == 'z')
		read_augmentation(c, letters + 1, &cie);
	if (c->failed || (version != 1 && version != 3))
		return false;
	*ret = cie;
	return true;
}

static int add_fde(struct finisher_module *m, size_t *capacity, const struct finisher_fde *fde)
{
	if (m->n_fdes == *capacity) {
		size_t more = *capacity ? 2 * *capacity : 256;
		struct finisher_fde *fdes = reallocarray(m->fdes, more, sizeof(*fdes));

		if (!fdes)
			return -ENOMEM;
		m->fdes = fdes;
		*capacity = more;
	}
	m->fdes[m->n_fdes++] = *fde;
	return 0;
}

/* One CIE or FDE: its bytes from `start`, the id at c->at. */
struct entry {
	size_t start, id_at, end;
	uint64_t id;
};

/* Moves c to the next entry; false: there is none. */
static bool next_entry(struct cursor *c, struct entry *ret)
{
	uint64_t size = 0;

	do { /* a terminator in the middle is what a linker left of an object's end */
		ret->start = c->at;
		size = read_fixed(c, 4);
	} while (size == 0 && !c->failed);
	if (size == UINT32_MAX)
		size = read_fixed(c, 8);
	ret->id_at = c->at;
	if (c->failed || size > c->end - c->at || size < 4)
		return false;
	ret->end = c->at + size;
	ret->id = read_fixed(c, 4);
	return true;
}

static bool find_cie(const struct finisher_module *m, uint64_t at, struct cie *ret)
{
	struct cursor c = { .m = m, .at = at, .end = m->eh_frame_bytes };
	struct entry entry;

	if (ret->at == at)
		return true;
	if (at >= m->eh_frame_bytes || !next_entry(&c, &entry) || entry.start != at || entry.id != 0)
		return false;
	c.end = entry.end;
	return read_cie(&c, at, ret);
}

/* An FDE that cannot be read costs its own function only. */
static bool read_fde(const struct finisher_module *m, const struct entry *entry, struct cie *cie,
		     struct finisher_fde *ret)
{
	struct cursor c = { .m = m, .at = entry->id_at + 4, .end = entry->end };
	uint64_t start, n_bytes;

	if (entry->id > entry->id_at || !find_cie(m, entry->id_at - entry->id, cie))
		return false;
	start = read_address(&c, cie->address_encoding);
	n_bytes = read_plain(&c, cie->address_encoding & 0x07); /* a size has no sign */
	if (c.failed || n_bytes == 0 || n_bytes > UINT32_MAX || start + n_bytes < start)
		return false;
	*ret = (struct finisher_fde){
		.start = start,
		.n_bytes = (uint32_t)n_bytes,
		.offset = (uint32_t)entry->start & 0x7fffffff,
		.is_signal = cie->is_signal,
	};
	return true;
}

static int compare_fdes(const void *a, const void *b)
{
	const struct finisher_fde *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Linkers nearly always leave them in order. */
static void sort_fdes(struct finisher_module *m)
{
	for (size_t i = 1; i < m->n_fdes; i++) {
		if (m->fdes[i].start < m->fdes[i - 1].start) {
			qsort(m->fdes, m->n_fdes, sizeof(*m->fdes), compare_fdes);
			return;
		}
	}
}

int finisher_module_scan(struct finisher_module *m)
{
	struct cursor c = { .m = m, .end = m->eh_frame_bytes };
	struct cie cie = { .at = NO_CIE };
	struct entry entry;
	size_t capacity = 0;

	while (next_entry(&c, &entry)) {
		struct finisher_fde fde;
		int r;

		c.at = entry.end;
		if (entry.id == 0 || !read_fde(m, &entry, &cie, &fde))
			continue;
		r = add_fde(m, &capacity, &fde);
		if (r < 0)
			return r;
	}
	sort_fdes(m);
	return 0;
}

/* .eh_frame begins where .eh_frame_hdr says, and ends with its segment at the latest. */
static bool find_by_header(const struct elffile *f, uint64_t *ret_vaddr, uint64_t *ret_bytes)
{
	for (size_t i = 0; i < f->n_phdrs; i++) {
		struct finisher_module header = {};
		struct cursor c = { .m = &header, .at = 4 };
		Elf_Data *data;
		GElf_Phdr phdr;

		if (!gelf_getphdr(f->elf, (int)i, &phdr) || phdr.p_type != PT_GNU_EH_FRAME)
			continue;
		if (elffile_read_at(f, phdr.p_vaddr, 12, ELF_T_BYTE, &data) < 0)
			return false;
		header.eh_frame = data->d_buf;
		header.eh_frame_vaddr = phdr.p_vaddr;
		c.end = data->d_size;
		*ret_vaddr = read_address(&c, header.eh_frame[1]);
		*ret_bytes = c.failed ? 0 : elffile_bytes_at(f, *ret_vaddr);
		return *ret_bytes > 0;
	}
	return false;
}

static bool find_eh_frame(const struct elffile *f, uint64_t *ret_vaddr, uint64_t *ret_bytes)
{
	Elf_Scn *scn = elffile_find_section(f, ".eh_frame");
	GElf_Shdr shdr;

	if (!scn || !gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS || shdr.sh_addr == 0)
		return find_by_header(f, ret_vaddr, ret_bytes);
	*ret_vaddr = shdr.sh_addr;
	*ret_bytes = shdr.sh_size;
	return true;
}

static int read_eh_frame(const struct elffile *f, struct finisher_module *m)
{
	uint64_t n_bytes;
	Elf_Data *data;
	int r;

	if (!find_eh_frame(f, &m->eh_frame_vaddr, &n_bytes))
		return 0;
	if (n_bytes > FINISHER_MODULE_BYTES)
		return -EFBIG;
	r = elffile_read_at(f, m->eh_frame_vaddr, n_bytes, ELF_T_BYTE, &data);
	if (r < 0)
		return r;
	m->eh_frame = malloc(data->d_size + 1);
	if (!m->eh_frame)
		return -ENOMEM;
	memcpy(m->eh_frame, data->d_buf, data->d_size);
	m->eh_frame[data->d_size] = 0; /* ends whatever a CIE takes for its letters */
	m->eh_frame_bytes = data->d_size;
	return finisher_module_scan(m);
}

int finisher_module_read(int fd, struct finisher_module **ret)
{
	_cleanup_(finisher_module_freep) struct finisher_module *m = calloc(1, sizeof(*m));
	_cleanup_(elffile_done) struct elffile f = {};
	int r;

	if (!m)
		return -ENOMEM;
	r = elffile_open(fd, &f);
	if (r < 0)
		return r;
	memcpy(m->segments, f.segments, sizeof(m->segments));
	m->n_segments = f.n_segments;
	r = read_eh_frame(&f, m);
	if (r < 0)
		return r;
	*ret = take_ptr(m);
	return 0;
}

struct finisher_module *finisher_module_free(struct finisher_module *m)
{
	if (!m)
		return NULL;
	free(m->eh_frame);
	free(m->fdes);
	free(m);
	return NULL;
}

size_t finisher_module_bytes(const struct finisher_module *m)
{
	return sizeof(*m) + m->eh_frame_bytes + m->n_fdes * sizeof(*m->fdes);
}

bool finisher_module_vaddr(const struct finisher_module *m, uint64_t file_offset, uint64_t *ret)
{
	for (size_t i = 0; i < m->n_segments; i++) {
		const struct index_segment *s = &m->segments[i];

		if (file_offset - s->file_offset < s->file_bytes) {
			*ret = file_offset - s->file_offset + s->vaddr;
			return true;
		}
	}
	return false;
}

const struct finisher_fde *finisher_module_find(const struct finisher_module *m, uint64_t vaddr)
{
	size_t low = 0, high = m->n_fdes;
	const struct finisher_fde *fde;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->fdes[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	fde = &m->fdes[low - 1];
	return vaddr - fde->start < fde->n_bytes ? fde : NULL;
}
