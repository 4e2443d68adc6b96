// SPDX-License-Identifier: Apache-2.0
#include "web/listener.h"

#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "web/address.h"
#include "web/handler.h"
#include "web/tls.h"

#define CONNECTION_BYTES ((size_t)16 << 10) /* a request's line and headers, and an answer's */

static void on_opened(struct web_listener *l, struct MHD_Connection *handle, void **context)
{
	const union MHD_ConnectionInfo *info;
	struct in6_addr address;
	int fd;

	fd = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	address = web_address_of(MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	*context = web_connections_add(l->connections, fd, &address, clock_now_ns(CLOCK_MONOTONIC));
	if (!*context) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	((struct web_connection *)*context)->listener = l;
	((struct web_connection *)*context)->handle = handle;
	if (!l->settings.client_ca[0])
		return;
	info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	web_tls_require_client(info->tls_session);
}

static void on_closed(struct web_listener *l, struct web_connection *c)
{
	if (!c)
		return;
	if (l->settings.certificate[0] && !c->has_asked && !c->is_closing)
		l->connections->counts.n[WEB_N_REFUSED_CLIENT]++;
	web_connection_remove(c);
}

static void on_connection(void *listener, struct MHD_Connection *handle, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		on_opened(listener, handle, context);
	else
		on_closed(listener, *context);
}

/* The connection is ready for another request, or closes. */
static void on_completed(void *listener, struct MHD_Connection *handle, void **request,
			 enum MHD_RequestTerminationCode code)
{
	struct web_connection *c = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

	if (!c)
		return;
	web_connection_end_body(c);
	c->n_answer_bytes = 0;
	c->is_refused = false;
	web_connection_enter(c, WEB_READING, clock_now_ns(CLOCK_MONOTONIC));
}

/* The library tells why it does not start; what it says later is of single clients. */
static void _printf_(2, 0) on_words(void *listener, const char *fmt, va_list args)
{
	struct web_listener *l = listener;

	if (l->reason)
		vsnprintf(l->reason, WEB_REASON_BYTES, fmt, args);
}

static struct MHD_Daemon *start(struct web_listener *l, int fd)
{
	const struct MHD_OptionItem plain[] = { { MHD_OPTION_END, 0, NULL } };
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, l->settings.certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, l->settings.private_key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)WEB_TLS_PRIORITIES },
		{ l->settings.client_ca[0] ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, l->settings.client_ca },
		{ MHD_OPTION_END, 0, NULL },
	};
	bool has_tls = l->settings.certificate[0] != 0;

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
					(has_tls ? MHD_USE_TLS : 0),
				0, NULL, NULL, web_handler_on_request, l, MHD_OPTION_EXTERNAL_LOGGER, on_words, l,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, l, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT, 2U * WEB_MAX_CONNECTIONS,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
				has_tls ? tls : plain, MHD_OPTION_END);
}

static bool is_loopback(int fd)
{
	struct sockaddr_storage local = {};
	socklen_t size = sizeof(local);
	struct in6_addr address;

	if (getsockname(fd, (struct sockaddr *)&local, &size) < 0)
		return false;
	address = web_address_of((const struct sockaddr *)&local);
	return web_address_is_loopback(&address);
}

/* NULL, or why nobody should be served on this socket. */
static const char *find_fault(int fd, const struct web_settings *settings)
{
	const char *fault = web_settings_fault(settings, is_loopback(fd));

	return fault ? fault : web_tls_fault(settings);
}

/* How the agent fares is no secret, and who collects metrics from many hosts has no token or certificate for each. */
static void set_settings(struct web_listener *l, bool status_only, const struct web_settings *settings)
{
	l->site = status_only ? WEB_SITE_STATUS : settings->site;
	if (status_only)
		memcpy(l->settings.host_names, settings->host_names, sizeof(l->settings.host_names));
	else
		l->settings = *settings;
}

int web_listener_new(int fd, bool status_only, const struct web_settings *settings, struct web_connections *connections,
		     char ret_reason[static WEB_REASON_BYTES], struct web_listener **ret)
{
	_cleanup_(web_listener_freep) struct web_listener *l = calloc(1, sizeof(*l));
	const char *fault = status_only ? NULL : find_fault(fd, settings);
	_cleanup_close_ int own_fd = -1;

	if (fault) {
		snprintf(ret_reason, WEB_REASON_BYTES, "%s", fault);
		return -EINVAL;
	}
	own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (!l || own_fd < 0) {
		snprintf(ret_reason, WEB_REASON_BYTES, "no memory or descriptor for a listener");
		return l ? -errno : -ENOMEM;
	}
	l->connections = connections;
	set_settings(l, status_only, settings);
	snprintf(ret_reason, WEB_REASON_BYTES, "libmicrohttpd does not start");
	l->reason = ret_reason;
	l->daemon = start(l, own_fd);
	l->reason = NULL;
	if (!l->daemon)
		return -EIO;
	own_fd = -1; /* closed by MHD_stop_daemon() */
	*ret = take_ptr(l);
	return 0;
}

static void close_connections(struct web_listener *l, bool all)
{
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		struct web_connection *c = &l->connections->all[i];

		if (c->state == WEB_FREE || c->listener != l)
			continue;
		if (all && (c->state == WEB_NEW || c->state == WEB_ASKED || c->state == WEB_LEFT)) {
			c->answer.status = 0;
			web_handler_resume(c);
		}
		if (all || c->state == WEB_READING)
			web_connection_close(c);
	}
}

struct web_listener *web_listener_free(struct web_listener *l)
{
	if (!l)
		return NULL;
	if (l->daemon) {
		close_connections(l, true);
		MHD_run(l->daemon); /* what is suspended stands in the way of the end */
		MHD_stop_daemon(l->daemon);
	}
	explicit_bzero(&l->settings, sizeof(l->settings));
	free(l);
	return NULL;
}

void web_listener_retire(struct web_listener *l)
{
	close_fd(MHD_quiesce_daemon(l->daemon));
	close_connections(l, false);
	l->is_retired = true;
}

bool web_listener_is_done(const struct web_listener *l)
{
	return l->is_retired &&
	       MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections == 0;
}

int web_listener_fd(const struct web_listener *l)
{
	return MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int web_listener_timeout_ms(const struct web_listener *l)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(l->daemon, &ms) != MHD_YES)
		return -1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

void web_listener_run(struct web_listener *l)
{
	MHD_run(l->daemon);
}
