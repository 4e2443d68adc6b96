/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clean: ownership made visible. A local that owns something says so at its declaration
 * and gives it away with take_*(). See drgn's cleanup.h for the idea.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((__cleanup__(fn)))
#define _must_check_ __attribute__((__warn_unused_result__))
#define _printf_(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#define _unused_ __attribute__((__unused__))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Declares fn##p(), which destroys what a local of this type owns when the local leaves scope. */
#define DEFINE_CLEANUP(type, fn)                                                                                       \
	static inline void fn##p(type *owned)                                                                          \
	{                                                                                                              \
		if (*owned)                                                                                            \
			fn(*owned);                                                                                    \
	}                                                                                                              \
	struct clean_semicolon_

static inline void clean_freep(void *owned)
{
	free(*(void **)owned);
}

static inline void clean_closep(int *owned)
{
	if (*owned >= 0) {
		int saved = errno;

		close(*owned);
		errno = saved;
	}
}

#define _cleanup_free_ _cleanup_(clean_freep)
#define _cleanup_close_ _cleanup_(clean_closep)

/* Moves ownership out: the source no longer owns anything. */
#define take_ptr(p)                                                                                                    \
	({                                                                                                             \
		__auto_type taken_ = (p);                                                                              \
		(p) = NULL;                                                                                            \
		taken_;                                                                                                \
	})

#define take_fd(fd)                                                                                                    \
	({                                                                                                             \
		int taken_ = (fd);                                                                                     \
		(fd) = -1;                                                                                             \
		taken_;                                                                                                \
	})

static inline int close_fd(int fd)
{
	clean_closep(&fd);
	return -1;
}
