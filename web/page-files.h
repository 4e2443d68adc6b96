/* SPDX-License-Identifier: Apache-2.0 */
/* page files: the files of web/page and web/viewer in the program, made by web/pack-files when it is built. */
#pragma once

#include <stddef.h>

struct page_file {
	const char *path; /* as it is asked for: "/", "/page/page.css" */
	const char *content_type;
	const char *etag; /* with its quotes; another for other bytes */
	const unsigned char *gzip;
	size_t n_gzip_bytes, n_bytes;
};

extern const struct page_file page_files[];
extern const size_t n_page_files;

/* NULL: there is no such file. */
const struct page_file *page_file_find(const char *path);
