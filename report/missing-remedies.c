// SPDX-License-Identifier: Apache-2.0
#include "report/missing-remedies.h"

#include <string.h>

#include "common/clean.h"

enum missing_place missing_place_of(const char *path)
{
	static const struct {
		const char *path;
		enum missing_place place;
	} places[] = {
		{ "", MISSING_NOWHERE },
		{ "[kernel.kallsyms]", MISSING_IN_KERNEL },
		{ "[kernel: gone too soon]", MISSING_IN_GONE_KERNEL },
		{ "[vdso]", MISSING_IN_VDSO },
		{ "[anon]", MISSING_IN_JIT },
		{ "[jit]", MISSING_IN_JIT },
		{ "//anon", MISSING_IN_JIT }, /* as perf calls it */
		{ "[anon: too many programs]", MISSING_IN_MORE_JIT },
		{ "[anon: gone too soon]", MISSING_IN_GONE_JIT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strcmp(path, places[i].path) == 0)
			return places[i].place;
	return path[0] == '[' ? MISSING_IN_MODULE : MISSING_IN_FILE;
}

static struct missing_remedy remedy_of_place(enum missing_place place)
{
	static const struct missing_remedy remedies[] = {
		[MISSING_IN_FILE] = { "nothing is known of the file", "cpuhound symbols add FILE reads it" },
		[MISSING_IN_KERNEL] = { "the kernel tells names at most, no lines",
					"lines: the debug package of the running kernel; names: record as root" },
		[MISSING_IN_MODULE] = { "the kernel tells names at most, no lines",
					"lines: the debug package of the running kernel; names: record as root" },
		[MISSING_IN_GONE_KERNEL] = { "kernel code that was gone before its name was asked for: a module that "
					     "came and went, or what one runs only once",
					     "nothing: it was there for less than a second" },
		[MISSING_IN_VDSO] = { "a part of the kernel, without debug info",
				      "nothing: it has a few short functions" },
		[MISSING_IN_JIT] = { "code made at run time", "have the runtime write a perf map: node "
							      "--perf-basic-prof, cpuhound jvm-perfmap" },
		[MISSING_IN_MORE_JIT] = { "code made at run time, by more than 1024 programs: only so many are "
					  "followed",
					  "record for a shorter time (-d), or fewer processes (-p, -c, -g)" },
		[MISSING_IN_GONE_JIT] = { "code made at run time, by a process that had ended before it was seen",
					  "nothing: it lived for a few milliseconds, or the recorder got too little "
					  "CPU time" },
		[MISSING_NOWHERE] = { "code in no file", "nothing: where it lay is not known any more" },
	};

	return remedies[place];
}

struct missing_remedy missing_remedy_of(enum missing_place place, enum missing_cause cause)
{
	static const struct missing_remedy remedies[] = {
		[MISSING_CAUSE_PARTIAL] = { "its debug info does not tell of all code",
					    "nothing, where it is assembly or the compiler's own; else build that part "
					    "with -g" },
		[MISSING_CAUSE_UNKNOWN] = { "not in the cache of this machine",
					    "cpuhound symbols add FILE reads it; or look on the host of the "
					    "recording" },
		[MISSING_CAUSE_NOT_READ] = { "its debug info was not looked for yet",
					     "cpuhound symbols add FILE reads it now" },
		[MISSING_CAUSE_READ_NOW] = { "read after the recording", "record again" },
		[MISSING_CAUSE_NOT_FOUND] = { "no debug info found",
					      "install its debug package (NAME-dbgsym), or build it with -g; then "
					      "cpuhound symbols add FILE (--debug-dir DIR: where a debug file lies)" },
		[MISSING_CAUSE_REFUSED] = { NULL,
					    "its functions are named by its symbol tables alone; a debug file that "
					    "changes is read again" },
		[MISSING_CAUSE_UNREADABLE] = { NULL,
					       "nothing: it is tried again when it changes, and by a newer cpuhound" },
	};

	return cause == MISSING_CAUSE_PLACE ? remedy_of_place(place) : remedies[cause];
}
