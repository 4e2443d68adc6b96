// SPDX-License-Identifier: Apache-2.0
/* main: the program; its commands are in cli/commands.c, and its children start here as well. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/fetcher.h"
#include "agent/gateway.h"
#include "agent/hub-intake.h"
#include "agent/hub-page.h"
#include "agent/hub-reader.h"
#include "agent/live-sampler.h"
#include "agent/maintain.h"
#include "agent/upload-child.h"
#include "cli/command.h"
#include "symbolizer/children.h"

int main(int argc, char **argv)
{
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (argc > 1 && strcmp(argv[1], GATEWAY_COMMAND) == 0)
		return gateway_main();
	if (argc > 1 && strcmp(argv[1], FETCHER_COMMAND) == 0)
		return fetcher_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], UPLOAD_COMMAND) == 0)
		return upload_child_main();
	if (argc > 1 && strcmp(argv[1], HUB_INTAKE_COMMAND) == 0)
		return hub_intake_main();
	if (argc > 1 && strcmp(argv[1], HUB_READER_COMMAND) == 0)
		return hub_reader_main();
	if (argc > 1 && strcmp(argv[1], HUB_PAGE_COMMAND) == 0)
		return hub_page_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], LIVE_SAMPLER_COMMAND) == 0)
		return live_sampler_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], MAINTAIN_COMMAND) == 0)
		return maintain_main(argc, argv);

	signal(SIGPIPE, SIG_DFL); /* `cpuhound ... | head` ends quietly, whatever the parent had ignored */
	exit_code = command_dispatch(argc, argv);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, "cpuhound: cannot write the output: is the disk full?\n");
		return exit_code ? exit_code : EXIT_ERROR;
	}
	return exit_code;
}
