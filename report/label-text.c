// SPDX-License-Identifier: Apache-2.0
#include "report/label-text.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/utf8.h"
#include "pprof/profile.h"

static const struct profile_label *find(const struct profile_label *labels, size_t n_labels, const char *key)
{
	for (size_t i = 0; i < n_labels; i++)
		if (strcmp(labels[i].key, key) == 0)
			return &labels[i];
	return NULL;
}

static int add_value(const struct profile_label *l, struct buf *ret)
{
	if (!l)
		return buf_add_str(ret, LABEL_TEXT_NONE);
	if (l->str)
		return utf8_add_valid(ret, l->str, strlen(l->str), PROFILE_MAX_NAME_BYTES);
	return buf_printf(ret, "%" PRId64 "%s%s", l->num, l->num_unit[0] ? " " : "", l->num_unit);
}

int label_text_add(const struct profile_label *labels, size_t n_labels, const char *const *keys, size_t n_keys,
		   struct buf *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_keys; i++) {
		if (i > 0)
			r = buf_add_str(ret, ", ");
		if (r == 0)
			r = add_value(find(labels, n_labels, keys[i]), ret);
	}
	return r;
}
