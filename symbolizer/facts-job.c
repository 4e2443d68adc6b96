// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/facts-job.h"

#include <string.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "symbolizer/container-facts.h"
#include "symbolizer/environment-facts.h"
#include "symbolizer/grpc-answer.h"

#define TEXT_BYTES ((size_t)4 << 20) /* config.json has some 20 KiB, the list of all of podman's containers more */

static int read_text(int fd, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = malloc(TEXT_BYTES);
	ssize_t n;

	if (!text)
		return -ENOMEM;
	n = fs_pread_all(fd, text, TEXT_BYTES, 0);
	if (n < 0)
		return (int)n;
	if ((size_t)n == TEXT_BYTES)
		return -EFBIG;
	*ret = take_ptr(text);
	*ret_size = (size_t)n;
	return 0;
}

static int write_facts(int fd, const void *facts, size_t size)
{
	ssize_t n = pwrite(fd, facts, size, 0);

	return n < 0 ? -errno : (size_t)n == size ? 0 : -EIO;
}

int facts_job_container(int fd, int out_fd, const char *id)
{
	_cleanup_free_ char *text = NULL;
	struct container_facts facts;
	size_t size = 0;
	int r;

	r = read_text(fd, &text, &size);
	if (r == 0)
		r = container_facts_parse(text, size, id, &facts);
	return r == 0 ? write_facts(out_fd, &facts, sizeof(facts)) : r;
}

int facts_job_cri(int fd, int out_fd, const char *id)
{
	_cleanup_(buf_done) struct buf message = {};
	_cleanup_free_ char *answer = NULL;
	struct container_facts facts;
	size_t size = 0;
	int r;

	r = read_text(fd, &answer, &size);
	if (r == 0)
		r = grpc_answer_read((const uint8_t *)answer, size, &message);
	if (r == 0)
		r = container_facts_parse_cri((const uint8_t *)message.data, message.size, id, &facts);
	return r == 0 ? write_facts(out_fd, &facts, sizeof(facts)) : r;
}

int facts_job_environment(int fd, int out_fd, const char *wanted)
{
	_cleanup_free_ char *text = NULL;
	struct environment_facts facts;
	size_t size = 0;
	int r;

	r = read_text(fd, &text, &size);
	if (r < 0)
		return r;
	environment_facts_parse(text, size, wanted, &facts);
	explicit_bzero(text, size); /* it may hold secrets */
	return write_facts(out_fd, &facts, sizeof(facts));
}
