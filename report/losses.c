// SPDX-License-Identifier: Apache-2.0
/*
 * losses: each sample that belongs to a group is put down once, with where it stopped; sorted, equal places are
 * neighbours and become rows. Nothing is copied but the groups' names, so foreign names cost no memory.
 */
#include "report/losses.h"

#include <stdio.h>
#include <string.h>

#include "pprof/profile.h"
#include "report/samples-type.h"

#define MARKER_START "[truncated: "
#define MARKER_END "]"
#define KERNEL "[kernel.kallsyms]"
#define UNLABELLED "(none)"

struct place {
	size_t group;
	struct losses_row function;
	const char *service;
};

struct places {
	struct losses_groups *groups;
	struct place *all; /* as many as the profile has samples at most */
	size_t n;
};

static void places_done(struct places *p)
{
	free(p->all);
}

static int places_init(struct places *places, const struct profile *p, struct losses_groups *groups)
{
	*places = (struct places){ .groups = groups, .all = calloc(p->n_samples + 1, sizeof(*places->all)) };
	return places->all ? 0 : -ENOMEM;
}

static size_t add_group(struct losses_groups *groups, const char *name)
{
	struct losses_group *group = &groups->groups[groups->n_groups];

	snprintf(group->name, sizeof(group->name), "%s", name);
	return groups->n_groups++;
}

static size_t find_group(struct losses_groups *groups, const char *name)
{
	for (size_t i = 0; i < groups->n_groups; i++)
		if (strcmp(groups->groups[i].name, name) == 0)
			return i;
	if (groups->n_groups == LOSSES_MAX_GROUPS)
		return LOSSES_MAX_GROUPS - 1;
	return add_group(groups, groups->n_groups == LOSSES_MAX_GROUPS - 1 ? LOSSES_REST : name);
}

/* The outermost of what was inlined there is the function that the address is in. */
static const char *function_of(const struct profile_location *l)
{
	const struct profile_function *f = l->n_lines ? l->lines[l->n_lines - 1].function : NULL;

	return f && f->name[0] ? f->name : NULL;
}

static struct losses_row row_of(const struct profile_location *l)
{
	const char *name = function_of(l);

	return (struct losses_row){ .name = name, .module = profile_module(l), .address = name ? 0 : l->address };
}

static struct losses_row no_stack(void)
{
	return (struct losses_row){ .name = LOSSES_NO_STACK, .module = LOSSES_NO_STACK };
}

/* The name in "[truncated: NAME]" where the stack ends in one. */
static bool find_marker(const struct profile_sample *s, char ret[static LEDGER_REASON_SIZE])
{
	const char *marker = s->n_locations ? function_of(s->locations[s->n_locations - 1]) : NULL;
	size_t start = strlen(MARKER_START), end = strlen(MARKER_END), size = marker ? strlen(marker) : 0;

	if (size <= start + end || strncmp(marker, MARKER_START, start) != 0 ||
	    strcmp(marker + size - end, MARKER_END) != 0)
		return false;
	size -= start + end;
	if (size >= LEDGER_REASON_SIZE)
		size = LEDGER_REASON_SIZE - 1;
	memcpy(ret, marker + start, size);
	ret[size] = 0;
	return true;
}

/* What a sample has to do with a list of groups: false: nothing. */
typedef bool classify_fn(const struct profile_sample *s, char ret_group[static LEDGER_REASON_SIZE],
			 struct losses_row *ret_row);

/*
 * A walk stopped in the frame just inside of the marker. The kernel's own frames are missing at the other end: there
 * it is the innermost one, which had called the kernel.
 */
static bool is_truncated(const struct profile_sample *s, char ret_group[static LEDGER_REASON_SIZE],
			 struct losses_row *ret_row)
{
	if (!find_marker(s, ret_group))
		return false;
	if (s->n_locations == 1)
		*ret_row = no_stack();
	else
		*ret_row = row_of(s->locations[strcmp(ret_group, "kernel_fault") == 0 ? 0 : s->n_locations - 2]);
	return true;
}

/* The innermost frame of the user stack: the kernel's frames lie before it, and their outermost is in the image. */
static struct losses_row ran_in(const struct profile_sample *s)
{
	size_t user = s->n_locations;

