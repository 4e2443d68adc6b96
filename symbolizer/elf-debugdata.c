// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-debugdata.h"

#include <lzma.h>

#define OUTPUT_BYTES ((size_t)64 << 20)
#define OUTPUT_RATIO 100                   /* symbol tables shrink to a fifth */
#define DECODER_BYTES ((uint64_t)80 << 20) /* xz -9 asks for 65 MiB */
#define STEP_BYTES ((size_t)256 << 10)

static size_t output_limit(size_t input)
{
	return input < OUTPUT_BYTES / OUTPUT_RATIO ? input * OUTPUT_RATIO : OUTPUT_BYTES;
}

/* Decodes until the stream ends; 0 at its end, ELF_DEBUGDATA_NONE where it is no good. */
static int decode(lzma_stream *stream, size_t limit, struct buf *ret)
{
	lzma_ret status = LZMA_OK;
	int r;

	while (status == LZMA_OK) {
		if (ret->size >= limit)
			return ELF_DEBUGDATA_NONE;
		r = buf_reserve(ret, STEP_BYTES);
		if (r < 0)
			return r;
		stream->next_out = (uint8_t *)ret->data + ret->size;
		stream->avail_out = STEP_BYTES;
		status = lzma_code(stream, LZMA_FINISH);
		ret->size += STEP_BYTES - stream->avail_out;
	}
	if (status == LZMA_MEM_ERROR)
		return -ENOMEM;
	return status == LZMA_STREAM_END ? 0 : ELF_DEBUGDATA_NONE;
}

int elf_debugdata_read(const struct elffile *f, struct buf *ret)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	Elf_Data *data;
	int r;

	r = elffile_section_data(f, elffile_find_section(f, ".gnu_debugdata"), &data);
	if (r < 0)
		return r == -ENOMEM ? r : ELF_DEBUGDATA_NONE;
	if (lzma_stream_decoder(&stream, DECODER_BYTES, 0) != LZMA_OK)
		return -ENOMEM;
	stream.next_in = data->d_buf;
	stream.avail_in = data->d_size;
	r = decode(&stream, output_limit(data->d_size), ret);
	lzma_end(&stream);
	return r;
}
