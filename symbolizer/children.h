/* SPDX-License-Identifier: Apache-2.0 */
/*
 * children: every program that starts this room's sandboxed children from /proc/self/exe begins with this. All of them
 * at one place: a program that did not know one of them would take the child for itself, and start children of its own.
 */
#pragma once

#include <stdbool.h>

/* True: this process was one of them, and has done its work; main() returns *ret. */
bool children_main(int argc, char **argv, int *ret);
