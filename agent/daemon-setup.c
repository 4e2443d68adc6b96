// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon-setup.h"

#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config-address.h"
#include "agent/gateway-keeper.h"
#include "agent/gateway-settings.h"
#include "agent/gateway.h"
#include "agent/live-feed.h"
#include "agent/live-packet.h"
#include "agent/status-socket.h"
#include "common/log.h"

#define UMASK 0027

static int fail(struct daemon_setup *s, int answer, const char *fmt, ...) _printf_(3, 4);
static int fail(struct daemon_setup *s, int answer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	return answer;
}

/* What it makes from here on belongs to the group, whose members may read it. */
static int enter_group(struct daemon_setup *s, const char *name)
{
	const struct group *group = name[0] ? getgrnam(name) : NULL;

	umask(UMASK);
	if (!group) {
		if (name[0])
			log_debug("there is no group '%s': only root can read the state dir", name);
		return 0;
	}
	if (getegid() == group->gr_gid || geteuid() != 0) /* a service manager has chosen */
		return 0;
	if (setresgid(group->gr_gid, group->gr_gid, group->gr_gid) < 0)
		return fail(s, DAEMON_FAILED, "cannot take on the group '%s': %m", name);
	return 0;
}

static int open_state(struct daemon_setup *s, const char *path)
{
	size_t n_removed;
	pid_t pid;
	int r;

	r = state_dir_open(path, &s->state, &pid, &n_removed);
	if (r == STATE_DIR_IN_USE && pid)
		return fail(s, DAEMON_REFUSED, "the state dir %s is in use by pid %d: only one agent runs on a host",
			    path, pid);
	if (r == STATE_DIR_IN_USE)
		return fail(s, DAEMON_REFUSED, "the state dir %s is in use: only one agent runs on a host", path);
	if (r < 0)
		return fail(s, DAEMON_FAILED, "cannot open the state dir '%s': %s", path, strerrordesc_np(-r));
	if (n_removed)
		log_debug("removed %zu files that were left half written", n_removed);
	return 0;
}

static int listen_on(struct daemon_setup *s, const char *key, const struct config_address *address, int *ret)
{
	int r = config_address_listen(address, key, ret, s->why, sizeof(s->why));

	return r == CONFIG_ADDRESS_IN_USE ? DAEMON_REFUSED : r < 0 ? DAEMON_FAILED : 0;
}

static int open_status(struct daemon_setup *s, const char *dir)
{
	int r = status_socket_new(dir, &s->status);

	if (r == STATUS_SOCKET_IN_USE)
		return fail(s, DAEMON_REFUSED, "the socket %s/%s is another agent's: only one agent runs on a host",
			    dir, STATUS_SOCKET_NAME);
	if (r < 0)
		return fail(s, DAEMON_FAILED, "cannot make the socket '%s/%s': %s", dir, STATUS_SOCKET_NAME,
			    strerrordesc_np(-r));
	return 0;
}

/* After the status socket, whose lock says whose the directory is. */
static int open_live(struct daemon_setup *s, const char *dir)
{
	int r = live_feed_new(dir, &s->live);

	if (r < 0)
		return fail(s, DAEMON_FAILED, "cannot make the socket '%s/%s': %s", dir, LIVE_SOCKET_NAME,
			    strerrordesc_np(-r));
	return 0;
}

int daemon_setup(struct daemon_setup *s, const struct config *c)
{
	int r;

	r = enter_group(s, c->agent.group);
	if (r == 0)
		r = open_state(s, c->agent.state_dir);
	if (r == 0)
		r = open_status(s, c->agent.run_dir);
	if (r == 0)
		r = open_live(s, c->agent.run_dir);
	if (r == 0)
		r = listen_on(s, "http.listen", &c->http.listen, &s->listen_fd);
	if (r == 0)
		r = listen_on(s, "http.metrics_listen", &c->http.metrics_listen, &s->metrics_fd);
	return r;
}

void daemon_setup_done(struct daemon_setup *s)
{
	s->live = live_feed_free(s->live);
	s->status = status_socket_free(s->status);
	s->listen_fd = close_fd(s->listen_fd);
	s->metrics_fd = close_fd(s->metrics_fd);
	state_dir_done(&s->state);
}

static int read_settings(struct daemon_setup *s, const struct config *c, const char *host_name,
			 struct web_settings *ret)
{
	const char *names[WEB_MAX_HOST_NAMES + 1] = { host_name, c->labels.host }; /* one too many is told */
	const struct gateway_token token = { .name = "http", .file = c->http.token_file, .may_read = true };
	struct gateway_files files = {
		.tokens = &token,
		.n_tokens = token.file != NULL,
		.certificate_file = c->http.tls_cert_file,
		.private_key_file = c->http.tls_key_file,
		.client_ca_file = c->http.tls_client_ca_file,
		.host_names = names,
		.n_host_names = c->labels.host[0] ? 2 : 1,
		.is_loopback = !c->http.listen.given || c->http.listen.loopback,
	};
	char reason[GATEWAY_REASON_BYTES];

	for (size_t i = 0; i < c->http.names.n && files.n_host_names < ARRAY_SIZE(names); i++)
		names[files.n_host_names++] = c->http.names.items[i];
	if (gateway_settings_read(&files, ret, reason) < 0)
		return fail(s, DAEMON_FAILED, "%s", reason);
	return 0;
}

/* The secrets leave this process's memory with the call. */
static void forget(struct web_settings *settings)
{
	if (settings)
		explicit_bzero(settings, sizeof(*settings));
	free(settings);
}

int daemon_setup_gateway(struct daemon_setup *s, const struct config *c, const char *host_name,
			 struct gateway_keeper **ret)
{
	static char name[] = "cpuhound", command[] = GATEWAY_COMMAND;
	static char *const argv[] = { name, command, NULL };
	struct web_settings *settings;
	int r;

	if (s->listen_fd < 0 && s->metrics_fd < 0)
		return 0;
	settings = calloc(1, sizeof(*settings));
	if (!settings)
		return fail(s, DAEMON_FAILED, "no memory for the gateway's settings");
	r = read_settings(s, c, host_name, settings);
	if (r == 0) {
		const struct gateway_keeper_config config = {
			.path = "/proc/self/exe",
			.argv = argv,
			.listen_fd = s->listen_fd,
			.metrics_listen_fd = s->metrics_fd,
			.settings = settings,
		};

		r = gateway_keeper_new(&config, ret);
		if (r < 0)
			r = fail(s, DAEMON_FAILED, "cannot start the gateway: %s", strerrordesc_np(-r));
	}
	forget(settings);
	return r;
}

int daemon_setup_reload(struct daemon_setup *s, const struct config *c, const char *host_name, struct gateway_keeper *g)
{
	struct web_settings *settings = calloc(1, sizeof(*settings));
	int r;

	if (!settings)
		return fail(s, DAEMON_FAILED, "no memory for the gateway's settings");
	r = read_settings(s, c, host_name, settings);
	if (r == 0) {
		r = gateway_keeper_set(g, settings);
		if (r < 0)
			r = fail(s, DAEMON_FAILED, "cannot give the gateway its settings: %s", strerrordesc_np(-r));
	}
	forget(settings);
	return r;
}
