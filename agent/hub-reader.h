/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub reader: the sandboxed children that answer who reads from a hub: a list of windows, one of them, or all that are
 * selected as one profile. They decode what is stored, and change nothing but what a reader finds out.
 *
 * The list is a page of JSON: {"schema_version", "windows": [...], "next_cursor": N}. next_cursor is there where more
 * begin at N or later: the next page is asked for with cursor=N. While pages are read, windows may be merged to
 * coarser ones that began on an earlier page: who wants all of a range asks for one that has ended some hours ago, or
 * is content with what a local reader sees, from whom they also go.
 */
#pragma once

#define HUB_READER_COMMAND "hub-reader-child" /* the child's argv[1] when it is started from /proc/self/exe */

int hub_reader_main(void); /* runs the child to its end; returns the exit code */
