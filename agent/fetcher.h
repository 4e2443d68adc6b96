/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetcher: the sandboxed process that asks debuginfod servers for debug info by build id, one file at a time, and keeps
 * what it gets in a directory of its own: CACHE/BUILD_ID/debuginfo, as libdebuginfod does. It looks into no file, and
 * may be killed at any moment: a file is there whole or not at all. See agent/fetch-packet.h for the messages.
 */
#pragma once

#define FETCHER_COMMAND "fetcher-child" /* the child's argv[1] when it is started from /proc/self/exe */

/* What else its argv has. */
enum fetcher_argument {
	FETCHER_CACHE = 2,
	FETCHER_LIMIT, /* of the cache, in bytes */
	FETCHER_URLS,  /* blanks between them */
	FETCHER_N_ARGUMENTS,
};

int fetcher_main(int argc, char **argv); /* runs the child to its end; returns the exit code */
