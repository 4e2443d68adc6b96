/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go module: runtime.firstmoduledata (runtime/symtab.go), which tells the runtime where everything of a Go binary lies.
 * It is found by its pointers to the parts of the gopclntab, so no symbol is needed.
 */
#pragma once

#include "symbolizer/go-binary.h"

/*
 * As many words as have addresses in any version so far (1.16 to 1.26), and some more: what is behind the first 24
 * moves from version to version.
 */
#define GO_MODULE_WORDS 64
#define GO_MODULE_FIXED_WORDS 24

struct go_module {
	uint64_t words[GO_MODULE_WORDS];
};

enum go_module_answer {
	GO_MODULE_NONE = 1, /* nothing in the file looks like it */
};

_must_check_ int go_module_find(const struct elffile *f, const struct go_binary *go, struct go_module *ret);