	char reason[LEDGER_REASON_SIZE];

	while (user > 0 && strcmp(profile_module(s->locations[user - 1]), KERNEL) != 0)
		user--;
	return user + find_marker(s, reason) >= s->n_locations ? no_stack() : row_of(s->locations[user]);
}

static bool has_label(const struct profile_sample *s, char ret_group[static LEDGER_REASON_SIZE],
		      struct losses_row *ret_row)
{
	const struct profile_label *label = profile_find_label(s, "stack");

	if (!label || !label->str)
		return false;
	snprintf(ret_group, LEDGER_REASON_SIZE, "%s", label->str);
	*ret_row = ran_in(s);
	return true;
}

static int put(struct places *places, const char *name, const struct place *place)
{
	size_t at = find_group(places->groups, name);
	struct losses_group *group = &places->groups->groups[at];
	int64_t n = place->function.n;

	places->all[places->n] = *place;
	places->all[places->n++].group = at;
	if (__builtin_add_overflow(group->n, n, &group->n) ||
	    __builtin_add_overflow(places->groups->n, n, &places->groups->n))
		return -ERANGE;
	return 0;
}

static int put_all(struct places *places, const struct profile *p, size_t value_type, classify_fn *classify)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		const struct profile_label *service = profile_find_label(s, "service_name");
		struct place place = { .service = service && service->str ? service->str : UNLABELLED };
		char group[LEDGER_REASON_SIZE];

		if (!classify(s, group, &place.function))
			continue;
		place.function.n = s->values[value_type];
		r = put(places, group, &place);
	}
	return r;
}

/* Equal strings of a profile are mostly one string. */
static int compare_names(const char *a, const char *b)
{
	if (a == b)
		return 0;
	if (!a || !b)
		return a ? 1 : -1;
	return strcmp(a, b);
}

static int compare_groups(const struct place *a, const struct place *b)
{
	return (a->group > b->group) - (a->group < b->group);
}

static int by_binary(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = compare_groups(x, y);

	return order ? order : compare_names(x->function.module, y->function.module);
}

static int by_function(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = by_binary(a, b);

	if (order == 0)
		order = compare_names(x->function.name, y->function.name);
	return order ? order
		     : (x->function.address > y->function.address) - (x->function.address < y->function.address);
}

static int by_service(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = compare_groups(x, y);

	return order ? order : compare_names(x->service, y->service);
}

static uint64_t size_of(int64_t n)
{
	return n < 0 ? -(uint64_t)n : (uint64_t)n; /* in the difference of two profiles */
}

static int by_size(const void *a, const void *b)
{
	const struct losses_row *x = a, *y = b;
	int order;

	if (size_of(x->n) != size_of(y->n))
		return size_of(x->n) < size_of(y->n) ? 1 : -1;
	order = compare_names(x->name, y->name);
	if (order == 0)
		order = compare_names(x->module, y->module);
	return order ? order : (x->address > y->address) - (x->address < y->address);
}

/* One kind of rows: what makes two places one, what of a place the row shows, and where the rows go. */
struct ranking {
	int (*compare)(const void *a, const void *b);
	struct losses_row (*row)(const struct place *place);
	size_t rows; /* in struct losses_group: struct losses_rows */
};

static struct losses_row function_row(const struct place *place)
{
	return place->function;
}

static struct losses_row binary_row(const struct place *place)
{
	return (struct losses_row){ .name = place->function.module, .module = "", .n = place->function.n };
}

static struct losses_row service_row(const struct place *place)
{
	return (struct losses_row){ .name = place->service, .module = "", .n = place->function.n };
}

static struct losses_rows *rows_of(struct losses_group *group, const struct ranking *ranking)
{
	return (void *)((char *)group + ranking->rows);
}

/* Places are sorted: *ret has room for each to be a row. */
static int merge(const struct places *places, const struct ranking *ranking, struct losses_row *memory)
{
	for (size_t i = 0; i < places->n; i++) {
		const struct place *place = &places->all[i];
		struct losses_rows *rows = rows_of(&places->groups->groups[place->group], ranking);

		if (i == 0 || ranking->compare(place - 1, place) != 0) {
			if (rows->n == 0)
				rows->rows = memory;
			rows->n++;
			*memory++ = ranking->row(place);
		} else if (__builtin_add_overflow(memory[-1].n, place->function.n, &memory[-1].n)) {
			return -ERANGE;
		}
	}
	return 0;
}

