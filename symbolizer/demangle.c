// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/demangle.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbolizer/demangle-cpp.h"
#include "symbolizer/demangle-rust.h"

#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)
#define MAX_D_REFERENCES 24 /* two of them double a name: libiberty has no bound, and D no callback */

struct output {
	char *text;
	size_t size;
	jmp_buf full;
};

/*
 * libiberty has no way to say stop. Its callback variants hold no memory of their own, so we jump out. Unicode in a
 * Rust name is the exception, which is lost at a fault, too: the indexer ends when much has been.
 */
static void on_piece(const char *piece, size_t size, void *opaque)
{
	struct output *out = opaque;
	size_t room = DEMANGLE_MAX_BYTES - out->size;
	bool full = size >= room;

	if (size == 0)
		return; /* the piece may then be NULL */
	if (full)
		size = room;
	memcpy(out->text + out->size, piece, size);
	out->size += size;
	if (full)
		longjmp(out->full, 1);
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Legacy Rust names are C++ names that end in a hash: 17h and 16 digits. */
static bool may_be_rust(const char *name)
{
	return starts_with(name, "_R") || (starts_with(name, "_ZN") && strstr(name, "17h"));
}

/*
 * The for<'a, 'b> of a type F or D, more than 63: libiberty counts through all that a name claims to have, 2^64 or so,
 * also where it writes none of them, and we cannot jump out.
 */
static bool has_too_many_lifetimes(const char *name)
{
	for (const char *p = strchr(name, 'G'); p; p = strchr(p + 1, 'G')) {
		if ((p[-1] == 'F' || p[-1] == 'D') && p[1] && p[1] != '_' && p[2] && p[2] != '_')
			return true;
	}
	return false;
}

static bool may_be_cpp(const char *name)
{
	return starts_with(name, "_Z") || starts_with(name, "_GLOBAL_");
}

static bool may_be_d(const char *name)
{
	size_t n_references = 0;

	if (name[1] != 'D' || name[2] < '1' || name[2] > '9')
		return false;
	for (const char *p = name; *p; p++)
		n_references += *p == 'Q';
	return n_references <= MAX_D_REFERENCES;
}

/* Writes the demangled name to out; false: it is none. */
static bool ask_libiberty(const char *name, bool is_rust, struct output *out)
{
	if (setjmp(out->full) != 0)
		return true;
	if (starts_with(name, "_R") && has_too_many_lifetimes(name))
		return false;
	if (is_rust && rust_demangle_callback(name, OPTIONS, on_piece, out))
		return true;
	out->size = 0;
	return may_be_cpp(name) && cplus_demangle_v3_callback(name, OPTIONS, on_piece, out);
}

static size_t ask_libiberty_for_d(const char *name, char *ret)
{
	char *text = dlang_demangle(name, OPTIONS);
	size_t n;

	if (!text)
		return 0;
	n = strnlen(text, DEMANGLE_MAX_BYTES);
	memcpy(ret, text, n);
	ret[n] = 0;
	free(text);
	return n;
}

size_t demangle(const char *name, char ret[static DEMANGLE_MAX_BYTES + 1])
{
	struct output out = { .text = ret };
	size_t size = strlen(name), n;
	bool is_rust;

	if (name[0] != '_' || size < 3)
		return 0;
	if (may_be_d(name))
		return ask_libiberty_for_d(name, ret);
	is_rust = may_be_rust(name);
	if (is_rust)
		n = demangle_rust(name, size, ret, DEMANGLE_MAX_BYTES + 1);
	else
		n = name[1] == 'Z' ? demangle_cpp(name, size, ret, DEMANGLE_MAX_BYTES + 1) : 0;
	if (n > 0)
		return n;
	if (!ask_libiberty(name, is_rust, &out))
		return 0;
	ret[out.size] = 0;
	return out.size;
}
