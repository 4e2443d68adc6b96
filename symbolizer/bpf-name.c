// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/bpf-name.h"

#include <stdio.h>
#include <string.h>

#define TAG_DIGITS 16

static bool has_prefix(const char *symbol, size_t size, const char *prefix)
{
	return size >= strlen(prefix) && memcmp(symbol, prefix, strlen(prefix)) == 0;
}

bool bpf_name_is_bpf(const char *symbol, size_t size)
{
	return has_prefix(symbol, size, "bpf_");
}

/* The number of bytes before the name; 0: there is none. "F" is what functions without BTF are called. */
static size_t skip_tag(const char *symbol, size_t size)
{
	size_t at = strlen("bpf_prog_");

	if (!has_prefix(symbol, size, "bpf_prog_") || size < at + TAG_DIGITS + sizeof("_"))
		return 0;
	for (size_t i = 0; i < TAG_DIGITS; i++, at++) {
		if (!strchr("0123456789abcdef", symbol[at]) || symbol[at] == 0)
			return 0;
	}
	if (symbol[at++] != '_' || (size - at == 1 && symbol[at] == 'F'))
		return 0;
	return at;
}

bool bpf_name_shorten(const char *symbol, size_t size, char ret[static BPF_NAME_BYTES])
{
	size_t at = skip_tag(symbol, size);

	if (at == 0)
		return false;
	snprintf(ret, BPF_NAME_BYTES, "%.*s [bpf]", (int)(size - at), symbol + at);
	return true;
}
