// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <stddef.h>
#include <string.h>

#define TEXT "text/plain; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define HEAD "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>cpuhound</title><h1>cpuhound</h1>"

static const char front_page[] = HEAD "<ul>"
				      "<li><a href=\"/debug/pprof/\">/debug/pprof/</a>: profiles of this host"
				      "<li><a href=\"/metrics\">/metrics</a>: the agent's own state, for Prometheus"
				      "<li><a href=\"/readyz\">/readyz</a>: does it sample?"
				      "<li><a href=\"/healthz\">/healthz</a>: does it live?"
				      "</ul>";

static const char pprof_page[] =
	HEAD "<p>CPU time of this host, from the running agent's samples, as gzip pprof:"
	     "<pre>go tool pprof http://HOST:PORT/debug/pprof/profile?seconds=10</pre>"
	     "<ul>"
	     "<li><a href=\"/debug/pprof/profile?seconds=10\">profile?seconds=10</a>: 1 to 60 seconds; 30 if not said"
	     "<li>&amp;service=NAME, &amp;container=ID or NAME, &amp;pid=PID: of these only"
	     "</ul>";

static const struct web_route routes[] = {
	{ "/", .content_type = HTML, .text = front_page, .has_head = true },
	{ "/metrics", WEB_METRICS, "text/plain; version=0.0.4; charset=utf-8", .is_status = true, .has_head = true },
	{ "/healthz", WEB_HEALTH, TEXT, .is_status = true, .has_head = true },
	{ "/readyz", WEB_READY, TEXT, .is_status = true, .has_head = true },
	{ "/debug/pprof/", .content_type = HTML, .text = pprof_page, .has_head = true },
	{ "/debug/pprof/profile", WEB_PROFILE, "application/octet-stream" }, /* HEAD would take as long, for nothing */
	{ "/debug/pprof/cmdline", .content_type = TEXT, .text = "cpuhound", .has_head = true },
	/*
	 * go tool pprof posts the addresses here that have no name, and gives up on the whole profile where that is
	 * refused. We have given all the names that there are.
	 */
	{ "/debug/pprof/symbol", .content_type = TEXT, .text = "num_symbols: 0\n", .has_head = true,
	  .takes_post = true },
};

const struct web_route *web_route_find(const char *path, bool status_only)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (strcmp(path, routes[i].path) == 0)
			return status_only && !routes[i].is_status ? NULL : &routes[i];
	}
	return NULL;
}

bool web_route_takes(const struct web_route *r, const char *method)
{
	return strcmp(method, "GET") == 0 || (r->has_head && strcmp(method, "HEAD") == 0) ||
	       (r->takes_post && strcmp(method, "POST") == 0);
}

const char *web_route_methods(const struct web_route *r)
{
	if (r->takes_post)
		return "GET, HEAD, POST";
	return r->has_head ? "GET, HEAD" : "GET";
}
