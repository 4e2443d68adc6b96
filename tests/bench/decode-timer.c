// SPDX-License-Identifier: Apache-2.0
/*
 * decode timer: what it costs to read a window's file, by our decoder and by protobuf-c, whose tree is only the first
 * half of a profile. Prints milliseconds of CPU, each the least of some runs: to decompress the file, to decode it and
 * to free that, to unpack it with protobuf-c and to free that; and the uncompressed bytes.
 *
 * usage: decode-timer FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/compress.h"
#include "common/fsutil.h"
#include "pprof/profile.h"
#include "pprof/profile.pb-c.h"
#include "tests/bench/least.h"

#define N_RUNS 50

static uint64_t cpu_ns(void)
{
	return clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int decompress(const struct buf *packed, struct buf *ret, uint64_t *least_ns)
{
	uint64_t begin_ns = cpu_ns();
	int r;

	buf_done(ret);
	r = decompress_add(packed->data, packed->size, PROFILE_MAX_RAW_BYTES, ret);
	keep_least(least_ns, cpu_ns() - begin_ns);
	return r;
}

static int decode(const struct buf *raw, uint64_t *least_ns)
{
	uint64_t begin_ns = cpu_ns();
	struct profile *p = NULL;
	int r = profile_decode(raw->data, raw->size, &p);

	profile_free(p);
	keep_least(least_ns, cpu_ns() - begin_ns);
	return r;
}

static int unpack(const struct buf *raw, uint64_t *least_ns)
{
	uint64_t begin_ns = cpu_ns();
	Perftools__Profiles__Profile *tree =
		perftools__profiles__profile__unpack(NULL, raw->size, (const uint8_t *)raw->data);

	if (!tree)
		return -EBADMSG;
	perftools__profiles__profile__free_unpacked(tree, NULL);
	keep_least(least_ns, cpu_ns() - begin_ns);
	return 0;
}

static int run(const char *path)
{
	_cleanup_(buf_done) struct buf packed = {}, raw = {};
	uint64_t decompress_ns = 0, decode_ns = 0, unpack_ns = 0;
	int r = fs_read(AT_FDCWD, path, PROFILE_MAX_FILE_BYTES, &packed);

	for (int i = 0; r == 0 && i < N_RUNS; i++) {
		r = decompress(&packed, &raw, &decompress_ns);
		if (r == 0)
			r = decode(&raw, &decode_ns);
		if (r == 0)
			r = unpack(&raw, &unpack_ns);
	}
	if (r == 0)
		printf("%.3f %.3f %.3f %zu\n", (double)decompress_ns / NS_PER_MS, (double)decode_ns / NS_PER_MS,
		       (double)unpack_ns / NS_PER_MS, raw.size);
	return r;
}

int main(int argc, char **argv)
{
	int r = argc == 2 ? run(argv[1]) : -EINVAL;

	if (r < 0)
		fprintf(stderr, "decode-timer: %s\n", strerror(-r));
	return r < 0;
}
