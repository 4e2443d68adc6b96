/* SPDX-License-Identifier: Apache-2.0 */
/* encoding: what a client says of how a body may be packed (RFC 9110, 12.5.3), and which bytes it has (13.1.2). */
#pragma once

#include <stdbool.h>

/* text: of an Accept-Encoding header; NULL: there is none. */
bool web_accepts_gzip(const char *text);

/* text: of an If-None-Match header, NULL: there is none; etag: a strong one, with its quotes. */
bool web_has_etag(const char *text, const char *etag);