static int rank(struct places *places, const struct ranking *ranking, struct losses_row **memory)
{
	int r;

	*memory = calloc(places->n + 1, sizeof(**memory));
	if (!*memory)
		return -ENOMEM;
	qsort(places->all, places->n, sizeof(*places->all), ranking->compare);
	r = merge(places, ranking, *memory);
	for (size_t i = 0; r == 0 && i < places->groups->n_groups; i++) {
		struct losses_rows *rows = rows_of(&places->groups->groups[i], ranking);

		if (rows->n > 0)
			qsort(rows->rows, rows->n, sizeof(*rows->rows), by_size);
	}
	return r;
}

static int rank_all(struct places *places)
{
	static const struct ranking functions = { by_function, function_row, offsetof(struct losses_group, functions) };
	static const struct ranking binaries = { by_binary, binary_row, offsetof(struct losses_group, binaries) };
	static const struct ranking services = { by_service, service_row, offsetof(struct losses_group, services) };
	struct losses_groups *groups = places->groups;
	int r;

	r = rank(places, &functions, &groups->functions);
	if (r == 0)
		r = rank(places, &binaries, &groups->binaries);
	return r < 0 ? r : rank(places, &services, &groups->services);
}

static int by_group_size(const void *a, const void *b)
{
	const struct losses_group *x = a, *y = b;

	if (size_of(x->n) != size_of(y->n))
		return size_of(x->n) < size_of(y->n) ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int make_groups(const struct profile *p, size_t value_type, classify_fn *classify, struct losses_groups *groups)
{
	_cleanup_(places_done) struct places places = {};
	int r;

	r = places_init(&places, p, groups);
	if (r == 0)
		r = put_all(&places, p, value_type, classify);
	return r < 0 ? r : rank_all(&places);
}

static void sort_groups(struct losses_groups *groups)
{
	qsort(groups->groups, groups->n_groups, sizeof(*groups->groups), by_group_size);
}

/* A reason that the ledger counts and the file has no sample of is a group too. */
static void add_counted(struct losses *l)
{
	const struct ledger *sum = &l->ledgers.sum;

	for (size_t i = 0; i < sum->n_truncated; i++) {
		size_t at = find_group(&l->truncated, sum->truncated[i].name);
		uint64_t *n = &l->truncated.groups[at].n_counted;

		if (__builtin_add_overflow(*n, sum->truncated[i].n, n))
			*n = UINT64_MAX; /* too many reasons, and these numbers: by no recorder */
	}
}

static int sum_samples(const struct profile *p, size_t value_type, int64_t *ret)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		if (__builtin_add_overflow(sum, p->samples[i].values[value_type], &sum))
			return -ERANGE;
	*ret = sum;
	return 0;
}

int losses_of(const struct profile *p, struct losses *ret)
{
	_cleanup_(losses_done) struct losses l = { .value_type = samples_type_of(p) };
	int r;

	ledgers_of(p, &l.ledgers);
	r = sum_samples(p, l.value_type, &l.n);
	if (r == 0)
		r = make_groups(p, l.value_type, is_truncated, &l.truncated);
	if (r == 0)
		r = make_groups(p, l.value_type, has_label, &l.stacks);
	if (r < 0)
		return r;
	add_counted(&l);
	sort_groups(&l.truncated);
	sort_groups(&l.stacks);
	*ret = l;
	l = (struct losses){};
	return 0;
}

static void groups_done(struct losses_groups *groups)
{
	free(groups->functions);
	free(groups->binaries);
	free(groups->services);
}

void losses_done(struct losses *l)
{
	groups_done(&l->truncated);
	groups_done(&l->stacks);
	*l = (struct losses){};
}

bool losses_match_ledger(const struct losses *l)
{
	if (l->ledgers.n == 0 || l->ledgers.n_damaged > 0 || (uint64_t)l->n != l->ledgers.sum.in_profile)
		return false;
	for (size_t i = 0; i < l->truncated.n_groups; i++)
		if ((uint64_t)l->truncated.groups[i].n != l->truncated.groups[i].n_counted)
			return false;
	return true;
}
