// SPDX-License-Identifier: Apache-2.0
#include "agent/symbolize.h"

#include "agent/indexing.h"
#include "agent/symbolize-process.h"
#include "common/fsutil.h"
#include "symbolizer/binary.h"

struct symbolize {
	struct binary *binary; /* one of the two; the table's */
	struct symbolize_process *process;
};

int symbolize_new_file(struct indexing *indexing, const char *path, struct symbolize **ret)
{
	_cleanup_(symbolize_freep) struct symbolize *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	r = indexing_read(indexing, path, &s->binary);
	if (r != 0)
		return r == FS_NOT_REGULAR ? SYMBOLIZE_NOT_REGULAR : r;
	*ret = take_ptr(s);
	return 0;
}

int symbolize_new_process(struct indexing *indexing, pid_t pid, struct symbolize **ret)
{
	_cleanup_(symbolize_freep) struct symbolize *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	r = symbolize_process_new(indexing, pid, &s->process);
	if (r != 0)
		return r == SYMBOLIZE_PROCESS_GONE ? SYMBOLIZE_NO_PROCESS : r;
	*ret = take_ptr(s);
	return 0;
}

struct symbolize *symbolize_free(struct symbolize *s)
{
	if (!s)
		return NULL;
	symbolize_process_free(s->process);
	free(s);
	return NULL;
}

const struct binary *symbolize_binary(const struct symbolize *s)
{
	return s->binary;
}

int symbolize_find(struct symbolize *s, uint64_t addr, struct index_frame *ret, size_t max, size_t *ret_n)
{
	if (s->process)
		return symbolize_process_find(s->process, addr, ret, max, ret_n);
	*ret_n = binary_lookup(s->binary, addr, ret, max);
	return 0;
}
