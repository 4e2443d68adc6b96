// SPDX-License-Identifier: Apache-2.0
/*
 * sideband queue: records of all rings in order of time. A heap of copied records: equal times keep the order in which
 * they were added. Adding and taking cost O(log n): a burst of 100,000 records is no special case.
 */
#include "workload/sideband.h"

#include <linux/perf_event.h>

#define RECORD_MAX_BYTES 65536 /* the header's size field has 16 bits */
#define END_ITEMS 64           /* that an end is looked for in: of the next ones most, when news comes in batches */

struct item {
	uint64_t time_ns, sequence;
	size_t size;
	uint32_t ended; /* the process whose leader ends; 0: none */
	_Alignas(8) unsigned char record[];
};

struct sideband_queue {
	struct item **heap;
	size_t n, capacity;
	struct item *taken; /* what the last event given out points into */
	uint64_t sequence;
	size_t bytes, limit_bytes;
	unsigned char assembled[RECORD_MAX_BYTES]; /* a record that wraps at the end of its ring */
};

int sideband_queue_new(size_t limit_bytes, struct sideband_queue **ret)
{
	struct sideband_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->limit_bytes = limit_bytes;
	*ret = q;
	return 0;
}

struct sideband_queue *sideband_queue_free(struct sideband_queue *q)
{
	if (!q)
		return NULL;
	for (size_t i = 0; i < q->n; i++)
		free(q->heap[i]);
	free(q->heap);
	free(q->taken);
	free(q);
	return NULL;
}

static bool is_before(const struct item *a, const struct item *b)
{
	return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->sequence < b->sequence;
}

static void sift_up(struct item **heap, size_t i)
{
	struct item *item = heap[i];

	for (; i > 0 && is_before(item, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = item;
}

static void sift_down(struct item **heap, size_t n, size_t i)
{
	struct item *item = heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < n && is_before(heap[child + 1], heap[child]))
			child++;
		if (child >= n || !is_before(heap[child], item))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = item;
}

static size_t item_bytes(size_t record_size)
{
	return sizeof(struct item) + record_size + sizeof(struct item *);
}

static int reserve_one(struct sideband_queue *q)
{
	size_t capacity = q->capacity ? 2 * q->capacity : 64;
	struct item **heap;

	if (q->n < q->capacity)
		return 0;
	heap = reallocarray(q->heap, capacity, sizeof(struct item *));
	if (!heap)
		return -ENOMEM;
	q->heap = heap;
	q->capacity = capacity;
	return 0;
}

static void drop_taken(struct sideband_queue *q)
{
	if (!q->taken)
		return;
	q->bytes -= item_bytes(q->taken->size);
	free(take_ptr(q->taken));
}

static int push(struct sideband_queue *q, const void *record, size_t size, const struct sideband_event *event)
{
	struct item *item;
	int r;

	if (item_bytes(size) > q->limit_bytes - q->bytes)
		return -ENOSPC;
	r = reserve_one(q);
	if (r < 0)
		return r;
	item = malloc(sizeof(*item) + size);
	if (!item)
		return -ENOMEM;
	*item = (struct item){ .time_ns = event->time_ns, .sequence = q->sequence++, .size = size };
	if (event->kind == SIDEBAND_EXIT && event->pid == event->tid)
		item->ended = event->pid;
	memcpy(item->record, record, size);
	q->bytes += item_bytes(size);
	q->heap[q->n] = item;
	sift_up(q->heap, q->n++);
	return 0;
}

int sideband_queue_add(struct sideband_queue *q, const void *record, size_t size)
{
	struct sideband_event event;
	int r;

	drop_taken(q);
	r = sideband_parse(record, size, &event);
	if (r == SIDEBAND_IGNORED)
		return 0;
	if (r < 0)
		return r;
	return push(q, record, size, &event);
}

bool sideband_queue_is_empty(const struct sideband_queue *q)
{
	return q->n == 0;
}

static bool has_end(const struct sideband_queue *q, uint32_t pid)
{
	for (size_t i = 0; i < q->n && i < END_ITEMS; i++)
		if (q->heap[i]->ended == pid)
			return true;
	return false;
}

int sideband_queue_take(struct sideband_queue *q, uint64_t before_ns, struct sideband_event *ret)
{
	int r;

	drop_taken(q);
	if (q->n == 0 || q->heap[0]->time_ns >= before_ns)
		return 0;
	q->taken = q->heap[0];
	q->heap[0] = q->heap[--q->n];
	if (q->n > 0)
		sift_down(q->heap, q->n, 0);
	r = sideband_parse(q->taken->record, q->taken->size, ret);
	if (r < 0)
		return r;
	if (ret->kind == SIDEBAND_EXEC)
		ret->has_ended = has_end(q, ret->pid);
	return 1;
}

/* The bytes [at, at + size) of the ring, in one piece: where they lie, or copied when they wrap. */
static const void *ring_piece(struct sideband_queue *q, const unsigned char *data, size_t data_bytes, uint64_t at,
			      size_t size)
{
	size_t offset = at & (data_bytes - 1);
	size_t first = data_bytes - offset;

	if (size <= first)
		return data + offset;
	memcpy(q->assembled, data + offset, first);
	memcpy(q->assembled + first, data, size - first);
	return q->assembled;
}

/*
 * Takes in what lies between tail and head. A record that cannot be taken does not stop the others: the ring must be
 * empty afterwards, or the next round would bring events older than those already taken. The first fault is returned.
 */
static int read_span(struct sideband_queue *q, const unsigned char *data, size_t data_bytes, uint64_t tail,
		     uint64_t head)
{
	int n = 0, fault = 0;

	if (head - tail > data_bytes)
		return -EBADMSG;
	while (tail < head) {
		struct perf_event_header header;
		int r;

		if (head - tail < sizeof(header))
			return -EBADMSG;
		memcpy(&header, ring_piece(q, data, data_bytes, tail, sizeof(header)), sizeof(header));
		if (header.size < sizeof(header) || header.size > head - tail)
			return -EBADMSG;
		r = sideband_queue_add(q, ring_piece(q, data, data_bytes, tail, header.size), header.size);
		if (r < 0 && fault == 0)
			fault = r;
		tail += header.size;
		n++;
	}
	return fault < 0 ? fault : n;
}

int sideband_ring_read(void *base, size_t data_bytes, struct sideband_queue *q)
{
	struct perf_event_mmap_page *page = base;
	const unsigned char *data = (const unsigned char *)base + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE); /* records before head are complete */
	int r;

	r = read_span(q, data, data_bytes, page->data_tail, head);
	__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE); /* we have read them before they are reused */
	return r;
}
