/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload child: the sandboxed process that brings the store's windows to central stores (uploader/). It connects, and
 * may not listen; it reads windows, and writes targets/ and bad/ of the store alone. It may be killed at any moment:
 * what was sent is on disk (uploader/queue.h). Its given descriptor is the store's directory; see agent/upload-packet.h
 * for the messages.
 */
#pragma once

#define UPLOAD_COMMAND "upload-child" /* the child's argv[1] when it is started from /proc/self/exe */

int upload_child_main(void); /* runs the child to its end; returns the exit code */
