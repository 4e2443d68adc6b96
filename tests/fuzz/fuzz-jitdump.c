// SPDX-License-Identifier: Apache-2.0
/* fuzz jitdump: any bytes as jit-PID.dump; whatever comes of it must be a good index. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/clean.h"
#include "common/fsutil.h"
#include "symbolizer/index.h"
#include "symbolizer/jit-index.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/jit-bytes.h"

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	_cleanup_(index_freep) struct index *index = NULL;
	char note[JIT_INDEX_NOTE_BYTES];
	struct index_frame frames[4];

	if (size > 1 << 20)
		return 0;
	must(in >= 0 && out >= 0 && fs_write_all(in, data, size) == 0);
	if (jit_index_build(JIT_JITDUMP, in, out, note) != 0)
		return 0;
	must(strlen(note) < sizeof(note) && index_open(out, &index) == 0);
	for (uint64_t addr = 0xff0; addr < 0x3000; addr += 8) {
		size_t n = index_lookup(index, addr, frames, ARRAY_SIZE(frames));

		must(n <= 1);
		must(n == 0 || (strlen(frames[0].function) > 0 && (!frames[0].file || strlen(frames[0].file) > 0)));
	}
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const struct jit_bytes_line lines[] = {
		{ 0x1000, 10, "/src/a.js" },
		{ 0x1004, 11, "\xff" },
		{ 0x1008, 3, "/src/b.js" },
	};
	static struct buf dump;

	if (i > 0)
		return NULL;
	buf_clear(&dump);
	jit_put_header(&dump);
	jit_put_lines(&dump, 0x1000, lines, ARRAY_SIZE(lines));
	jit_put_load(&dump, 0x1000, 0x20, 0, "JS:*one");
	jit_put_load(&dump, 0x1010, 0x20, 1, "two");
	jit_put_move(&dump, 0x1000, 0x2000, 0x20, 0);
	jit_put_close(&dump);
	*ret_size = dump.size;
	return dump.data;
}
