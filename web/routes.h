/* SPDX-License-Identifier: Apache-2.0 */
/* routes: the paths that are served, and what each is answered with. */
#pragma once

#include <stdbool.h>

#include "web/request.h"

struct web_route {
	const char *path;
	enum web_kind kind; /* what the agent is asked for; 0: nothing, `text` is the answer */
	const char *content_type;
	const char *text;
	bool is_status; /* also served where only metrics and health are */
	bool has_head;
	bool takes_post; /* its body is read and ignored */
};

/* NULL: no such path. */
const struct web_route *web_route_find(const char *path, bool status_only);

bool web_route_takes(const struct web_route *r, const char *method);
const char *web_route_methods(const struct web_route *r); /* as in an Allow header */
