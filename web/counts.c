// SPDX-License-Identifier: Apache-2.0
#include "web/counts.h"

static const char *const names[WEB_N_COUNTS] = {
	[WEB_N_CONNECTIONS] = "connections",
	[WEB_N_EVICTED] = "evicted",
	[WEB_N_OVERDUE] = "overdue",
	[WEB_N_CLIENT_GONE] = "client_gone",
	[WEB_N_ANSWERED] = "answered",
	[WEB_N_REFUSED_HOST] = "refused_host",
	[WEB_N_REFUSED_TOKEN] = "refused_token",
	[WEB_N_REFUSED_CLIENT] = "refused_client",
	[WEB_N_REFUSED_BUSY] = "refused_busy",
	[WEB_N_REFUSED_RIGHT] = "refused_right",
	[WEB_N_REFUSED_BODY] = "refused_body",
	[WEB_N_REFUSED_REQUEST] = "refused_request",
	[WEB_N_FAILED] = "failed",
};

const char *web_count_name(enum web_count c)
{
	return names[c];
}

enum web_count web_count_of_status(unsigned int status)
{
	switch (status) {
	case 401:
		return WEB_N_REFUSED_TOKEN;
	case 403:
		return WEB_N_REFUSED_RIGHT;
	case 413:
	case 415:
		return WEB_N_REFUSED_BODY;
	case 421:
		return WEB_N_REFUSED_HOST;
	case 429:
		return WEB_N_REFUSED_BUSY;
	default:
		return status < 400 ? WEB_N_ANSWERED : status < 500 ? WEB_N_REFUSED_REQUEST : WEB_N_FAILED;
	}
}
