/* SPDX-License-Identifier: Apache-2.0 */
/* environment check: what `cpuhound doctor` would say, before sampling starts: the first failure, or what is missing.
 */
#pragma once

#include "cli/command.h"

/* EXIT_OK; EXIT_ENVIRONMENT, and the failing finding on stderr; EXIT_ERROR. Degraded findings are warnings. */
enum exit_code environment_check_say(void);
