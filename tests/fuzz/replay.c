// SPDX-License-Identifier: Apache-2.0
/*
 * replay: runs a fuzz target without libFuzzer, over its own seeds and some thousand mutations of them from a
 * fixed random sequence: the same inputs in every run. A target hands out its seeds through fuzz_seed().
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS_PER_SEED 2000

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t mutate(uint8_t *data, size_t size, size_t capacity)
{
	static const uint8_t special[] = { 0x00, 0x01, 0x7f, 0x80, 0xff, '/', '\n', ' ' };

	for (uint64_t n = 1 + random_u64() % 4; n > 0; n--) {
		size_t at = size ? random_u64() % size : 0;

		switch (random_u64() % 5) {
		case 0:
			if (size)
				data[at] ^= (uint8_t)(1u << (random_u64() % 8));
			break;
		case 1:
			if (size)
				data[at] = special[random_u64() % sizeof(special)];
			break;
		case 2: /* cut */
			size = at;
			break;
		case 3: /* a run of one byte */
			if (size)
				memset(data + at, special[random_u64() % sizeof(special)],
				       random_u64() % (size - at) % 16);
			break;
		case 4: /* repeat a piece at the end */
			if (size && size < capacity) {
				size_t piece = random_u64() % (size - at) + 1;

				if (piece > capacity - size)
					piece = capacity - size;
				memmove(data + size, data + at, piece);
				size += piece;
			}
			break;
		}
	}
	return size;
}

int main(void)
{
	size_t n_seeds = 0, n_runs = 0;
	const void *seed;
	size_t size;

	while ((seed = fuzz_seed(n_seeds, &size))) {
		size_t capacity = size + 256;
		uint8_t *data = malloc(capacity);

		if (!data)
			abort();
		LLVMFuzzerTestOneInput(seed, size);
		for (size_t i = 0; i < MUTATIONS_PER_SEED; i++) {
			uint8_t *exact;
			size_t n;

			memcpy(data, seed, size);
			n = mutate(data, size, capacity);
			exact = malloc(n ? n : 1); /* its own allocation: ASan sees one byte too far */
			if (!exact)
				abort();
			memcpy(exact, data, n);
			LLVMFuzzerTestOneInput(exact, n);
			free(exact);
			n_runs++;
		}
		free(data);
		n_seeds++;
	}
	if (n_seeds == 0) {
		fprintf(stderr, "no seeds\n");
		return 1;
	}
	printf("%zu seeds, %zu mutations\n", n_seeds, n_runs);
	return 0;
}
