// SPDX-License-Identifier: Apache-2.0
#include "agent/cpus.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"

#define MAX_CPUS 8192
#define MAX_STAT_BYTES ((size_t)16 << 20)

int cpus_read(enum cpus_which which, unsigned int **ret, size_t *ret_n)
{
	static const char *const paths[] = {
		[CPUS_ONLINE] = "/sys/devices/system/cpu/online",
		[CPUS_POSSIBLE] = "/sys/devices/system/cpu/possible",
	};
	_cleanup_(buf_done) struct buf text = {};
	_cleanup_free_ bool *is_listed = calloc(MAX_CPUS, sizeof(*is_listed));
	unsigned int *cpus;
	size_t n = 0;
	int r;

	if (!is_listed)
		return -ENOMEM;
	r = fs_read(AT_FDCWD, paths[which], 4096, &text);
	if (r < 0)
		return r;
	r = parse_cpu_list(text.data, is_listed, MAX_CPUS);
	if (r < 0)
		return r;
	cpus = calloc(MAX_CPUS, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	for (unsigned int i = 0; i < MAX_CPUS; i++)
		if (is_listed[i])
			cpus[n++] = i;
	*ret = cpus;
	*ret_n = n;
	return 0;
}

int cpus_end(enum cpus_which which, size_t *ret)
{
	_cleanup_free_ unsigned int *cpus = NULL;
	size_t n;
	int r;

	r = cpus_read(which, &cpus, &n);
	if (r < 0)
		return r;
	*ret = n ? (size_t)cpus[n - 1] + 1 : 0;
	return 0;
}

/* "cpu3 user nice system idle iowait ...": fills idle_ns[3]; lines of other kinds are skipped. */
static int parse_line(const char *line, const char *end, uint64_t ticks_per_s, uint64_t *idle_ns, size_t *n)
{
	uint64_t cpu, fields[5];
	int r;

	if (end - line < 4 || memcmp(line, "cpu", 3) != 0 || line[3] == ' ')
		return 0;
	line += 3;
	r = parse_u64_at(&line, end, 10, &cpu);
	if (r < 0)
		return r;
	if (cpu >= MAX_CPUS)
		return -ERANGE;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		while (line < end && *line == ' ')
			line++;
		r = parse_u64_at(&line, end, 10, &fields[i]);
		if (r < 0)
			return r;
	}
	idle_ns[cpu] = (fields[3] + fields[4]) * (NS_PER_S / ticks_per_s);
	if (cpu >= *n)
		*n = cpu + 1;
	return 0;
}

int cpus_parse_idle_ns(const char *text, uint64_t ticks_per_s, uint64_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint64_t *idle_ns = calloc(MAX_CPUS, sizeof(*idle_ns));
	size_t n = 0;

	if (!idle_ns)
		return -ENOMEM;
	while (*text) {
		const char *end = strchrnul(text, '\n');
		int r;

		r = parse_line(text, end, ticks_per_s, idle_ns, &n);
		if (r < 0)
			return r;
		text = *end ? end + 1 : end;
	}
	*ret = take_ptr(idle_ns);
	*ret_n = n;
	return 0;
}

int cpus_idle_ns(uint64_t **ret, size_t *ret_n)
{
	_cleanup_(buf_done) struct buf text = {};
	int r;

	r = fs_read(AT_FDCWD, "/proc/stat", MAX_STAT_BYTES, &text);
	if (r < 0)
		return r;
	return cpus_parse_idle_ns(text.data, (uint64_t)sysconf(_SC_CLK_TCK), ret, ret_n);
}
