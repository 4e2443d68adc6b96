/* SPDX-License-Identifier: Apache-2.0 */
/*
 * question: what somebody asks of a store over HTTP, as arguments of a query. Plain bytes of fixed layout: it travels
 * between processes as it is, and who takes it from one that is not trusted checks it again (question_is_valid()).
 * report/answer.h answers it.
 *
 *	of all    since= until= (as --since, --until) or since_ns= until_ns=; match= (several); stack= function=
 *	          library= file= category= (some frame is); domain=kernel|user
 *	hogs      by= n= vs= callers= outliers=1 min_cores=
 *	diff      by= n= normalize=, and the side before: vs=7d, or before_since= before_until= (or with _ns)
 *	          and before_match= (several); what is not said of it is as of the side after
 *	flame     by= normalize=; with a side before, as of diff, two columns
 *	timeline  by= n= (groups) points= (steps at most)
 *	labels    key= (none: the names of labels) prefix= n=
 *	export    format=pprof|folded|speedscope|svg|html by= normalize=
 *
 * Without a time it is the last hour. A time that is given as six hours or more ago is the border of an hour, where
 * merged windows begin: the answer tells what it covers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define QUESTION_MATCH_BYTES 1024 /* all with the NUL */
#define QUESTION_TEXT_BYTES 1024
#define QUESTION_FUNCTION_BYTES 2048
#define QUESTION_NAME_BYTES 256
#define QUESTION_BY_BYTES 512 /* as GROUP_KEYS_MAX_BYTES */
#define QUESTION_MAX_ROWS 1000
#define QUESTION_MAX_GROUPS 50 /* of a timeline */
#define QUESTION_MAX_CALLERS 100
#define QUESTION_MAX_POINTS 400

/* When a question is asked is told in steps of these: those who ask the same within one ask the same, to the byte. */
#define QUESTION_SECONDS_NS UINT64_C(5000000000)

enum question_kind {
	QUESTION_HOGS = 1,
	QUESTION_DIFF,
	QUESTION_FLAME,
	QUESTION_TIMELINE,
	QUESTION_LABELS,
	QUESTION_EXPORT,
	QUESTION_N_KINDS,
};

enum question_format {
	QUESTION_PPROF, /* gzip */
	QUESTION_FOLDED,
	QUESTION_SPEEDSCOPE,
	QUESTION_SVG,
	QUESTION_HTML,
	QUESTION_N_FORMATS,
};

/* Which samples: of this time, with these labels. */
struct question_side {
	int64_t since_ns, until_ns;       /* CLOCK_REALTIME; [since, until) */
	char match[QUESTION_MATCH_BYTES]; /* matchers (store/matcher.h), a newline behind each */
};

/* What is not of a kind is 0. */
struct question {
	uint32_t kind;   /* enum question_kind */
	uint32_t domain; /* enum stack_domain */
	uint32_t normalize, format;
	uint32_t n_rows, n_callers, n_points;
	uint32_t has_outliers;
	uint32_t has_before; /* 1: the side before is asked for, too */
	uint32_t given;      /* which arguments were, for question_set() */
	int64_t now_ns;      /* CLOCK_REALTIME: when it was asked, QUESTION_SECONDS_NS before at most */
	int64_t vs_ns;       /* so much earlier is the side before; 0: it is not said so */
	double min_cores;
	struct question_side side, before;
	char stack[QUESTION_TEXT_BYTES]; /* an expression; "": any */
	char function[QUESTION_FUNCTION_BYTES];
	char library[QUESTION_NAME_BYTES];
	char file[QUESTION_TEXT_BYTES];
	char category[QUESTION_NAME_BYTES];
	char by[QUESTION_BY_BYTES]; /* report/group-keys.h; "": by nothing */
	char key[QUESTION_NAME_BYTES];
	char prefix[QUESTION_NAME_BYTES];
};
_Static_assert(sizeof(struct question) == 10 * 4 + 3 * 8 + 2 * (2 * 8 + QUESTION_MATCH_BYTES) +
						  2 * QUESTION_TEXT_BYTES + QUESTION_FUNCTION_BYTES +
						  4 * QUESTION_NAME_BYTES + QUESTION_BY_BYTES,
	       "no holes");

/* Nothing is said yet. */
void question_init(struct question *q, enum question_kind kind, int64_t now_ns);

/*
 * What one argument of the query says; the value ends with a NUL behind its size, and may have others. 0, or -EINVAL
 * with the reason, which is static: an argument that is not of this kind, or given twice, or none such.
 */
_must_check_ int question_set(struct question *q, const char *key, const char *value, size_t value_size,
			      const char **ret_reason);

/* After the last argument: what was not said. 0, or -EINVAL with the reason: arguments that do not go together. */
_must_check_ int question_finish(struct question *q, const char **ret_reason);

/* As it travels: finished. Its expressions and matchers nobody has looked at yet. */
bool question_is_valid(const struct question *q);

struct buf;

/* Appends the query that asks the same of another program, as "?since_ns=..."; of a finished one that is no export. */
_must_check_ int question_add_query(const struct question *q, struct buf *ret);

/* Of the answer, for HTTP: its media type, and the name of the file for who saves it (NULL: it is no file). Static. */
const char *question_content_type(const struct question *q);
const char *question_file_name(const struct question *q);
