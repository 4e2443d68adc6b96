// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-symbols.h"

#include "symbolizer/go-binary.h"

int go_symbols_add(const struct elffile *f, struct symbols *ret)
{
	struct gopclntab_function function;
	struct go_binary go;
	int r;

	r = go_binary_open(f, &go);
	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < go.table.n_functions && r == 0; i++) {
		struct gopclntab_name name;

		if (!go_binary_function(&go, f, i, &function))
			continue;
		name = gopclntab_name(&go.table, &function);
		if (name.n_bytes == 0)
			continue;
		r = symbols_add(ret, &(struct symbol){
					     .start = function.start,
					     .end = function.end,
					     .name = name.data,
					     .name_bytes = name.n_bytes,
					     .sized = true,
					     .source = SYMBOL_PCLNTAB,
				     });
	}
	return r;
}
