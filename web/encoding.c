// SPDX-License-Identifier: Apache-2.0
#include "web/encoding.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char spaces[] = " \t";

/* Of what stands behind a name: ";q=0", "; q=0.000". */
static bool is_zero_weight(const char *s, size_t n)
{
	const char *end = s + n;

	s += strspn(s, "; \t");
	if (end - s < 3 || strncasecmp(s, "q=0", 3) != 0)
		return false;
	s += 3;
	return (size_t)(end - s) == strspn(s, ".0 \t");
}

/* One element: 1 or 0, -1: it is of another packing. */
static int accepts(const char *s, size_t n)
{
	size_t name = strcspn(s, ";, \t");

	if (!(name == 4 && strncasecmp(s, "gzip", 4) == 0) && !(name == 1 && *s == '*'))
		return -1;
	return !is_zero_weight(s + name, n - name);
}

bool web_accepts_gzip(const char *text)
{
	bool any = false;

	while (text && *text) {
		size_t skip = strspn(text, spaces), n = strcspn(text + skip, ",");
		int r = accepts(text + skip, n);

		if (r >= 0 && text[skip] != '*')
			return r;
		any = any || r > 0;
		text += skip + n;
		text += *text == ',';
	}
	return any;
}

bool web_has_etag(const char *text, const char *etag)
{
	return text && (strcmp(text, "*") == 0 || strstr(text, etag));
}
