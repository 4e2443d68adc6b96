// SPDX-License-Identifier: Apache-2.0
#include "agent/start-guard.h"

#include <inttypes.h>
#include <string.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "common/parse.h"

#define FILE_NAME "starts"
#define FILE_MODE 0640
#define FILE_BYTES 4096

static bool is_within(const struct start_note *note, const struct start_note *now, uint64_t span_ns)
{
	return note->realtime_ns <= now->realtime_ns && (uint64_t)(now->realtime_ns - note->realtime_ns) <= span_ns;
}

enum start_verdict start_guard_judge(const struct start_note *notes, size_t n, const struct start_note *now)
{
	size_t n_crashes = 0, n_boots = 0;

	for (size_t i = 0; i < n; i++) {
		const char *next_boot = i + 1 < n ? notes[i + 1].boot_id : now->boot_id;

		if (strcmp(notes[i].boot_id, next_boot) != 0)
			n_boots += is_within(&notes[i], now, START_GUARD_BOOTS_NS);
		else
			n_crashes += is_within(&notes[i], now, START_GUARD_CRASHES_NS);
	}
	if (n_boots >= START_GUARD_BOOTS)
		return START_BOOT_LOOP;
	return n_crashes >= START_GUARD_CRASHES ? START_CRASH_LOOP : START_GO;
}

/* A line: "BOOT_ID REALTIME_NS\n". Its length; 0: it is none. */
static size_t parse_note(const char *line, const char *end, struct start_note *ret)
{
	const char *p = line + BOOT_ID_SIZE - 1;
	uint64_t realtime_ns;

	if (end - line <= BOOT_ID_SIZE || *p++ != ' ' || parse_u64_at(&p, end, 10, &realtime_ns) < 0 || p == end ||
	    *p != '\n' || realtime_ns > INT64_MAX)
		return 0;
	memcpy(ret->boot_id, line, BOOT_ID_SIZE - 1);
	ret->boot_id[BOOT_ID_SIZE - 1] = 0;
	ret->realtime_ns = (int64_t)realtime_ns;
	return (size_t)(p + 1 - line);
}

static int read_notes(int state_fd, struct start_note ret[static START_GUARD_MAX_NOTES], size_t *ret_n)
{
	_cleanup_(buf_done) struct buf text = {};
	const char *line, *end;
	size_t n = 0, n_bytes;
	int e;

	*ret_n = 0;
	e = fs_read(state_fd, FILE_NAME, FILE_BYTES, &text);
	if (e == -ENOENT || e == -EFBIG)
		return 0;
	if (e < 0)
		return e;
	line = text.data;
	end = text.data + text.size;
	while (n < START_GUARD_MAX_NOTES && line < end && (n_bytes = parse_note(line, end, &ret[n])) > 0) {
		line += n_bytes;
		n++;
	}
	*ret_n = line == end ? n : 0;
	return 0;
}

static int write_notes(int state_fd, const struct start_note *notes, size_t n)
{
	_cleanup_(fs_temp_done) struct fs_temp temp = FS_TEMP_NONE;
	_cleanup_(buf_done) struct buf text = {};
	int e = 0;

	for (size_t i = 0; e == 0 && i < n; i++)
		e = buf_printf(&text, "%s %" PRId64 "\n", notes[i].boot_id, notes[i].realtime_ns);
	if (e == 0)
		e = fs_temp_open(state_fd, FILE_NAME, FILE_MODE, &temp);
	if (e == 0)
		e = fs_write_all(temp.fd, text.data, text.size);
	if (e == 0)
		e = fs_temp_publish(&temp, FILE_NAME);
	if (e == 0 && fsync(state_fd) < 0)
		e = -errno;
	return e;
}

int start_guard_begin(int state_fd, const struct start_note *now, enum start_verdict *ret)
{
	struct start_note notes[START_GUARD_MAX_NOTES + 1], *first = notes;
	size_t n;
	int e;

	e = read_notes(state_fd, notes, &n);
	if (e < 0)
		return e;
	*ret = start_guard_judge(notes, n, now);
	notes[n++] = *now;
	if (n > START_GUARD_MAX_NOTES) {
		first++;
		n--;
	}
	return write_notes(state_fd, first, n);
}

int start_guard_end(int state_fd)
{
	return unlinkat(state_fd, FILE_NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
}
