// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-scope.h"

static unsigned int function_code(uint32_t n)
{
	return n < 1u << 8 ? 0 : n < 1u << 16 ? 1 : n < 1u << 24 ? 2 : 3;
}

size_t index_scope_pack(const struct index_scope_record *record, uint8_t ret[static INDEX_SCOPE_BYTES])
{
	const uint32_t line = index_packed_difference(record->call.line, 0);
	size_t n = 1;

	ret[0] = (uint8_t)(index_packed_code(record->back) | function_code(record->function) << 2 |
			   index_packed_code(record->call.file) << 4 | index_packed_code(line) << 6);
	n += index_packed_put(ret + n, record->back);
	memcpy(ret + n, &record->function, sizeof(record->function));
	n += function_code(record->function) + 1;
	n += index_packed_put(ret + n, record->call.file);
	n += index_packed_put(ret + n, line);
	return n;
}
