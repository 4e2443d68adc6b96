// SPDX-License-Identifier: Apache-2.0
#include "web/routes.h"

#include <stddef.h>
#include <string.h>

#include "web/page-files.h"

#define TEXT "text/plain; charset=utf-8"
#define HTML "text/html; charset=utf-8"
#define BYTES "application/octet-stream"
#define JSON "application/json"
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

static const char hub_page[] = HEAD
	"<p>Windows of many hosts: <a href=\"/\">the page</a>. Reading them:"
	"<pre>cpuhound export --store http://HOST:PORT --since 1h -o fleet.pb.gz\n"
	"go tool pprof 'http://HOST:PORT/api/v1/profile?match=service=api'</pre>"
	"<ul>"
	"<li><a href=\"/api/v1/windows\">/api/v1/windows</a>: a list; POST takes another"
	"<li>/api/v1/windows/TIER/FIRST: one of them"
	"<li>/api/v1/profile: all that is selected, as one gzip pprof"
	"<li>&amp;since_ns=, &amp;until_ns=: ns since 1970; &amp;match=: a matcher such as service=api"
	"<li>/api/v1/hogs, diff, flame, timeline, labels, export: what the page asks; docs/hub.md has the arguments"
	"<li><a href=\"/metrics\">/metrics</a>: the hub's own state, for Prometheus"
	"<li><a href=\"/readyz\">/readyz</a>: does it take windows?"
	"<li><a href=\"/healthz\">/healthz</a>: does it live?"
	"</ul>";

#define AGENT (1U << WEB_SITE_AGENT)
#define HUB (1U << WEB_SITE_HUB)
#define PAGE (HUB | 1U << WEB_SITE_VIEW)
#define ALL (AGENT | PAGE | 1U << WEB_SITE_STATUS)
#define ATTACHED "profile.pb.gz"

/* What is made for a client has no HEAD: that would take as long, for nothing. */
static const struct web_route routes[] = {
	{ "/", .sites = AGENT, .content_type = HTML, .text = front_page, .has_head = true },
	{ "/", .sites = PAGE, .is_file = true, .has_head = true },
	{ "/page/", .sites = PAGE, .is_prefix = true, .is_file = true, .has_head = true },
	{ "/viewer/", .sites = PAGE, .is_prefix = true, .is_file = true, .has_head = true },
	{ "/metrics", WEB_METRICS, "text/plain; version=0.0.4; charset=utf-8", .sites = ALL, .has_head = true },
	{ "/healthz", WEB_HEALTH, TEXT, .sites = ALL, .has_head = true },
	{ "/readyz", WEB_READY, TEXT, .sites = ALL, .has_head = true },
	{ "/debug/pprof/", .sites = AGENT, .content_type = HTML, .text = pprof_page, .has_head = true },
	{ "/debug/pprof/profile", WEB_PROFILE, BYTES, .sites = AGENT, .attachment = ATTACHED },
	{ "/debug/pprof/cmdline", .sites = AGENT, .content_type = TEXT, .text = "cpuhound", .has_head = true },
	/*
	 * go tool pprof posts the addresses here that have no name, and gives up on the whole profile where that is
	 * refused. We have given all the names that there are.
	 */
	{ "/debug/pprof/symbol", .sites = AGENT, .content_type = TEXT, .text = "num_symbols: 0\n", .has_head = true,
	  .takes_post = true },
	{ WEB_API_PATH, .sites = HUB, .content_type = HTML, .text = hub_page, .has_head = true },
	{ WEB_API_PATH "about", WEB_ABOUT, JSON, .sites = PAGE },
	{ WEB_API_PATH "hogs", WEB_QUESTION, JSON, .sites = PAGE, .question = QUESTION_HOGS },
	{ WEB_API_PATH "diff", WEB_QUESTION, JSON, .sites = PAGE, .question = QUESTION_DIFF },
	{ WEB_API_PATH "flame", WEB_QUESTION, JSON, .sites = PAGE, .question = QUESTION_FLAME },
	{ WEB_API_PATH "timeline", WEB_QUESTION, JSON, .sites = PAGE, .question = QUESTION_TIMELINE },
	{ WEB_API_PATH "labels", WEB_QUESTION, JSON, .sites = PAGE, .question = QUESTION_LABELS },
	{ WEB_API_PATH "export", WEB_QUESTION, BYTES, .sites = PAGE, .question = QUESTION_EXPORT },
	{ WEB_WINDOWS_PATH, WEB_WINDOWS, JSON, .sites = HUB, .takes_post = true, .post_kind = WEB_PUSH },
	{ WEB_WINDOWS_PATH "/", WEB_WINDOW, BYTES, .sites = HUB, .attachment = "window.pb.zst", .is_prefix = true },
	{ WEB_PROFILE_PATH, WEB_MERGED, BYTES, .sites = HUB, .attachment = ATTACHED },
	/* Likewise: the tool takes the last part of the profile's path for this. */
	{ WEB_API_PATH "symbolz", .sites = HUB, .content_type = TEXT, .text = "num_symbols: 0\n", .has_head = true,
	  .takes_post = true },
};

static bool is_at(const struct web_route *r, const char *path)
{
	if (r->is_file && !page_file_find(path))
		return false;
	return r->is_prefix ? strncmp(path, r->path, strlen(r->path)) == 0 : strcmp(path, r->path) == 0;
}

const struct web_route *web_route_find(const char *path, enum web_site site)
{
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if ((routes[i].sites & 1U << site) && is_at(&routes[i], path))
			return &routes[i];
	}
	return NULL;
}

const char *web_route_lack(const char *path, enum web_site site)
{
	static const char api[] = "/api/";

	if (strncmp(path, api, strlen(api)) != 0)
		return "no such page";
	switch (site) {
	case WEB_SITE_HUB:
		return "no such page: this hub serves " WEB_API_PATH;
	case WEB_SITE_VIEW:
		return "no such page: a view (--view) answers questions, and has no windows to take or give";
	default:
		return "no such page: a hub serves " WEB_API_PATH ", which is 'cpuhound serve'";
	}
}

bool web_route_takes(const struct web_route *r, const char *method)
{
	return strcmp(method, "GET") == 0 || (r->has_head && strcmp(method, "HEAD") == 0) ||
	       (r->takes_post && strcmp(method, "POST") == 0);
}

const char *web_route_methods(const struct web_route *r)
{
	if (r->takes_post)
		return r->has_head ? "GET, HEAD, POST" : "GET, POST";
	return r->has_head ? "GET, HEAD" : "GET";
}
