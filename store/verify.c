// SPDX-License-Identifier: Apache-2.0
#include "store/verify.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pprof/profile.h"
#include "store/store-inside.h"

void verification_done(struct verification *v)
{
	free(v->problems);
	*v = (struct verification){};
}

static int tell(struct verification *v, const struct window_path *path, const char *what)
{
	struct verify_problem *more;

	v->n_problems++;
	if (v->n_told == VERIFY_MAX_PROBLEMS)
		return 0;
	more = reallocarray(v->problems, v->n_told + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	v->problems = more;
	more[v->n_told++] = (struct verify_problem){ .path = *path, .what = what };
	return 0;
}

/* The samples/count column, which comes first in what we write. */
static uint64_t sum_samples(const struct profile *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		n += p->n_sample_types ? (uint64_t)p->samples[i].values[0] : 0;
	return n;
}

/* NULL: nothing is. */
static const char *what_is_wrong(const struct window_info *info, const struct profile *p)
{
	if (!ledger_balances(&info->ledger))
		return "its ledger does not balance";
	if (info->ledger.in_profile != sum_samples(p))
		return "its ledger tells of other samples than there are";
	return info->tier == WINDOW_RAW && info->ledger.windows != 1 ? "it is of more than one window" : NULL;
}

/* Blocks on the disk may be others on another day. */
static bool is_same(const struct window_info *a, const struct window_info *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->host, b->host) == 0 && a->tier == b->tier &&
	       a->first == b->first && a->last == b->last && a->start_ns == b->start_ns &&
	       a->duration_ns == b->duration_ns && a->period_ns == b->period_ns && a->n_bytes == b->n_bytes &&
	       a->n_raw_bytes == b->n_raw_bytes && memcmp(&a->ledger, &b->ledger, sizeof(a->ledger)) == 0;
}

/* A row, if there is one, says what the file says. */
static int check_row(struct store *s, const struct window_path *path, const struct window_info *info,
		     struct verification *v)
{
	struct window_info row = {};
	int r = catalogue_find_file(s->catalogue, path, &row);

	if (r != 0)
		return r == CATALOGUE_END ? 0 : r;
	return is_same(&row, info)
		       ? 0
		       : tell(v, path, "its row in the catalogue says something else: see 'cpuhound store rebuild'");
}

static int check_file(struct store *s, enum window_tier tier, const char *folder, const char *file,
		      struct verification *v)
{
	_cleanup_(profile_freep) struct profile *profile = NULL;
	struct window_info info = {};
	struct window_path path;
	struct window_name name;
	const char *wrong;
	int r;

	if (name_parse(tier, file, &name) != 0 || name_format(&name, &path) < 0 || strcmp(path.folder, folder) != 0)
		return 0; /* somebody else's */
	r = window_file_inspect(s->dir_fd, &path, &name, &info, &profile);
	if (r == STORE_GONE)
		return 0;
	if (r == -ENOMEM)
		return r;
	if (r != 0)
		return tell(v, &path, r < 0 ? strerrordesc_np(-r) : "it is damaged, or no window of that name");
	wrong = what_is_wrong(&info, profile);
	if (wrong)
		return tell(v, &path, wrong);
	v->n_files++;
	v->n_windows += info.ledger.windows;
	v->n_samples += info.ledger.in_profile;
	return check_row(s, &path, &info, v);
}

static int check_listings(struct store *s, const char *folder, const struct files_listing *files, bool is_trusted,
			  struct verification *v)
{
	_cleanup_(files_listing_done) struct files_listing rows = {};
	struct window_path path = {};
	size_t i = 0, j = 0;
	int r = catalogue_list(s->catalogue, folder, &rows);

	snprintf(path.folder, sizeof(path.folder), "%s", folder);
	while (r == 0 && (i < files->n || j < rows.n)) {
		int order = i == files->n ? 1 : j == rows.n ? -1 : strcmp(files->names[i], rows.names[j]);

		if (order != 0 && is_trusted) {
			snprintf(path.file, sizeof(path.file), "%s", order < 0 ? files->names[i] : rows.names[j]);
			r = tell(v, &path,
				 order < 0 ? "it has no row in a catalogue that is trusted"
					   : "it has a row in the catalogue, and is not there");
		} else if (order < 0) {
			v->n_unknown_files++;
		}
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

/* The mtime first: whatever changes later makes the rows less trusted than they seem, not more. */
static int check_folder(struct store *s, enum window_tier tier, const char *folder, struct verification *v)
{
	_cleanup_(files_listing_done) struct files_listing files = {};
	bool is_trusted;
	int r = folder_is_known(s, folder, &is_trusted);

	if (r == 0)
		r = files_list(s->dir_fd, folder, &files);
	if (r == 0 && is_trusted) /* still */
		r = folder_is_known(s, folder, &is_trusted);
	if (r == 0)
		r = check_listings(s, folder, &files, is_trusted, v);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = check_file(s, tier, folder, files.names[i], v);
	return r;
}

int store_verify(struct store *s, struct verification *ret)
{
	int r = store_look_at_catalogue(s);

	for (enum window_tier tier = 0; r == 0 && tier < WINDOW_N_TIERS; tier++) {
		_cleanup_(files_listing_done) struct files_listing folders = {};

		r = files_list_folders(s->dir_fd, tier, &folders);
		for (size_t i = 0; r == 0 && i < folders.n; i++)
			r = check_folder(s, tier, folders.names[i], ret);
	}
	return r;
}
