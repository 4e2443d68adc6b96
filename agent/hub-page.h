/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub page: what answers the page's questions (report/answer.h): a child of a hub that reads a store, and never writes
 * to it; or, of a view of another program's windows, one that fetches them and has no file but those of its secrets.
 * Its arguments behind the command, of the latter: URL, TOKEN_FILE, CA_FILE; "": none.
 */
#pragma once

#define HUB_PAGE_COMMAND "hub-page-child" /* the child's argv[1] when it is started from /proc/self/exe */

int hub_page_main(int argc, char **argv); /* to its end; returns the exit code */
