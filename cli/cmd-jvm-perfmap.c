// SPDX-License-Identifier: Apache-2.0
/* jvm-perfmap: has a JVM write the names of its compiled methods, for whoever profiles it. */
#include <stdio.h>
#include <string.h>

#include "agent/jvm-attach.h"
#include "cli/options.h"
#include "common/log.h"
#include "common/parse.h"

#define TIMEOUT_S 10

static const char usage[] =
	"usage: cpuhound jvm-perfmap PID\n"
	"\n"
	"Asks a running JVM (HotSpot of JDK 17 or later) for its perf map: the names of the methods that it has "
	"compiled,\n"
	"which it writes to /tmp/perf-PID.map in its own root. 'cpuhound record' finds them there. What is compiled\n"
	"later has no name until this is run again. Run it as root, or as the JVM's user.\n"
	"\n"
	"It attaches as jcmd does: a file in the JVM's /tmp and SIGQUIT, which is sent to nothing but a JVM that "
	"catches it.\n"
	"Recording never does that by itself.\n";

static const char *reason_of(int answer)
{
	switch (answer) {
	case JVM_GONE:
		return "there is no such process, or it has just ended";
	case JVM_NONE:
		return "it is no JVM: it has no libjvm.so mapped";
	case JVM_TOO_OLD:
		return "its JVM has no Compiler.perfmap: that came with JDK 17's HotSpot";
	case JVM_DISABLED:
		return "it was started with -XX:+DisableAttachMechanism";
	case JVM_NO_SIGNALS:
		return "it does not catch SIGQUIT (started with -Xrs, or still starting)";
	case JVM_FOREIGN_FILE:
		return "another user's file lies where its attach socket should be";
	default:
		return "it does not answer";
	}
}

static int explain(pid_t pid, int answer, const char *text)
{
	if (answer == JVM_REFUSED)
		log_error("the JVM %d refuses: %s", pid, text[0] ? text : "it says nothing more");
	else if (answer > 0)
		log_error("no perf map from process %d: %s", pid, reason_of(answer));
	else if (answer == -EPERM || answer == -EACCES)
		log_error("may not look into process %d: run this as root", pid);
	else
		log_error("no perf map from process %d: %s", pid, strerror(-answer));
	return answer == -EPERM || answer == -EACCES ? EXIT_ENVIRONMENT : EXIT_ERROR;
}

static int ask(pid_t pid)
{
	const struct jvm_request request = { .pid = pid, .command = "Compiler.perfmap", .timeout_s = TIMEOUT_S };
	char text[JVM_TEXT_BYTES];
	int answer;

	answer = jvm_attach(&request, text);
	if (answer != 0)
		return explain(pid, answer, text);
	printf("the JVM %d has written its perf map\n", pid);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = { {} };
	struct options o = {
		.command = &cmd_jvm_perfmap,
		.argc = argc,
		.argv = argv,
		.short_options = "",
		.long_options = long_options,
	};
	uint64_t pid;

	if (options_next(&o) == OPTIONS_STOP)
		return o.exit_code;
	if (argc - o.first_argument != 1)
		return options_error(&cmd_jvm_perfmap, "needs the PID of one JVM");
	if (parse_u64(argv[o.first_argument], 10, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return options_error(&cmd_jvm_perfmap, "'%s' is no PID", argv[o.first_argument]);
	return ask((pid_t)pid);
}

const struct command cmd_jvm_perfmap = {
	.name = "jvm-perfmap",
	.summary = "have a JVM write the names of its compiled methods",
	.usage = usage,
	.run = run,
};
