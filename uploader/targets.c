// SPDX-License-Identifier: Apache-2.0
/* targets: the kinds that there are. */
#include <string.h>

#include "uploader/target.h"

const struct target_ops *target_find(const char *kind)
{
	static const struct target_ops *const targets[] = {
		&target_pyroscope,  &target_parca, &target_otlp, &target_s3,
		&target_clickhouse, &target_http,  &target_hub,
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (strcmp(targets[i]->name, kind) == 0)
			return targets[i];
	return NULL;
}
