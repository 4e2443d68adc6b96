/* SPDX-License-Identifier: Apache-2.0 */
/* routes: the paths that are served, and what each is answered with. */
#pragma once

#include <stdbool.h>

#include "web/request.h"
#include "web/settings.h"

struct web_route {
	const char *path;
	enum web_kind kind; /* what the agent is asked for; 0: nothing, `text` or a file is the answer */
	const char *content_type;
	const char *text;
	const char *attachment; /* the name of the file for who saves the answer; NULL: it is shown */
	unsigned int sites;     /* bits by enum web_site */
	bool has_head;
	bool takes_post;         /* its body is read and ignored; but see: */
	enum web_kind post_kind; /* the body is given to the agent with this; 0: it is not */
	bool is_prefix;          /* of longer paths */
	uint32_t question;       /* of WEB_QUESTION: enum question_kind */
	bool is_file;            /* of the page (web/page-files.h): it holds no data, and needs no token */
};

/* NULL: no such path. */
const struct web_route *web_route_find(const char *path, enum web_site site);

bool web_route_takes(const struct web_route *r, const char *method);
const char *web_route_methods(const struct web_route *r); /* as in an Allow header */

/* Why there is no such path: one line. */
const char *web_route_lack(const char *path, enum web_site site);
