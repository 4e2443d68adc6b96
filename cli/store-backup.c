// SPDX-License-Identifier: Apache-2.0
/* store backup DIR, store restore DIR: see store/backup.h. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/json.h"
#include "cli/store-verbs.h"
#include "cli/text.h"
#include "cli/value.h"
#include "pprof/profile.h"
#include "store/backup.h"

#define DIR_MODE 0750

static int print(const struct store_options *o, const struct backup_stats *stats)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	const struct json_count counts[] = {
		{ "files", stats->n_files },
		{ "bytes", stats->n_bytes },
		{ "files_damaged", stats->n_bad },
	};
	_cleanup_(json_putp) struct json_object *top = NULL;
	char size[VALUE_TEXT_SIZE];
	int r;

	if (!o->json) {
		value_format(&bytes, (int64_t)stats->n_bytes, size);
		printf("copied %" PRIu64 " files, %s\n", stats->n_files, size);
		return 0;
	}
	r = json_new_top(&top);
	if (r == 0)
		r = json_add_counts(top, counts, ARRAY_SIZE(counts));
	return r == 0 ? json_print(top) : r;
}

static int tell(const struct store_options *o, const char *what, int r, const struct backup_stats *stats)
{
	const char *dir = o->arguments[0];

	switch (r) {
	case BACKUP_NOT_EMPTY:
		return text_fail(what, dir, "the directory that is written to is not empty");
	case BACKUP_NONE:
		return text_fail(what, dir, "there is no store in it");
	case BACKUP_IN_USE:
		return text_fail(what, dir, "an agent runs: stop it first");
	}
	if (r == 0)
		r = print(o, stats);
	if (r < 0)
		return text_fail(what, dir, strerror(-r));
	if (stats->n_bad)
		return text_fail(what, dir, "some files are damaged, and are not in it: see cpuhound store verify");
	return EXIT_OK;
}

int store_backup(const struct store_options *o, struct store *s)
{
	const char *dir = o->arguments[0];
	struct backup_stats stats = {};
	_cleanup_close_ int fd = -1;

	if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST)
		return text_fail("back up to", dir, strerror(errno));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return tell(o, "back up to", fd < 0 ? -errno : backup_make(s, fd, &stats), &stats);
}

int store_restore(const struct store_options *o, struct store *s)
{
	_cleanup_close_ int fd = open(o->arguments[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct backup_stats stats = {};

	return tell(o, "restore from", fd < 0 ? -errno : backup_restore(s, fd, &stats), &stats);
}
