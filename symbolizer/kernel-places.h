/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel places: what sysfs and /lib/modules tell of the running kernel's files, and where files with its debug info
 * may lie. All of it comes from the kernel and from root. Pure: text and bytes in, paths out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/build-id.h"
#include "common/clean.h"

/* The build id among ELF notes: /sys/kernel/notes, /sys/module/NAME/notes/.note.gnu.build-id. */
bool kernel_places_build_id(const char *notes, size_t size, struct build_id *ret);

/*
 * The path of a module in the text of modules.dep, without what it is compressed with: "kernel/net/foo-bar.ko" for
 * "foo_bar". False: it is not listed. Longer paths than ret_size are not found.
 */
bool kernel_places_module_path(const char *deps, size_t size, const char *module, char *ret, size_t ret_size);

struct kernel_place {
	const char *release;             /* uname -r */
	const char *module_path;         /* NULL: the kernel itself; "": a module that is not listed */
	const struct build_id *build_id; /* known */
};

/* Append paths, each with its NUL, the likeliest first: below a directory of debug files, and in the host's root. */
_must_check_ int kernel_places_list_dir(const struct kernel_place *place, struct buf *ret);
_must_check_ int kernel_places_list_host(const struct kernel_place *place, struct buf *ret);
