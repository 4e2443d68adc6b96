// SPDX-License-Identifier: Apache-2.0
/* kallsyms: any bytes as what the kernel tells of itself: kallsyms, modules, notes, modules.dep, news of its code. */
#include <stdlib.h>
#include <string.h>

#include "symbolizer/kallsyms.h"
#include "symbolizer/kernel-places.h"
#include "symbolizer/ksymbols.h"
#include "tests/fuzz/fuzz.h"

static const char *const seeds[] = {
	"0000000000000000 A fixed_percpu_data\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 t startup_64\n"
	"ffffffff81000040 T do_it\n"
	"ffffffff81002000 T _etext\n"
	"ffffffff81003000 R rodata\n"
	"ffffffffc0201000 t init_one\t[e1000]\n"
	"ffffffffc0201080 d table\t[e1000]\n"
	"ffffffffc0300000 t bpf_prog_6deef7357e7b4530_sd\t[bpf]\n",
	"0000000000000000 T _stext\n0000000000000000 T _etext\n",
	"ffffffff81001000 t f\t[m]\nm 4096 0 - Live 0xffffffff81001000 (OE)\n",
	"kernel/a/foo.ko: kernel/b/x.ko\nkernel/b/foo-bar.ko.xz:\n",
	"\6\x01\x01\x01GNU", /* bytes of notes: zeros come by mutation */
};

static void fuzz_news(const uint8_t *data, size_t size)
{
	_cleanup_(ksymbols_freep) struct ksymbols *k = NULL;
	struct kallsyms_symbol s;

	if (ksymbols_new(&k) < 0)
		abort();
	for (size_t i = 0; i + 16 <= size; i += 16) {
		uint64_t words[2], pin, addr;

		memcpy(words, data + i, sizeof(words));
		addr = words[0] % 0x10000;
		if (ksymbols_add(k, addr, words[1] % 0x1000, words[1] & 1 ? "bpf_prog_0123456789abcdef_f" : "x", i) < 0)
			continue;
		if (!ksymbols_pin(k, addr, i, &pin) || pin & UINT32_MAX)
			abort();
		ksymbols_get(k, pin, &s);
		if (strcmp(s.name, words[1] & 1 ? "f [bpf]" : "x") != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(kallsyms_freep) struct kallsyms *k = NULL;
	const char *text = (const char *)data;
	struct kallsyms_symbol s;
	struct build_id id;
	char path[64];
	size_t i = 0;

	if (size > 1 << 20)
		return 0;
	fuzz_news(data, size);
	kernel_places_build_id(text, size, &id);
	kernel_places_module_path(text, size, "foo_bar", path, sizeof(path));
	if (kallsyms_parse(text, size, &k) != 0)
		return 0;
	kallsyms_set_modules(k, text, size); /* lines of both files may stand in one */
	while (kallsyms_next(k, &i, &s)) {
		if (strlen(s.name) + strlen(s.module) > size + 16)
			abort();
	}
	for (uint64_t addr = 0xffffffff81000000; addr < 0xffffffff81003100; addr += 16) {
		if (kallsyms_find(k, addr, &s) && s.start > addr)
			abort();
	}
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	if (i >= sizeof(seeds) / sizeof(seeds[0]))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
