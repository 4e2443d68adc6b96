// SPDX-License-Identifier: Apache-2.0
#include "agent/down-time.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/parse.h"

#define FILE_NAME "last-window"
#define FILE_MODE 0640
#define FILE_BYTES 256

int boot_id_read(char ret[static BOOT_ID_SIZE])
{
	_cleanup_(buf_done) struct buf text = {};
	int e;

	e = fs_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 2 * BOOT_ID_SIZE, &text);
	if (e < 0)
		return e;
	if (text.size != BOOT_ID_SIZE || text.data[BOOT_ID_SIZE - 1] != '\n')
		return -EBADMSG;
	memcpy(ret, text.data, BOOT_ID_SIZE - 1);
	ret[BOOT_ID_SIZE - 1] = 0;
	return 0;
}

static int parse_field(const char **p, const char *end, uint64_t *ret)
{
	if (*p == end || *(*p)++ != ' ')
		return -EBADMSG;
	return parse_u64_at(p, end, 10, ret);
}

int last_window_read(int state_fd, struct last_window *ret)
{
	_cleanup_(buf_done) struct buf text = {};
	struct last_window w = {};
	uint64_t realtime_ns;
	const char *p, *end;
	int e;

	e = fs_read(state_fd, FILE_NAME, FILE_BYTES, &text);
	if (e == -ENOENT || e == -EFBIG)
		return LAST_WINDOW_NONE;
	if (e < 0)
		return e;
	if (text.size < BOOT_ID_SIZE)
		return LAST_WINDOW_NONE;
	memcpy(w.boot_id, text.data, BOOT_ID_SIZE - 1);
	p = text.data + BOOT_ID_SIZE - 1;
	end = text.data + text.size;
	if (parse_field(&p, end, &w.end_boottime_ns) < 0 || parse_field(&p, end, &realtime_ns) < 0 ||
	    parse_field(&p, end, &w.sequence) < 0 || realtime_ns > INT64_MAX || end - p != 1 || *p != '\n')
		return LAST_WINDOW_NONE;
	w.end_realtime_ns = (int64_t)realtime_ns;
	*ret = w;
	return 0;
}

int last_window_write(int state_fd, const struct last_window *w)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	char text[FILE_BYTES];
	int n, e;

	n = snprintf(text, sizeof(text), "%s %" PRIu64 " %" PRId64 " %" PRIu64 "\n", w->boot_id, w->end_boottime_ns,
		     w->end_realtime_ns, w->sequence);
	e = fs_temp_open(state_fd, FILE_NAME, FILE_MODE, &temp);
	if (e == 0)
		e = fs_write_all(temp.fd, text, (size_t)n);
	return e == 0 ? fs_temp_publish(&temp, FILE_NAME) : e;
}

uint64_t down_time_ns(const struct last_window *last, const struct last_window *now)
{
	if (strcmp(last->boot_id, now->boot_id) == 0)
		return now->end_boottime_ns > last->end_boottime_ns ? now->end_boottime_ns - last->end_boottime_ns : 0;
	return now->end_realtime_ns > last->end_realtime_ns ? (uint64_t)(now->end_realtime_ns - last->end_realtime_ns)
							    : 0;
}
