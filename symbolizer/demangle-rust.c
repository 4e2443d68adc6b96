// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/demangle-rust.h"

#include "symbolizer/rust-parser.h"

/* Most of a name comes by here: one look at a table for each of its letters. */
bool rust_is_plain(const char *text, size_t size)
{
	static const bool plain[256] = {
		['0' ... '9'] = true,
		['A' ... 'Z'] = true,
		['_'] = true,
		['a' ... 'z'] = true,
	};
	bool ok = true;

	for (size_t i = 0; i < size; i++)
		ok &= plain[(unsigned char)text[i]];
	return ok;
}

size_t demangle_rust(const char *name, size_t size, char *ret, size_t ret_size)
{
	struct rust_seen seen[RUST_MAX_SEEN];
	struct rust_parser s = {
		.in.end = name + size,
		.written = ret,
		.out = ret,
		.out_end = ret + ret_size - 1,
		.seen = seen,
	};
	bool ok;

	if (size > 3 && memcmp(name, "_ZN", 3) == 0) {
		s.in.p = name + 3;
		ok = rust_parse_legacy(&s);
	} else if (size > 2 && memcmp(name, "_R", 2) == 0) {
		const char *suffix = memchr(name, '.', size);

		s.start = s.in.p = name + 2;
		if (suffix)
			s.in.end = suffix;
		ok = rust_parse_v0(&s);
	} else {
		return 0;
	}
	if (!ok)
		return 0;
	*s.out = 0;
	return (size_t)(s.out - ret);
}
