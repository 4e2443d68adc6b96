/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jvm attach: asks a HotSpot JVM for something over its attach socket, as jcmd does (JDK, attachListener_posix.cpp):
 * a trigger file and SIGQUIT make it listen, then a command goes over /tmp/.java_pidN in its root. SIGQUIT ends a
 * process that does not catch it, so it is only sent to one that has mapped a HotSpot of JDK 17 or later and does.
 * For one-shot commands: it waits, and takes the JVM's user for a moment; the agent never attaches.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"

enum jvm_answer {
	JVM_GONE = 1,     /* no such process, or it ended meanwhile */
	JVM_NONE,         /* it has no libjvm.so mapped */
	JVM_TOO_OLD,      /* its libjvm.so knows no Compiler.perfmap */
	JVM_DISABLED,     /* -XX:+DisableAttachMechanism */
	JVM_NO_SIGNALS,   /* -Xrs, or still starting: SIGQUIT would end it */
	JVM_FOREIGN_FILE, /* what lies where the trigger or the socket should be is not the JVM's */
	JVM_SILENT,       /* it does not listen, or does not answer, in time */
	JVM_REFUSED,      /* it answered, but with an error: see the text */
};

#define JVM_TEXT_BYTES 512

struct jvm_request {
	pid_t pid;
	const char *command;    /* of jcmd: "Compiler.perfmap" */
	unsigned int timeout_s; /* to begin to listen, and once more to answer */
};

/*
 * 0: done. The text is the first line of the answer: foreign, printable ASCII; "" if there was none. Written in either
 * case. -EPERM, -EACCES: whoever calls may not look into the process.
 */
_must_check_ int jvm_attach(const struct jvm_request *request, char ret_text[static JVM_TEXT_BYTES]);
