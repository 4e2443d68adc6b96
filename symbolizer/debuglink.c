// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/debuglink.h"

#include <libdeflate.h>
#include <string.h>

#include "common/fsutil.h"

#define SECTION_BYTES 4096 /* a name, padding, a number */
#define PIECE_BYTES ((size_t)256 << 10)

/* The name, its NUL, zeros up to a multiple of 4, the CRC. */
static int parse(const char *data, size_t size, struct debuglink *ret)
{
	size_t n = strnlen(data, size), crc_at = (n + 1 + 3) & ~(size_t)3;

	if (n == 0 || n >= DEBUGLINK_NAME_BYTES || crc_at > size || size - crc_at < sizeof(ret->crc))
		return DEBUGLINK_NONE;
	*ret = (struct debuglink){};
	memcpy(ret->name, data, n);
	memcpy(&ret->crc, data + crc_at, sizeof(ret->crc));
	return 0;
}

int debuglink_read(const struct elffile *f, struct debuglink *ret)
{
	Elf_Scn *scn = elffile_find_section(f, ".gnu_debuglink");
	Elf_Data *data;
	GElf_Shdr h;
	int r;

	if (!scn || !gelf_getshdr(scn, &h) || h.sh_size > SECTION_BYTES)
		return DEBUGLINK_NONE;
	r = elffile_section_data(f, scn, &data);
	if (r < 0)
		return r == -ENOMEM ? r : DEBUGLINK_NONE;
	return parse(data->d_buf, data->d_size, ret);
}

int debuglink_crc(int fd, uint32_t *ret)
{
	_cleanup_free_ char *piece = malloc(PIECE_BYTES);
	uint64_t at = 0;
	uint32_t crc = 0;
	ssize_t n;

	if (!piece)
		return -ENOMEM;
	while ((n = fs_pread_all(fd, piece, PIECE_BYTES, at)) > 0) {
		crc = libdeflate_crc32(crc, piece, (size_t)n);
		at += (uint64_t)n;
	}
	if (n < 0)
		return (int)n;
	*ret = crc;
	return 0;
}
