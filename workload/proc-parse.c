// SPDX-License-Identifier: Apache-2.0
#include "workload/proc-parse.h"

#include <string.h>
#include <sys/sysmacros.h>

#include "common/parse.h"

#define PF_KTHREAD 0x00200000

/* Fields of /proc/PID/stat behind the comm, counted from the state. */
enum stat_field {
	STAT_STATE = 0,
	STAT_PARENT = 1,
	STAT_FLAGS = 6,
	STAT_N_THREADS = 17,
	STAT_START_TICKS = 19,
	STAT_START_CODE = 23,
	STAT_START_STACK = 25,
	STAT_N_FIELDS, /* that we look at */
};

/* The comm is in brackets and may hold any byte, brackets too: it ends at the last one. */
static int take_comm(const char **p, const char *end, struct proc_stat *s)
{
	const char *open = memchr(*p, '(', (size_t)(end - *p));
	const char *close = memrchr(*p, ')', (size_t)(end - *p));
	size_t size;

	if (!open || !close || close < open)
		return -EBADMSG;
	size = (size_t)(close - open) - 1;
	if (size >= sizeof(s->comm))
		size = sizeof(s->comm) - 1; /* kernel workers show longer ones here */
	memcpy(s->comm, open + 1, size);
	s->comm[size] = 0;
	*p = close + 1;
	return 0;
}

/* The next field between spaces; several are signed, and only the caller knows which it needs. */
static int take_field(const char **p, const char *end, const char **ret, const char **ret_end)
{
	const char *s = *p;

	while (s < end && *s == ' ')
		s++;
	if (s == end || *s == '\n')
		return -EBADMSG;
	*ret = s;
	while (s < end && *s != ' ' && *s != '\n')
		s++;
	*ret_end = s;
	*p = s;
	return 0;
}

static int number_in(const char *field, const char *field_end, uint64_t *ret)
{
	if (parse_u64_at(&field, field_end, 10, ret) < 0 || field != field_end)
		return -EBADMSG;
	return 0;
}

static bool is_number(int i)
{
	return i == STAT_PARENT || i == STAT_FLAGS || i == STAT_N_THREADS || i == STAT_START_TICKS ||
	       i == STAT_START_CODE || i == STAT_START_STACK;
}

static int set_field(struct proc_stat *s, int i, const char *field, const char *field_end, uint64_t tick_ns)
{
	uint64_t number = 0;

	if (is_number(i) && number_in(field, field_end, &number) < 0)
		return -EBADMSG;
	switch (i) {
	case STAT_STATE:
		s->state = *field;
		return 0;
	case STAT_PARENT:
		s->parent = (uint32_t)number;
		return 0;
	case STAT_FLAGS:
		s->flags = (uint32_t)number;
		return 0;
	case STAT_N_THREADS:
		s->n_threads = number;
		return 0;
	case STAT_START_TICKS:
		return __builtin_mul_overflow(number, tick_ns, &s->start_ns) ||
				       __builtin_add_overflow(s->start_ns, tick_ns - 1, &s->start_max_ns)
			       ? -EBADMSG
			       : 0;
	case STAT_START_CODE:
		s->start_code = number;
		return 0;
	case STAT_START_STACK:
		s->start_stack = number;
		return 0;
	default:
		return 0;
	}
}

int proc_parse_stat(const char *text, size_t size, uint64_t tick_ns, struct proc_stat *ret)
{
	const char *p = text, *end = text + size;
	struct proc_stat s = {};
	int r;

	r = take_comm(&p, end, &s);
	if (r < 0)
		return r;
	for (int i = 0; i < STAT_N_FIELDS; i++) {
		const char *field, *field_end;

		r = take_field(&p, end, &field, &field_end);
		if (r < 0 && i > STAT_START_TICKS)
			break; /* the others can be done without */
		if (r < 0)
			return r;
		r = set_field(&s, i, field, field_end, tick_ns);
		if (r < 0)
			return r;
	}
	*ret = s;
	return 0;
}

/* What follows a key at the start of a line, up to the line's end. */
static bool find_line(const char *text, const char *end, const char *key, const char **ret, const char **ret_end)
{
	const char *line = memmem(text, (size_t)(end - text), key, strlen(key));

	if (!line)
		return false;
	*ret = line + strlen(key);
	*ret_end = memchr(*ret, '\n', (size_t)(end - *ret));
	if (!*ret_end)
		*ret_end = end;
	return true;
}

/* The last of the line's numbers, or the n-th if there are more. */
static bool number_of_line(const char *text, const char *end, const char *key, unsigned int n, uint64_t *ret)
{
	const char *at, *line_end;

	if (!find_line(text, end, key, &at, &line_end))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (parse_u64_at(&at, line_end, 10, ret) < 0)
			return false;
		if (at == line_end || *at++ != '\t')
			break;
	}
	return true;
}

static bool mask_of_line(const char *text, const char *end, const char *key, uint64_t *ret)
{
	const char *at, *line_end;

	return find_line(text, end, key, &at, &line_end) && parse_u64_at(&at, line_end, 16, ret) == 0;
}

#define FILE_SYSTEM_ID 4   /* behind the real, the effective and the saved one */
#define MOST_NAMESPACES 64 /* nested: the kernel allows 32 */

