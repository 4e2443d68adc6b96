// SPDX-License-Identifier: Apache-2.0
#include "cli/environment-check.h"

#include <string.h>

#include "agent/environment.h"
#include "common/log.h"

enum exit_code environment_check_say(void)
{
	_cleanup_free_ struct finding *findings = NULL;
	size_t n;
	int r;

	r = environment_check(&findings, &n);
	if (r < 0) {
		log_error("cannot look at this machine: %s", strerror(-r));
		return EXIT_ERROR;
	}
	for (size_t i = 0; i < n; i++) {
		if (findings[i].state != FINDING_FAILED)
			continue;
		log_error("%s%s%s", findings[i].text, findings[i].remedy[0] ? ": " : "", findings[i].remedy);
		return EXIT_ENVIRONMENT;
	}
	for (size_t i = 0; i < n; i++)
		if (findings[i].state == FINDING_DEGRADED)
			log_warning("%s", findings[i].text);
	return EXIT_OK;
}
