// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-symbols.h"

#include "symbolizer/elf-debugdata.h"
#include "symbolizer/elf-entry.h"
#include "symbolizer/elf-plt.h"
#include "symbolizer/elf-symtab.h"
#include "symbolizer/go-symbols.h"

void elf_symbols_done(struct elf_symbols *s)
{
	symbols_done(&s->all);
	symbols_done(&s->stubs);
	elffile_done(&s->debugdata);
	buf_done(&s->unpacked);
}

static int add_debugdata(const struct elffile *f, struct elf_symbols *s)
{
	int r;

	r = elf_debugdata_read(f, &s->unpacked);
	if (r != 0)
		return r < 0 ? r : 0;
	r = elffile_open_memory(s->unpacked.data, s->unpacked.size, &s->debugdata);
	if (r < 0)
		return 0; /* damaged: the file's own tables must do */
	return elf_symtab_add(&s->debugdata, f, SYMBOL_DEBUGDATA, &s->all);
}

static int add_stubs(const struct elffile *f, struct elf_symbols *s)
{
	int r;

	r = elf_plt_add(f, &s->all, &s->stubs);
	for (size_t i = 0; i < s->stubs.n && r == 0; i++)
		r = symbols_add(&s->all, &s->stubs.all[i]);
	if (r < 0)
		return r;
	return s->stubs.n ? symbols_settle(&s->all) : 0;
}

static bool has_symtab(const struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->n; i++) {
		if (symbols->all[i].source == SYMBOL_SYMTAB)
			return true;
	}
	return false;
}

int elf_symbols_gather(const struct elffile *f, const struct elffile *debug, struct elf_symbols *ret)
{
	int r;

	r = elf_symtab_add(f, f, SYMBOL_SYMTAB, &ret->all);
	if (r == 0 && debug)
		r = elf_symtab_add(debug, f, SYMBOL_SYMTAB, &ret->all);
	if (r == 0 && !has_symtab(&ret->all))
		r = go_symbols_add(f, &ret->all);
	if (r == 0 && !has_symtab(&ret->all))
		r = elf_entry_add(f, &ret->all);
	if (r == 0)
		r = add_debugdata(f, ret);
	if (r == 0)
		r = symbols_settle(&ret->all);
	return r == 0 ? add_stubs(f, ret) : r;
}