/* The comm comes first, without newlines. */
int proc_parse_status(const char *text, size_t size, struct proc_status *ret)
{
	const char *end = text + size;
	uint64_t uid, gid, pid, caught;

	if (!number_of_line(text, end, "\nUid:\t", FILE_SYSTEM_ID, &uid) || uid > UINT32_MAX ||
	    !number_of_line(text, end, "\nGid:\t", FILE_SYSTEM_ID, &gid) || gid > UINT32_MAX)
		return -EBADMSG;
	if (!number_of_line(text, end, "\nNSpid:\t", MOST_NAMESPACES, &pid) || pid == 0 || pid > INT32_MAX)
		return -EBADMSG;
	if (!mask_of_line(text, end, "\nSigCgt:\t", &caught))
		return -EBADMSG;
	*ret = (struct proc_status){
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.ns_pid = (uint32_t)pid,
		.caught_signals = caught,
	};
	return 0;
}

bool proc_stat_is_kernel_thread(const struct proc_stat *s)
{
	return s->flags & PF_KTHREAD;
}

bool proc_stat_is_over(const struct proc_stat *s)
{
	return (s->state == 'Z' || s->state == 'X') && s->n_threads <= 1;
}

/* A number that ends in a given character, which is skipped. */
static int take_number(const char **p, const char *end, unsigned int base, char behind, uint64_t *ret)
{
	if (parse_u64_at(p, end, base, ret) < 0 || *p == end || **p != behind)
		return -EBADMSG;
	(*p)++;
	return 0;
}

static int take_permissions(const char **p, const char *end, struct proc_mapping *m)
{
	if (end - *p < 5 || (*p)[4] != ' ')
		return -EBADMSG;
	m->is_executable = (*p)[2] == 'x';
	*p += 5;
	return 0;
}

static int take_device(const char **p, const char *end, struct proc_mapping *m)
{
	uint64_t major, minor;

	if (take_number(p, end, 16, ':', &major) < 0 || take_number(p, end, 16, ' ', &minor) < 0)
		return -EBADMSG;
	if (major > UINT32_MAX || minor > UINT32_MAX)
		return -EBADMSG;
	m->dev = makedev((unsigned int)major, (unsigned int)minor);
	return 0;
}

int proc_parse_mapping(const char *line, size_t size, struct proc_mapping *ret)
{
	const char *p = line, *end = line + size;
	struct proc_mapping m = {};

	if (size > 0 && end[-1] == '\n')
		end--;
	if (take_number(&p, end, 16, '-', &m.start) < 0 || take_number(&p, end, 16, ' ', &m.end) < 0 ||
	    take_permissions(&p, end, &m) < 0 || take_number(&p, end, 16, ' ', &m.file_offset) < 0 ||
	    take_device(&p, end, &m) < 0 || parse_u64_at(&p, end, 10, &m.ino) < 0)
		return -EBADMSG;
	if (m.start >= m.end)
		return -EBADMSG;
	while (p < end && *p == ' ') /* padding: no path begins with a space, they begin with / or [ */
		p++;
	m.name = p;
	m.name_size = (size_t)(end - p);
	*ret = m;
	return 0;
}

size_t proc_unescape(char *name, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		if (size - i >= 4 && memcmp(name + i, "\\012", 4) == 0) {
			name[n++] = '\n';
			i += 3;
		} else {
			name[n++] = name[i];
		}
	}
	return n;
}

static bool has_prefix(const char *s, size_t size, const char *prefix)
{
	return size >= strlen(prefix) && memcmp(s, prefix, strlen(prefix)) == 0;
}

static bool cut_suffix(const char *s, size_t *size, const char *suffix)
{
	size_t n = strlen(suffix);

	if (*size < n || memcmp(s + *size - n, suffix, n) != 0)
		return false;
	*size -= n;
	return true;
}

enum mapping_name mapping_name_classify(const char *name, size_t *size)
{
	static const struct {
		const char *prefix;
		bool is_whole;     /* nothing may follow */
		bool only_deleted; /* a file that lives may be called so, too */
		enum mapping_name kind;
	} rules[] = {
		{ "//anon", true, false, MAPPING_NAME_ANONYMOUS },        /* the sideband's word */
		{ "[anon", false, false, MAPPING_NAME_ANONYMOUS },        /* named by PR_SET_VMA */
		{ "[heap]", true, false, MAPPING_NAME_ANONYMOUS },        /* made executable by its owner */
		{ "[stack", false, false, MAPPING_NAME_ANONYMOUS },       /* the same */
		{ "/dev/zero", true, false, MAPPING_NAME_ANONYMOUS },     /* shared anonymous memory */
		{ "/SYSV", false, true, MAPPING_NAME_ANONYMOUS },         /* System V shared memory */
		{ "/anon_hugepage", true, true, MAPPING_NAME_ANONYMOUS }, /* MAP_HUGETLB */
		{ "[", false, false, MAPPING_NAME_KERNEL },
	};
	bool is_deleted = cut_suffix(name, size, " (deleted)");

	if (*size == 0)
		return MAPPING_NAME_ANONYMOUS;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		if (!has_prefix(name, *size, rules[i].prefix))
			continue;
		if (rules[i].is_whole && *size != strlen(rules[i].prefix))
			continue;
		if (rules[i].only_deleted && !is_deleted)
			continue;
		return rules[i].kind;
	}
	return is_deleted ? MAPPING_NAME_DELETED : MAPPING_NAME_FILE;
}
