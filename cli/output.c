// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/compress.h"
#include "common/suffix.h"
#include "pprof/profile.h"
#include "report/flame-svg.h"
#include "report/flame.h"
#include "web/viewer-page.h"

int output_init(const char *path, struct output *ret)
{
	static const struct {
		const char *suffix;
		enum output_kind kind;
	} kinds[] = {
		{ ".pb.gz", OUTPUT_PPROF_GZIP }, { ".pb.zst", OUTPUT_PPROF_ZSTD }, { ".folded", OUTPUT_FOLDED },
		{ ".html", OUTPUT_HTML },        { ".svg", OUTPUT_SVG },
	};
	struct output o = { .path = path, .temp = FS_TEMP_NONE };

	if (strcmp(path, "-") == 0) {
		o.kind = OUTPUT_FOLDED;
		o.to_stdout = true;
		*ret = o;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!has_suffix(path, kinds[i].suffix))
			continue;
		o.kind = kinds[i].kind;
		*ret = o;
		return 0;
	}
	return OUTPUT_UNKNOWN_KIND;
}

void output_done(struct output *o)
{
	fs_temp_done(&o->temp);
}

int output_open(struct output *o, const struct invoker *who)
{
	struct stat st;
	int r;

	if (o->to_stdout)
		return 0;
	if (stat(o->path, &st) == 0 && S_ISDIR(st.st_mode)) /* only the rename at the end would tell */
		return -EISDIR;
	r = fs_temp_open(AT_FDCWD, o->path, 0644, &o->temp);
	if (r < 0)
		return r;
	return invoker_own(who, o->temp.fd);
}

static int fold(const struct buf *raw, struct buf *ret)
{
	static const char *const roots[] = { "service_name" };
	_cleanup_(profile_freep) struct profile *p = NULL;
	int r;

	r = profile_decode(raw->data, raw->size, &p);
	if (r < 0)
		return r;
	/* Samples: whole numbers, as readers of folded text expect. The text knows no labels: services are roots. */
	return profile_fold(p, 0, roots, ARRAY_SIZE(roots), ret);
}

int output_put(struct output *o, const struct buf *bytes)
{
	int r = fs_write_all(o->to_stdout ? STDOUT_FILENO : o->temp.fd, bytes->data, bytes->size);

	o->n_bytes = bytes->size;
	return r < 0 || o->to_stdout ? r : fs_temp_publish(&o->temp, o->path);
}

bool output_is_drawing(const struct output *o)
{
	return o->kind == OUTPUT_HTML || o->kind == OUTPUT_SVG;
}

int output_draw(struct output *o, const struct flame *f)
{
	_cleanup_(buf_done) struct buf bytes = {};
	int r = o->kind == OUTPUT_HTML ? viewer_page_add(f, &bytes) : flame_svg_add(f, &bytes);

	return r < 0 ? r : output_put(o, &bytes);
}

/* Services are roots, as in folded text. */
static int draw_profile(struct output *o, const struct buf *raw, const char *title)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(flame_done) struct flame f = {};
	int r;

	r = profile_decode(raw->data, raw->size, &p);
	if (r == 0)
		r = flame_init(&f);
	if (r < 0)
		return r;
	f.title = title;
	f.keys[f.n_keys++] = "service_name";
	flame_cover_profile(&f, 0, p);
	r = flame_add(&f, 0, p, NULL);
	if (r == 0)
		r = flame_finish(&f);
	return r < 0 ? r : output_draw(o, &f);
}

int output_write(struct output *o, const struct buf *profile, const char *title)
{
	_cleanup_(buf_done) struct buf bytes = {};
	int r;

	switch (o->kind) {
	case OUTPUT_PPROF_GZIP:
		r = compress_add(COMPRESSION_GZIP, profile->data, profile->size, &bytes);
		break;
	case OUTPUT_PPROF_ZSTD:
		r = compress_add(COMPRESSION_ZSTD, profile->data, profile->size, &bytes);
		break;
	case OUTPUT_HTML:
	case OUTPUT_SVG:
		return draw_profile(o, profile, title);
	case OUTPUT_FOLDED:
	default:
		r = fold(profile, &bytes);
	}
	return r < 0 ? r : output_put(o, &bytes);
}
