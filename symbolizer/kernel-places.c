// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kernel-places.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define HOST_DEBUG_DIR "/usr/lib/debug"

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

bool kernel_places_build_id(const char *notes, size_t size, struct build_id *ret)
{
	Elf64_Nhdr n;

	for (size_t at = 0; at + sizeof(n) <= size;) {
		size_t left = size - at - sizeof(n);

		memcpy(&n, notes + at, sizeof(n));
		at += sizeof(n);
		if (n.n_namesz > left || n.n_descsz > left || align4(n.n_namesz) + n.n_descsz > left)
			return false;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && memcmp(notes + at, "GNU", 4) == 0 &&
		    n.n_descsz > 0) {
			*ret = (struct build_id){ .n_bytes = BUILD_ID_MAX_BYTES };
			if (n.n_descsz < BUILD_ID_MAX_BYTES)
				ret->n_bytes = (uint8_t)n.n_descsz;
			memcpy(ret->bytes, notes + at + align4(n.n_namesz), ret->n_bytes);
			return true;
		}
		at += align4(n.n_namesz) + align4(n.n_descsz);
	}
	return false;
}

/* Files are called foo-bar.ko or foo_bar.ko, the module is foo_bar. */
static bool is_named(const char *base, size_t size, const char *module)
{
	if (strlen(module) != size)
		return false;
	for (size_t i = 0; i < size; i++) {
		if ((base[i] == '-' ? '_' : base[i]) != module[i])
			return false;
	}
	return true;
}

bool kernel_places_module_path(const char *deps, size_t size, const char *module, char *ret, size_t ret_size)
{
	static const char suffix[] = ".ko";
	const char *end = deps + size;

	for (const char *line = deps, *next; line < end; line = next) {
		const char *line_end = memchr(line, '\n', (size_t)(end - line)), *path_end, *slash, *ko;

		if (!line_end)
			line_end = end;
		next = line_end + 1;
		path_end = memchr(line, ':', (size_t)(line_end - line));
		slash = path_end ? memrchr(line, '/', (size_t)(path_end - line)) : NULL;
		ko = slash ? memmem(slash, (size_t)(path_end - slash), suffix, strlen(suffix)) : NULL;
		if (!ko || !is_named(slash + 1, (size_t)(ko - slash) - 1, module))
			continue;
		ko += strlen(suffix);
		if ((size_t)(ko - line) >= ret_size)
			return false;
		memcpy(ret, line, (size_t)(ko - line));
		ret[ko - line] = 0;
		return true;
	}
	return false;
}

static int end_path(int r, struct buf *paths)
{
	return r < 0 ? r : buf_add_char(paths, 0);
}

static int add_build_id_path(const struct kernel_place *place, const char *dir, struct buf *ret)
{
	char hex[BUILD_ID_HEX_SIZE];

	if (place->build_id->n_bytes < 2)
		return 0;
	build_id_to_hex(place->build_id, hex);
	return end_path(buf_printf(ret, "%s/.build-id/%.2s/%s.debug", dir, hex, hex + 2), ret);
}

/* In a directory of debug files: Debian's, Fedora's, and whatever a user collected. */
static int list_dir(const struct kernel_place *place, const char *dir, struct buf *ret)
{
	const char *release = place->release;
	int r = add_build_id_path(place, dir, ret);

	if (r < 0)
		return r;
	if (place->module_path) {
		if (!place->module_path[0])
			return 0;
		r = end_path(buf_printf(ret, "%s/lib/modules/%s/%s.debug", dir, release, place->module_path), ret);
		if (r < 0)
			return r;
		return end_path(buf_printf(ret, "%s/lib/modules/%s/%s", dir, release, place->module_path), ret);
	}
	r = end_path(buf_printf(ret, "%s/boot/vmlinux-%s", dir, release), ret);
	if (r == 0)
		r = end_path(buf_printf(ret, "%s/lib/modules/%s/vmlinux", dir, release), ret);
	if (r == 0)
		r = end_path(buf_printf(ret, "%s/vmlinux-%s", dir, release), ret);
	return r;
}

/* Where a kernel that was built here leaves its files. */
static int list_installed(const struct kernel_place *place, struct buf *ret)
{
	const char *release = place->release;
	int r;

	if (place->module_path) {
		if (!place->module_path[0])
			return 0;
		return end_path(buf_printf(ret, "/lib/modules/%s/%s", release, place->module_path), ret);
	}
	r = end_path(buf_printf(ret, "/lib/modules/%s/build/vmlinux", release), ret);
	if (r == 0)
		r = end_path(buf_printf(ret, "/lib/modules/%s/vmlinux", release), ret);
	if (r == 0)
		r = end_path(buf_printf(ret, "/boot/vmlinux-%s", release), ret);
	return r;
}

int kernel_places_list_dir(const struct kernel_place *place, struct buf *ret)
{
	return list_dir(place, "", ret);
}

int kernel_places_list_host(const struct kernel_place *place, struct buf *ret)
{
	int r = list_dir(place, HOST_DEBUG_DIR, ret);

	return r == 0 ? list_installed(place, ret) : r;
}
