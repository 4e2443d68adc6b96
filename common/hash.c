// SPDX-License-Identifier: Apache-2.0
#include "common/hash.h"

#include <string.h>
#include <sys/random.h>

int hash_seed(uint64_t *ret)
{
	return getrandom(ret, sizeof(*ret), 0) == sizeof(*ret) ? 0 : -EIO;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t hash_bytes(uint64_t seed, const void *data, size_t size)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t hash = mix(seed ^ size, odd), word;
	const char *p = data;

	for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = mix(hash ^ word, seed | 1);
	}
	word = 0;
	if (size)
		memcpy(&word, p, size);
	hash = mix(hash ^ word, odd);
	return (uint32_t)(hash ^ hash >> 32);
}
