// SPDX-License-Identifier: Apache-2.0
#include "uploader/quarantine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "common/suffix.h"
#include "common/utf8.h"

#define FILE_MODE 0640
#define PREFIX "upload-"
#define PROFILE_SUFFIX ".pb.gz"
#define ANSWER_SUFFIX ".txt"
#define NAME_SIZE 256 /* NAME_MAX and the NUL */

static int write_file(int dir_fd, const char *name, const struct buf *text)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	int r = fs_temp_open(dir_fd, name, FILE_MODE, &temp);

	if (r == 0)
		r = fs_write_all(temp.fd, text->data, text->size);
	return r < 0 ? r : fs_temp_publish(&temp, name);
}

/* What was answered; a foreign body is made valid text. */
static int write_answer(int dir_fd, const char *name, const struct quarantine_part *p)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = buf_printf(&text, "%s\nstatus %u\n", p->answer->reason, p->response->status);

	if (r == 0 && p->response->grpc_status >= 0)
		r = buf_printf(&text, "grpc-status %d\n", p->response->grpc_status);
	if (r == 0 && p->response->grpc_message.size > 0)
		r = utf8_add_valid(&text, p->response->grpc_message.data, p->response->grpc_message.size,
				   RESPONSE_MAX_BYTES);
	if (r == 0 && p->response->body.size > 0)
		r = utf8_add_valid(&text, p->response->body.data, p->response->body.size, RESPONSE_MAX_BYTES);
	if (r == 0)
		r = buf_add_char(&text, '\n');
	return r < 0 ? r : write_file(dir_fd, name, &text);
}

struct census {
	unsigned int n;
	uint64_t n_bytes;
	struct timespec oldest_at;
	char oldest[NAME_SIZE]; /* "": none */
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static void count(struct census *c, int dir_fd, const char *name)
{
	struct stat st;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode) || strlen(name) >= NAME_SIZE)
		return;
	c->n_bytes += (uint64_t)st.st_blocks * 512;
	if (!has_suffix(name, PROFILE_SUFFIX))
		return;
	c->n++;
	if (!c->oldest[0] || is_older(&st.st_mtim, &c->oldest_at)) {
		snprintf(c->oldest, sizeof(c->oldest), "%s", name);
		c->oldest_at = st.st_mtim;
	}
}

static int take_census(int dir_fd, struct census *ret)
{
	const struct dirent *entry;
	DIR *dir;
	int r = fs_open_dir(dir_fd, &dir);

	*ret = (struct census){};
	if (r < 0)
		return r;
	while ((entry = readdir(dir)))
		count(ret, dir_fd, entry->d_name);
	closedir(dir);
	return 0;
}

static int remove_part(int dir_fd, const char *profile)
{
	char answer[NAME_SIZE];

	snprintf(answer, sizeof(answer), "%.*s%s", (int)(strlen(profile) - strlen(PROFILE_SUFFIX)), profile,
		 ANSWER_SUFFIX);
	unlinkat(dir_fd, answer, 0); /* it may be missing */
	return unlinkat(dir_fd, profile, 0) < 0 ? -errno : 0;
}

static int make_room(int dir_fd, size_t more_bytes, unsigned int *ret_n_evicted)
{
	struct census c;
	int r = take_census(dir_fd, &c);

	while (r == 0 && c.oldest[0] &&
	       (c.n >= QUARANTINE_MAX_FILES || c.n_bytes + more_bytes + RESPONSE_MAX_BYTES > QUARANTINE_MAX_BYTES)) {
		r = remove_part(dir_fd, c.oldest);
		*ret_n_evicted += r == 0;
		if (r == 0)
			r = take_census(dir_fd, &c);
	}
	return r;
}

int quarantine_add(int bad_fd, const struct quarantine_part *p, unsigned int *ret_n_evicted)
{
	char name[NAME_SIZE], answer[NAME_SIZE];
	int r;

	*ret_n_evicted = 0;
	snprintf(name, sizeof(name), PREFIX "%.64s-%s-%04u" PROFILE_SUFFIX, p->target, p->id, p->part);
	snprintf(answer, sizeof(answer), PREFIX "%.64s-%s-%04u" ANSWER_SUFFIX, p->target, p->id, p->part);
	r = make_room(bad_fd, p->pprof->size, ret_n_evicted);
	if (r == 0)
		r = write_answer(bad_fd, answer, p);
	if (r == 0)
		r = write_file(bad_fd, name, p->pprof);
	return r;
}
