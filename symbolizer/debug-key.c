// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/debug-key.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "symbolizer/file-content.h"

#define MAX_CANDIDATES 64 /* that lie in so many directories at most */

/* What is hashed of a file that is there. No device: below an overlay every container has another. */
struct found {
	uint64_t kind, candidate, n_bytes;
	struct file_identity identity;
};

static int add_candidate(struct sha256_ctx *sha, const struct debug_source *source, const struct debug_need *need)
{
	struct found found = { .kind = need->kind, .candidate = need->candidate };
	char path[DEBUG_NEED_NAME_BYTES];
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = source->open(source->context, need, &fd, path);
	if (r != 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	found.n_bytes = (uint64_t)st.st_size;
	file_identity_get(&st, &found.identity);
	found.identity.dev = 0;
	sha256_update(sha, sizeof(found), (const uint8_t *)&found);
	return 0;
}

static int add_candidates(struct sha256_ctx *sha, const struct debug_source *source, struct debug_need *need)
{
	int r = 0;

	for (; r == 0 && need->candidate < MAX_CANDIDATES; need->candidate++)
		r = add_candidate(sha, source, need);
	return r < 0 ? r : 0;
}

int debug_key_make(const struct content_key *binary, const char *debuglink, const struct debug_source *source,
		   struct content_key *ret)
{
	static const char salt[] = "debug info 1"; /* another number where the reader has learnt something */
	struct debug_need by_id = { .kind = DEBUG_NEED_FILE, .build_id = binary->build_id };
	struct debug_need by_link = { .kind = DEBUG_NEED_FILE }, package = { .kind = DEBUG_NEED_DWP };
	uint8_t digest[sizeof(ret->debug)];
	struct content_key key = *binary;
	struct sha256_ctx sha;
	int r = 0;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(salt), (const uint8_t *)salt);
	sha256_update(&sha, sizeof(binary->sha), binary->sha);
	snprintf(by_link.name, sizeof(by_link.name), "%s", debuglink);
	if (binary->build_id.n_bytes)
		r = add_candidates(&sha, source, &by_id);
	if (r == 0 && debuglink[0])
		r = add_candidates(&sha, source, &by_link);
	if (r == 0)
		r = add_candidates(&sha, source, &package);
	if (r < 0)
		return r;
	sha256_digest(&sha, sizeof(digest), digest);
	memcpy(&key.debug, digest, sizeof(key.debug));
	key.debug |= 1; /* never 0 */
	*ret = key;
	return 0;
}
