// SPDX-License-Identifier: Apache-2.0
#include "web/page-files.h"

#include <string.h>

const struct page_file *page_file_find(const char *path)
{
	for (size_t i = 0; i < n_page_files; i++)
		if (strcmp(page_files[i].path, path) == 0)
			return &page_files[i];
	return NULL;
}
