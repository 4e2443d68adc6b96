// SPDX-License-Identifier: Apache-2.0
#include "cli/agent-socket.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "agent/config.h"
#include "cli/text.h"

#define DEFAULT_RUN_DIR "/run/cpuhound"

int agent_socket_find(const char *run_dir, const char *name, struct buf *ret_path)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = NULL;
	const struct config_sources sources = { .environment = environ };
	int r;

	if (!run_dir) {
		r = config_load(&sources, &report, &c);
		if (r < 0)
			return r;
		run_dir = c ? c->agent.run_dir : DEFAULT_RUN_DIR; /* of a bad one check-config tells */
	}
	return buf_printf(ret_path, "%s/%s", run_dir, name);
}

static int answer_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		return AGENT_NONE;
	case EACCES:
		return AGENT_DENIED;
	case EAGAIN:
		return AGENT_NO_ANSWER;
	default:
		return -error;
	}
}

int agent_socket_connect(const char *path, int type, int *ret)
{
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	const struct timeval patience = { .tv_sec = AGENT_PATIENCE_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0) /* also of connect() */
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return answer_of(errno);
	*ret = take_fd(fd);
	return 0;
}

int agent_socket_refuse(const char *path, int answer)
{
	switch (answer) {
	case AGENT_NONE:
		text_fail("reach an agent at", path,
			  "none runs here: start one with 'systemctl start cpuhound', or name its --run-dir");
		return EXIT_ENVIRONMENT;
	case AGENT_DENIED:
		text_fail("reach the agent at", path,
			  "permission denied: become root or a member of the agent's group (cpuhound)");
		return EXIT_ENVIRONMENT;
	case AGENT_NO_ANSWER:
		return text_fail("reach the agent at", path, "it does not answer: it hangs, or too many ask at once");
	case AGENT_BAD_ANSWER:
		return text_fail("understand who answers at", path, "it is no agent");
	default:
		return text_fail("reach an agent at", path, strerror(-answer));
	}
}
