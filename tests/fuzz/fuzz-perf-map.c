// SPDX-License-Identifier: Apache-2.0
/* fuzz perf map: any text as /tmp/perf-PID.map; whatever comes of it must be a good index, however it was cut. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/clean.h"
#include "common/fsutil.h"
#include "symbolizer/index.h"
#include "symbolizer/jit-index.h"
#include "symbolizer/perf-map.h"
#include "tests/fuzz/fuzz.h"

static const char *const seeds[] = {
	"7f0000001000 40 one\n"
	"7f0000001020 40 two words\n"
	"7f0000001000 10 _ZN3abc3defEv\n"
	"0x7f0000001100 0x1 x",
	"1000 100 a\n1040 20 b\n1050 8 c\n1000 100 a\nffffffff81000000 10 k\n",
	"hello\n1000 10\r\n\n 20\t8\tc d\n",
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Two pieces at any place are the same as one. */
static void parse_in_pieces(const char *text, size_t size, size_t first, struct perf_map *m)
{
	ssize_t used = perf_map_parse(m, text, first, false);

	must(used >= 0 && (size_t)used <= first);
	used = perf_map_parse(m, text + used, size - (size_t)used, true);
	must(used >= 0);
}

static void check_pieces(const char *text, size_t size)
{
	_cleanup_(jit_code_done) struct jit_code whole_code = {}, cut_code = {};
	struct perf_map whole = { .code = &whole_code }, cut = { .code = &cut_code };

	must(jit_code_init(&whole_code) == 0 && jit_code_init(&cut_code) == 0);
	must(perf_map_parse(&whole, text, size, true) >= 0);
	parse_in_pieces(text, size, size / 2, &cut);
	must(whole.n_lines == cut.n_lines && whole.n_bad == cut.n_bad &&
	     jit_code_n(&whole_code) == jit_code_n(&cut_code));
	must(whole.n_bad + jit_code_n(&whole_code) == whole.n_lines);
	for (size_t i = 0; i < jit_code_n(&whole_code); i++)
		must(jit_code_function(&whole_code, i)->start == jit_code_function(&cut_code, i)->start);
}

static void check_index(const void *data, size_t size)
{
	_cleanup_close_ int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	_cleanup_(index_freep) struct index *index = NULL;
	char note[JIT_INDEX_NOTE_BYTES];
	struct index_frame frame;

	must(in >= 0 && out >= 0 && fs_write_all(in, data, size) == 0);
	if (jit_index_build(JIT_PERF_MAP, in, out, note) != 0)
		return;
	must(strlen(note) < sizeof(note) && index_open(out, &index) == 0);
	for (uint64_t addr = 0x7f0000000ff0; addr < 0x7f0000001110; addr += 8)
		must(index_lookup(index, addr, &frame, 1) == 0 || strlen(frame.function) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16)
		return 0;
	check_pieces((const char *)data, size);
	check_index(data, size);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
