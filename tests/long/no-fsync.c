// SPDX-License-Identifier: Apache-2.0
/*
 * no fsync: LD_PRELOADed into a program that says that its files are durable, so that they are not: shows that a test
 * of power cuts can fail.
 */
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int fsync(int fd)
{
	return 0;
}

EXPORT int fdatasync(int fd)
{
	return 0;
}
