/* SPDX-License-Identifier: Apache-2.0 */
/*
 * missing remedies: why code has no names or no lines, and what can be done about it, in plain words: by what the code
 * is in, and for files by what is known of them.
 */
#pragma once

enum missing_place {
	MISSING_IN_FILE,
	MISSING_IN_KERNEL,
	MISSING_IN_MODULE,      /* of the kernel; BPF programs as well */
	MISSING_IN_GONE_KERNEL, /* a part of it that was there for a moment */
	MISSING_IN_VDSO,
	MISSING_IN_JIT,      /* memory without a file */
	MISSING_IN_MORE_JIT, /* the same, of more programs than are followed */
	MISSING_IN_GONE_JIT, /* the same, of a process that was gone too soon */
	MISSING_NOWHERE,
};

/* By the name that a profile has for a mapping. */
enum missing_place missing_place_of(const char *path);

enum missing_cause {
	MISSING_CAUSE_PLACE,      /* no file: see the place */
	MISSING_CAUSE_PARTIAL,    /* other samples in it have lines */
	MISSING_CAUSE_UNKNOWN,    /* nothing is known of the file */
	MISSING_CAUSE_NOT_READ,   /* its debug info was not looked for yet */
	MISSING_CAUSE_READ_NOW,   /* it has some, which was read after the recording */
	MISSING_CAUSE_NOT_FOUND,  /* there is none where it was looked for */
	MISSING_CAUSE_REFUSED,    /* there is some that could not be read: there is a reason of its own */
	MISSING_CAUSE_UNREADABLE, /* nothing of the file could be read: likewise */
};

struct missing_remedy {
	const char *reason; /* NULL: of MISSING_CAUSE_REFUSED and _UNREADABLE, the caller's own */
	const char *advice;
};

struct missing_remedy missing_remedy_of(enum missing_place place, enum missing_cause cause);
